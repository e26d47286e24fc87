import {
  type EpochMicros,
  type IdSpace,
  InvariantError,
  type MarketMessage,
  type MarketSymbol,
  type Trade,
} from '@c1/market'

/** A stretch of consecutive trade ids that are in the log, with the times of its first and last trade. */
export interface LedgerSpan {
  first: number
  last: number
  from: EpochMicros
  to: EpochMicros
}

/** Ids that are missing between two spans. */
export interface Hole {
  readonly first: number
  readonly last: number
  /** Time of the trade before the hole: its trades happened at or after it. */
  readonly after: EpochMicros
}

type Spans = LedgerSpan[]

/**
 * Which trades the log holds, per symbol and id space: what makes a duplicate known at any age, and a hole visible.
 *
 * It is derived from the log by `observe` and can always be rebuilt from it.
 */
export class TradeLedger {
  readonly #spans = new Map<string, Spans>()

  /** Adds a trade. False when the log has it already. */
  add(trade: Trade): boolean {
    const spans = this.#of(trade.symbol, trade.idSpace)
    const newest = spans.at(-1)
    if (newest !== undefined && trade.tradeId === newest.last + 1) {
      newest.last = trade.tradeId
      newest.to = trade.eventTime
      return true
    }
    return insert(spans, trade)
  }

  observe(message: MarketMessage): void {
    if (message.kind === 'trade') this.add(message.trade)
  }

  spans(symbol: MarketSymbol, idSpace: IdSpace): readonly Readonly<LedgerSpan>[] {
    return this.#of(symbol, idSpace)
  }

  /** The holes between the venue's ids of a symbol, oldest first. */
  holes(symbol: MarketSymbol): readonly Hole[] {
    const spans = this.#of(symbol, 'venue')
    return spans.slice(1).map((after, at) => {
      const before = spans[at] as LedgerSpan
      return { first: before.last + 1, last: after.first - 1, after: before.to }
    })
  }

  hasHole(symbol: MarketSymbol): boolean {
    return this.#of(symbol, 'venue').length > 1
  }

  /** The symbols that it has trades of, sorted. */
  symbols(): MarketSymbol[] {
    const traded = [...this.#spans].filter(([, spans]) => spans.length > 0)
    return [...new Set(traded.map(([key]) => key.split(' ')[0] as MarketSymbol))].sort()
  }

  /** The newest trade of the venue, by id. */
  newest(symbol: MarketSymbol): { readonly id: number; readonly time: EpochMicros } | undefined {
    const span = this.#of(symbol, 'venue').at(-1)
    return span && { id: span.last, time: span.to }
  }

  /** Spans of the symbol in every id space but `except`. */
  others(symbol: MarketSymbol, except: IdSpace): readonly Readonly<LedgerSpan>[] {
    const prefix = `${symbol} `
    const keys = [...this.#spans.keys()].filter((key) => key.startsWith(prefix) && key !== prefix + except)
    return keys.flatMap((key) => this.#spans.get(key) ?? [])
  }

  toJSON(): unknown {
    return [...this.#spans]
  }

  static restore(json: unknown): TradeLedger {
    if (!Array.isArray(json)) throw new InvariantError('ledger_malformed', 'The stored ledger is not a list of spans.')
    const ledger = new TradeLedger()
    for (const [key, spans] of json as [string, Spans][]) ledger.#spans.set(key, spans)
    return ledger
  }

  #of(symbol: MarketSymbol, idSpace: IdSpace): Spans {
    const key = `${symbol} ${idSpace}`
    const spans = this.#spans.get(key) ?? []
    this.#spans.set(key, spans)
    return spans
  }
}

function insert(spans: Spans, { tradeId, eventTime }: Trade): boolean {
  const above = spans.findIndex(({ first }) => first > tradeId)
  const index = above === -1 ? spans.length : above
  const below = spans[index - 1]
  if (below !== undefined && tradeId <= below.last) return false
  const span = { first: tradeId, last: tradeId, from: eventTime, to: eventTime }
  const joinsBelow = below?.last === tradeId - 1
  const next = spans[index]
  const joinsAbove = next?.first === tradeId + 1
  if (joinsBelow && below !== undefined) Object.assign(span, { first: below.first, from: below.from })
  if (joinsAbove && next !== undefined) Object.assign(span, { last: next.last, to: next.to })
  spans.splice(index - (joinsBelow ? 1 : 0), (joinsBelow ? 1 : 0) + (joinsAbove ? 1 : 0), span)
  return true
}
