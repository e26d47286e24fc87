import type { MarketSymbol, Trade } from '@c1/market'
import type { TradeLog } from '../log/trade-log.ts'

/** So many trades of all symbols together wait for the beginnings of their histories. */
const MOST_WAITING = 50_000

export interface LiveTradesOptions {
  readonly trades: TradeLog
  /** Symbols whose trades wait until `release`. */
  readonly waiting: readonly MarketSymbol[]
  /** Trades are in the ledger, and on their way into the log. */
  readonly onWrite: (written: readonly Trade[], writing: Promise<unknown>) => void
}

/** The feed's trades on their way into the log. What arrives in one turn of the event loop is written together. */
export class LiveTrades {
  readonly #options: LiveTradesOptions
  readonly #waiting: Map<MarketSymbol, Trade[]>
  #waitingCount = 0
  /** Of this turn, to be written at its end. */
  #arrived: Trade[] = []

  constructor(options: LiveTradesOptions) {
    this.#options = options
    this.#waiting = new Map(options.waiting.map((symbol) => [symbol, []]))
  }

  add(trades: readonly Trade[]): void {
    for (const trade of trades) {
      const waiting = this.#waiting.get(trade.symbol)
      if (waiting === undefined) this.#arrive(trade)
      else {
        waiting.push(trade)
        this.#waitingCount += 1
      }
    }
    if (this.#waitingCount > MOST_WAITING) this.releaseAll()
  }

  isWaiting(symbol: MarketSymbol): boolean {
    return this.#waiting.has(symbol)
  }

  /** Trades of the symbol wait no longer, nor from now on. */
  release(symbol: MarketSymbol): void {
    const waiting = this.#waiting.get(symbol) ?? []
    this.#waiting.delete(symbol)
    this.#waitingCount -= waiting.length
    this.#write(waiting)
  }

  /** No trade waits any longer, nor from now on. */
  releaseAll(): void {
    const waiting = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    this.#waitingCount = 0
    this.#write(waiting)
  }

  /** Writes what arrived in this turn so far. */
  flush(): void {
    const arrived = this.#arrived
    this.#arrived = []
    this.#write(arrived)
  }

  #arrive(trade: Trade): void {
    if (this.#arrived.length === 0) queueMicrotask(() => this.flush())
    this.#arrived.push(trade)
  }

  #write(arrived: readonly Trade[]): void {
    if (arrived.length === 0) return
    const { onWrite, trades } = this.#options
    // What a snapshot repeats from before the symbol's history began is not part of it.
    const wanted = arrived.filter(
      ({ symbol, tradeId }) => tradeId >= (trades.ledger.spans(symbol, 'venue')[0]?.first ?? 0),
    )
    onWrite(arrived, wanted.length > 0 ? trades.appendTrades(wanted, 'live') : Promise.resolve())
  }
}
