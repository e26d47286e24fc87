/** A half-open time span `[from, to)` in microseconds since 1970; `from` may be -Infinity. */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/**
 * Consecutive trade ids that are all there, and the event time they prove: every trade of `[from, to)` is among them.
 *
 * A heartbeat makes one without ids (`last` is `first - 1`), which the trades on either side extend.
 */
export interface Span {
  readonly first: number
  last: number
  from: number
  to: number
  /** Whether candles may be made final from it: it is, or once was, the lowest. One above a hole waits until it is filled. */
  anchored: boolean
}

/**
 * Which trades of a dense sequence are there, and which stretches of event time they prove.
 *
 * `to` is the newest time in a span, so that a trade whose time goes back never takes back what was proven.
 */
export class Coverage {
  #spans: Span[]

  constructor(spans: readonly Span[] = []) {
    this.#spans = spans.map((span) => ({ ...span }))
  }

  /** Ascending, disjoint, never touching. */
  get spans(): readonly Readonly<Span>[] {
    return this.#spans
  }

  has(tradeId: number): boolean {
    const span = this.#spans[this.#indexFor(tradeId)]
    return span !== undefined && span.first <= tradeId && tradeId <= span.last
  }

  /**
   * Adds a trade that is not there yet and gives the span that now holds it.
   * Of the trades before its first one a span knows nothing, even at the same instant; before trade 1 there is none.
   */
  addTrade(tradeId: number, eventTime: number): Span {
    const below = this.#spans[this.#indexFor(tradeId - 1)]
    if (below?.last !== tradeId - 1 || tradeId >= this.limitAbove(below)) return this.#join(tradeId, eventTime)
    below.last = tradeId
    below.to = Math.max(below.to, eventTime)
    return below
  }

  #join(tradeId: number, eventTime: number): Span {
    const from = tradeId === 1 ? Number.NEGATIVE_INFINITY : eventTime + 1
    const start = this.#indexFor(tradeId - 1)
    let end = start
    while ((this.#spans[end]?.first ?? Number.POSITIVE_INFINITY) <= tradeId + 1) end++
    const touched = this.#spans.slice(start, end)
    const span: Span = {
      first: Math.min(tradeId, touched[0]?.first ?? tradeId),
      last: Math.max(tradeId, touched.at(-1)?.last ?? tradeId),
      from: Math.min(from, ...touched.map((span) => span.from)),
      to: Math.max(eventTime, ...touched.map((span) => span.to)),
      anchored: start === 0 || touched.some((span) => span.anchored),
    }
    this.#spans.splice(start, touched.length, span)
    return span
  }

  /** Every trade up to `lastTradeId` happened before `eventTime`, every later one at or after it. */
  addHeartbeat(lastTradeId: number, eventTime: number): void {
    const first = lastTradeId + 1
    const from = lastTradeId === 0 ? Number.NEGATIVE_INFINITY : eventTime
    const index = this.#indexFor(lastTradeId)
    const span = this.#spans[index]
    if (span === undefined || span.first > first) {
      this.#spans.splice(index, 0, { first, last: lastTradeId, from, to: eventTime, anchored: index === 0 })
      return
    }
    if (span.first === first) span.from = Math.min(span.from, from)
    if (span.last === lastTradeId) span.to = Math.max(span.to, eventTime)
  }

  /** The lowest id that would touch the span above, Infinity when there is none: below it a span only grows. */
  limitAbove(span: Span): number {
    const above = this.#spans[this.#spans.indexOf(span) + 1]
    return above === undefined ? Number.POSITIVE_INFINITY : above.first - 1
  }

  /** Index of the lowest span that ends at `tradeId` or later. */
  #indexFor(tradeId: number): number {
    let low = 0
    let high = this.#spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#spans[middle] as Span).last < tradeId) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The parts of `ranges` that lie in none of `known`; both ascending and disjoint. */
export function rangesBeyond(ranges: readonly TimeRange[], known: readonly TimeRange[]): TimeRange[] {
  const beyond: TimeRange[] = []
  for (const { from, to } of ranges) {
    let start = from
    for (const { from: knownFrom, to: knownTo } of known) {
      if (knownTo <= start || knownFrom >= to) continue
      if (start < knownFrom) beyond.push({ from: start, to: knownFrom })
      start = knownTo
    }
    if (start < to) beyond.push({ from: start, to })
  }
  return beyond
}
