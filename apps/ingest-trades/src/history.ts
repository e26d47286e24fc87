import { cursorAt, type KrakenRest, type TradesPage } from '@c1/kraken'
import { type EpochMicros, type Instrument, type MarketSymbol, MICROS_PER_HOUR } from '@c1/market'
import type { Hole } from './ledger.ts'
import type { TradeLog } from './trade-log.ts'

export interface HistoryOptions {
  readonly rest: KrakenRest
  readonly trades: TradeLog
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** Microseconds of history to fetch for a symbol that the log has nothing of; 0 for none. */
  readonly backfill: number
  readonly onPage: (instrument: Instrument, page: TradesPage, known: number) => void
  /** Ids that the venue leaves out of its own history although it served what is around them. */
  readonly onUnserved: (instrument: Instrument, first: number, last: number) => void
}

export interface Progress {
  readonly symbol: MarketSymbol
  /** Trades fetched from history since the start. */
  readonly trades: number
  /** 0 to 1, by time. */
  readonly fraction: number
}

interface Walk {
  readonly pages: AsyncGenerator<TradesPage, void, void>
  readonly from: EpochMicros
  trades: number
}

/**
 * What REST has to bring: the history before the first live trade, and whatever a broken connection left out.
 *
 * One page at a time, the symbols in turn, because they share one rate limit. A page only ever extends a
 * stretch of the log's trades until that meets the next one.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #walks = new Map<MarketSymbol, Walk>()
  /** First ids of the holes that the venue will not fill. */
  readonly #unserved = new Map<MarketSymbol, Set<number>>()

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /**
   * Fixes where the symbol's history begins: the whole hour `backfill` ago. A heartbeat says so in the log, before any trade
   * is in it, and so the first window is known to be complete.
   */
  async begin(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { backfill, now, rest, trades } = this.#options
    const { symbol } = instrument
    if (trades.ledger.newest(symbol) !== undefined || backfill === 0) return
    const start = (Math.floor((now() - backfill) / MICROS_PER_HOUR) * MICROS_PER_HOUR) as EpochMicros
    const page = await rest.tradesPage(instrument, cursorAt(start), signal)
    const wanted = page.trades.filter(({ eventTime }) => eventTime >= start)
    const [first] = wanted
    if (first === undefined) return
    const heartbeat = { symbol, idSpace: 'venue', eventTime: start, lastTradeId: first.tradeId - 1 } as const
    await trades.append([{ kind: 'heartbeat', heartbeat }])
    await this.#take(instrument, { ...page, trades: wanted })
    if (page.full) this.#walk(instrument, signal, start).trades += wanted.length
  }

  /** Fetches from the newest trade of the log on, for what happened while nobody was connected. */
  catchUp(instrument: Instrument, signal: AbortSignal): void {
    if (this.#options.trades.ledger.newest(instrument.symbol) !== undefined) this.#walk(instrument, signal)
  }

  /** Whether something is left to fetch for the symbol. */
  wants({ symbol }: Instrument): boolean {
    return this.#walks.has(symbol) || this.#openHole(symbol) !== undefined
  }

  /**
   * Fetches one page. False when it brought nothing: REST lags behind the live feed at times, so the hole is worth asking
   * for again a little later.
   */
  async step(instrument: Instrument, signal: AbortSignal): Promise<boolean> {
    const { symbol } = instrument
    const walk = this.#walks.get(symbol) ?? this.#walk(instrument, signal)
    const hole = this.#openHole(symbol)
    const { done, value: page } = await walk.pages.next()
    if (done === true) {
      this.#walks.delete(symbol)
      return false
    }
    await this.#take(instrument, page)
    walk.trades += page.trades.length
    if (hole !== undefined && (page.trades.at(-1)?.tradeId ?? 0) > hole.last) {
      this.#walks.delete(symbol)
      this.#checkServed(instrument, hole.first)
    }
    return page.trades.length > 0
  }

  /** A failed walk begins again from what the log holds. */
  forget({ symbol }: Instrument): void {
    this.#walks.delete(symbol)
  }

  progress(): Progress[] {
    const { now, trades } = this.#options
    return [...this.#walks].map(([symbol, walk]) => {
      const [oldest] = trades.ledger.spans(symbol, 'venue')
      const span = Math.max(now() - walk.from, 1)
      return { symbol, trades: walk.trades, fraction: Math.min(((oldest?.to ?? walk.from) - walk.from) / span, 1) }
    })
  }

  #walk(instrument: Instrument, signal: AbortSignal, from?: EpochMicros): Walk {
    const { rest, trades } = this.#options
    const { symbol } = instrument
    const after = this.#openHole(symbol)?.after ?? trades.ledger.newest(symbol)?.time ?? this.#options.now()
    const walk = { pages: rest.pages(instrument, cursorAt(after), signal), from: from ?? after, trades: 0 }
    this.#walks.set(symbol, walk)
    return walk
  }

  async #take(instrument: Instrument, page: TradesPage): Promise<void> {
    const known = await this.#options.trades.appendTrades(page.trades)
    this.#options.onPage(instrument, page, known)
  }

  /** The oldest hole that the venue may still fill: one that it does not serve keeps no other one open. */
  #openHole(symbol: MarketSymbol): Hole | undefined {
    const unserved = this.#unserved.get(symbol)
    return this.#options.trades.ledger.holes(symbol).find(({ first }) => !unserved?.has(first))
  }

  #checkServed(instrument: Instrument, first: number): void {
    const { symbol } = instrument
    const hole = this.#openHole(symbol)
    if (hole === undefined || hole.first !== first) return
    this.#unserved.set(symbol, (this.#unserved.get(symbol) ?? new Set()).add(first))
    this.#options.onUnserved(instrument, hole.first, hole.last)
  }
}
