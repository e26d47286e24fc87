import { addRange, hasId, type IdRange, type IdRanges, NO_IDS, withoutRange } from '@c1/market'

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

/** Ids that the venue does not serve: their trades happened from `from` to `to`, the times of the trades around them. */
export interface CoverageException extends IdRange, TimeRange {
  /** Those of its ids that have not come all the same; never empty. */
  readonly missing: IdRanges
}

/**
 * Which trades of a dense sequence are there, and which stretches of event time they prove.
 *
 * `to` is the newest time in a span, so that a trade whose time goes back never takes back what was proven. A stated exception
 * closes a hole like the trades themselves, but the time that they happened in is not complete until all of them have come.
 */
export class Coverage {
  #spans: Span[]
  #exceptions: readonly CoverageException[]

  constructor(spans: readonly Span[] = [], exceptions: readonly CoverageException[] = []) {
    this.#spans = spans.map((span) => ({ ...span }))
    this.#exceptions = exceptions
  }

  /** Ascending, disjoint, never touching. */
  get spans(): readonly Readonly<Span>[] {
    return this.#spans
  }

  /** In the order in which they were stated. */
  get exceptions(): readonly CoverageException[] {
    return this.#exceptions
  }

  has(tradeId: number): boolean {
    return this.#isCovered(tradeId) && !this.#exceptions.some(({ missing }) => hasId(missing, tradeId))
  }

  /** Whether a trade of the half-open time span may be among those that the venue does not serve. */
  lacks({ from, to }: TimeRange): boolean {
    return this.#exceptions.some((exception) => exception.from < to && exception.to >= from)
  }

  /**
   * Adds a trade that is not there yet and gives the span that now holds it.
   * Of the trades before its first one a span knows nothing, even at the same instant; before trade 1 there is none.
   */
  addTrade(tradeId: number, eventTime: number): Span {
    const below = this.#spans[this.#indexFor(tradeId - 1)]
    if (below?.last !== tradeId - 1 || tradeId >= this.limitAbove(below)) {
      if (this.#exceptions.length > 0) this.#resolve(tradeId)
      return this.#join({ first: tradeId, last: tradeId }, eventTime, eventTime)
    }
    below.last = tradeId
    below.to = Math.max(below.to, eventTime)
    return below
  }

  /**
   * The trades with the ids of `ids` are not served; they happened from `from` to `to`. False when all of them are there, or
   * the same was said before.
   */
  addException({ first, last }: IdRange, { from, to }: TimeRange): boolean {
    const missing = this.#missingOf({ first, last })
    const isKnown = this.#exceptions.some(
      (known) => known.first === first && known.last === last && known.from === from && known.to === to,
    )
    if (missing.length === 0 || isKnown) return false
    this.#exceptions = [...this.#exceptions, { first, last, from, to, missing }]
    this.#join({ first, last }, from, to)
    return true
  }

  /** The ids of a range of which no trade is there. */
  #missingOf(ids: IdRange): IdRanges {
    const uncovered = this.#spans.reduce<IdRanges>(withoutRange, [ids])
    const excepted = this.#exceptions.flatMap(({ missing }) => missing).reduce(addRange, NO_IDS)
    const outside = [
      { first: Number.NEGATIVE_INFINITY, last: ids.first - 1 },
      { first: ids.last + 1, last: Number.POSITIVE_INFINITY },
    ]
    return outside.reduce<IdRanges>(withoutRange, excepted).reduce(addRange, uncovered)
  }

  /** An excepted trade came all the same. */
  #resolve(tradeId: number): void {
    const one = { first: tradeId, last: tradeId }
    this.#exceptions = this.#exceptions
      .map((exception) => ({ ...exception, missing: withoutRange(exception.missing, one) }))
      .filter(({ missing }) => missing.length > 0)
  }

  /** Of trades before the time `from` the ids know nothing, nor of other ones at that instant. */
  #join(ids: IdRange, from: number, to: number): Span {
    const start = this.#indexFor(ids.first - 1)
    let end = start
    while ((this.#spans[end]?.first ?? Number.POSITIVE_INFINITY) <= ids.last + 1) end++
    const touched = this.#spans.slice(start, end)
    const span: Span = {
      first: Math.min(ids.first, touched[0]?.first ?? ids.first),
      last: Math.max(ids.last, touched.at(-1)?.last ?? ids.last),
      from: Math.min(ids.first === 1 ? Number.NEGATIVE_INFINITY : from + 1, ...touched.map((span) => span.from)),
      to: Math.max(to, ...touched.map((span) => span.to)),
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

  #isCovered(tradeId: number): boolean {
    const span = this.#spans[this.#indexFor(tradeId)]
    return span !== undefined && span.first <= tradeId && tradeId <= span.last
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

/** The parts of `ranges` that lie in none of `known`, ascending and disjoint. Times that go back let both overlap, in any order. */
export function rangesBeyond(ranges: readonly TimeRange[], known: readonly TimeRange[]): TimeRange[] {
  const before = disjoint(known)
  const beyond: TimeRange[] = []
  for (const { from, to } of disjoint(ranges)) {
    let start = from
    for (const { from: knownFrom, to: knownTo } of before) {
      if (knownTo <= start || knownFrom >= to) continue
      if (start < knownFrom) beyond.push({ from: start, to: knownFrom })
      start = knownTo
    }
    if (start < to) beyond.push({ from: start, to })
  }
  return beyond
}

/** The same time in ranges that ascend and do not touch. */
function disjoint(ranges: readonly TimeRange[]): readonly TimeRange[] {
  if (ranges.length < 2) return ranges
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}
