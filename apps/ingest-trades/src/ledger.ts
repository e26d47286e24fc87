import {
  type EpochMicros,
  hasId,
  type IdRange,
  type IdSpace,
  InvariantError,
  type MarketMessage,
  type MarketSymbol,
  type Outage,
  type Trade,
  unservedIds,
  withoutRange,
} from '@c1/market'

/** A stretch of consecutive trade ids that are in the log or stated as exceptions, with the times of its first and last trade. */
export interface LedgerSpan {
  first: number
  last: number
  from: EpochMicros
  to: EpochMicros
}

/** Ids that are missing between two spans. */
export interface Hole extends IdRange {
  /** Time of the trade before the hole: its trades happened at or after it. */
  readonly after: EpochMicros
  /** Time of the trade after the hole. */
  readonly before: EpochMicros
}

/** Ids that the venue does not serve, between the times of the trades around them. */
export type LedgerException = Readonly<LedgerSpan>

type Spans = LedgerSpan[]

/** What is known of one symbol in one id space. */
interface Sequence {
  /** Ascending, disjoint, never touching. */
  readonly spans: Spans
  /** Parts of the spans, ascending and disjoint. */
  exceptions: readonly LedgerException[]
}

/**
 * Which trades the log holds, per symbol and id space: what makes a duplicate known at any age, and a hole visible.
 *
 * Ids that are stated as not served are no hole any more; a trade of such an id is not known, and is taken when it comes.
 * The ledger is derived from the log by `observe` and can always be rebuilt from it.
 */
export class TradeLedger {
  readonly #sequences = new Map<string, Sequence>()

  /** Takes note of a message. False when the log has the trade already, or a trade of every id that an outage states. */
  observe(message: MarketMessage): boolean {
    if (message.kind === 'trade') return this.add(message.trade)
    if (message.kind === 'outage') return this.#addOutage(message.outage)
    return true
  }

  /** Adds a trade. False when the log has it already. */
  add(trade: Trade): boolean {
    const sequence = this.#of(trade.symbol, trade.idSpace)
    const { spans } = sequence
    const newest = spans.at(-1)
    if (newest !== undefined && trade.tradeId === newest.last + 1) {
      newest.last = trade.tradeId
      newest.to = trade.eventTime
      return true
    }
    const { tradeId, eventTime } = trade
    const one = { first: tradeId, last: tradeId }
    return takeExcepted(sequence, one) || insert(spans, { ...one, from: eventTime, to: eventTime })
  }

  spans(symbol: MarketSymbol, idSpace: IdSpace): readonly Readonly<LedgerSpan>[] {
    return this.#of(symbol, idSpace).spans
  }

  /** The holes between the venue's ids of a symbol, oldest first. */
  holes(symbol: MarketSymbol): readonly Hole[] {
    const { spans } = this.#of(symbol, 'venue')
    return spans.slice(1).map((after, at) => {
      const before = spans[at] as LedgerSpan
      return { first: before.last + 1, last: after.first - 1, after: before.to, before: after.from }
    })
  }

  hasHole(symbol: MarketSymbol): boolean {
    return this.#of(symbol, 'venue').spans.length > 1
  }

  /** The ids that the venue does not serve, as the log states them, oldest first. */
  exceptions(symbol: MarketSymbol): readonly LedgerException[] {
    return this.#of(symbol, 'venue').exceptions
  }

  /** The symbols that it has trades of, sorted. */
  symbols(): MarketSymbol[] {
    const traded = [...this.#sequences].filter(([, { spans }]) => spans.length > 0)
    return [...new Set(traded.map(([key]) => key.split(' ')[0] as MarketSymbol))].sort()
  }

  /** The newest trade of the venue, by id. */
  newest(symbol: MarketSymbol): { readonly id: number; readonly time: EpochMicros } | undefined {
    const span = this.#of(symbol, 'venue').spans.at(-1)
    return span && { id: span.last, time: span.to }
  }

  /** Spans of the symbol in every id space but `except`. */
  others(symbol: MarketSymbol, except: IdSpace): readonly Readonly<LedgerSpan>[] {
    const prefix = `${symbol} `
    const keys = [...this.#sequences.keys()].filter((key) => key.startsWith(prefix) && key !== prefix + except)
    return keys.flatMap((key) => this.#sequences.get(key)?.spans ?? [])
  }

  toJSON(): unknown {
    return [...this.#sequences].map(([key, { exceptions, spans }]) =>
      exceptions.length === 0 ? [key, spans] : [key, spans, exceptions],
    )
  }

  static restore(json: unknown): TradeLedger {
    if (!Array.isArray(json)) throw new InvariantError('ledger_malformed', 'The stored ledger is not a list of spans.')
    const ledger = new TradeLedger()
    for (const [key, spans, exceptions = []] of json as [string, Spans, LedgerException[]?][]) {
      ledger.#sequences.set(key, { spans, exceptions })
    }
    return ledger
  }

  #addOutage(outage: Outage): boolean {
    const ids = unservedIds(outage)
    if (ids === undefined) return true
    const { from, to } = outage
    const sequence = this.#of(outage.symbol, 'venue')
    const missing = sequence.spans.reduce(withoutRange, [ids])
    for (const range of missing) insert(sequence.spans, { ...range, from, to })
    const added = missing.map((range) => ({ ...range, from, to }))
    sequence.exceptions = [...sequence.exceptions, ...added].sort((a, b) => a.first - b.first)
    return missing.length > 0
  }

  #of(symbol: MarketSymbol, idSpace: IdSpace): Sequence {
    const key = `${symbol} ${idSpace}`
    const sequence = this.#sequences.get(key) ?? { spans: [], exceptions: [] }
    this.#sequences.set(key, sequence)
    return sequence
  }
}

/** Takes the id out of the exceptions. False when it is in none. */
function takeExcepted(sequence: Sequence, one: IdRange): boolean {
  if (!hasId(sequence.exceptions, one.first)) return false
  sequence.exceptions = sequence.exceptions.flatMap(({ from, to, ...ids }) =>
    withoutRange([ids], one).map((left) => ({ ...left, from, to })),
  )
  return true
}

/** Adds ids that overlap no span. False for a single id that is in one. */
function insert(spans: Spans, added: LedgerSpan): boolean {
  const above = spans.findIndex(({ first }) => first > added.first)
  const index = above === -1 ? spans.length : above
  const below = spans[index - 1]
  if (below !== undefined && added.first <= below.last) return false
  const span = { ...added }
  const joinsBelow = below?.last === added.first - 1
  const next = spans[index]
  const joinsAbove = next?.first === added.last + 1
  if (joinsBelow && below !== undefined) Object.assign(span, { first: below.first, from: below.from })
  if (joinsAbove && next !== undefined) Object.assign(span, { last: next.last, to: next.to })
  spans.splice(index - (joinsBelow ? 1 : 0), (joinsBelow ? 1 : 0) + (joinsAbove ? 1 : 0), span)
  return true
}
