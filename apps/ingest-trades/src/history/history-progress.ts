import type { BudgetState } from '@c1/kraken'
import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { TradeLedger } from '../ledger/ledger.ts'
import type { MissingHistory } from './missing-history.ts'
import { TimeLeft } from './time-left.ts'

export interface Progress {
  readonly symbol: MarketSymbol
  /** Trades fetched from history since the start. */
  readonly trades: number
  /** Trades that are yet to be fetched; undefined while that is not known. */
  readonly remaining: number | undefined
  /** 0 to 1: by trades, or by time while it is not known how many remain. */
  readonly fraction: number
}

export interface HistoryProgressOptions {
  readonly ledger: TradeLedger
  readonly missing: MissingHistory
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** The clock that waiting is measured with. */
  readonly hostNow: () => EpochMicros
  /** Of the calls to the venue's REST interface. */
  readonly budget: () => BudgetState
}

type NewestTrade = NonNullable<ReturnType<TradeLedger['newest']>>

interface Begun {
  /** Where in event time the first walk began. */
  readonly from: EpochMicros
  trades: number
}

/** How much of the history of each symbol is fetched, and how long the rest takes. */
export class HistoryProgress {
  readonly #options: HistoryProgressOptions
  readonly #timeLeft = new TimeLeft()
  readonly #begun = new Map<MarketSymbol, Begun>()

  constructor(options: HistoryProgressOptions) {
    this.#options = options
  }

  /** A walk begins at `from`; only the first one of a symbol counts. */
  begin(symbol: MarketSymbol, from: EpochMicros): void {
    if (!this.#begun.has(symbol)) this.#begun.set(symbol, { from, trades: 0 })
  }

  /** A page was fetched. */
  notePage(): void {
    const { budget, hostNow } = this.#options
    this.#timeLeft.notePage(hostNow(), budget())
  }

  /** Trades were added to the log that it did not have. */
  noteAdded(symbol: MarketSymbol, trades: number): void {
    const begun = this.#begun.get(symbol)
    if (begun !== undefined) begun.trades += trades
  }

  /** Trades that were added to the log since the first walk began. */
  fetched(symbol: MarketSymbol): number {
    return this.#begun.get(symbol)?.trades ?? 0
  }

  of(symbol: MarketSymbol): Progress {
    const trades = this.fetched(symbol)
    const remaining = this.#remaining(symbol)
    const byTrades = remaining === undefined ? undefined : trades / Math.max(trades + remaining, 1)
    const fraction = byTrades ?? this.#fractionOfTime(symbol)
    return { symbol, trades, remaining, fraction: Math.min(Math.max(fraction, 0), 1) }
  }

  /** Seconds; undefined while it is not known how many trades remain. */
  secondsLeft(progress: readonly Progress[]): number | undefined {
    return this.#timeLeft.seconds(progress, this.#options.budget())
  }

  #fractionOfTime(symbol: MarketSymbol): number {
    const { ledger, now } = this.#options
    const [oldest] = ledger.spans(symbol, 'venue')
    const from = this.#begun.get(symbol)?.from ?? oldest?.from ?? now()
    return ((oldest?.to ?? from) - from) / Math.max(now() - from, 1)
  }

  /** Ids between what was reached and where history ends that the log does not hold. */
  #remaining(symbol: MarketSymbol): number | undefined {
    const { ledger, missing } = this.#options
    const range = missing.openRange(symbol)
    const newest = ledger.newest(symbol)
    const isBegun = range === undefined || missing.firstMissing(symbol, range)?.from !== range.from
    const lastId = newest && this.#lastId(symbol, newest)
    if (newest === undefined || lastId === undefined || !isBegun) return undefined
    const inside = missing
      .holesOf(symbol, 'backfill')
      .filter(({ before }) => before > (range?.from ?? 0))
      .reduce((count, { first, last }) => count + Math.max(0, Math.min(last, lastId) - first + 1), 0)
    return inside + Math.max(0, lastId - newest.id)
  }

  /** The last id that history is to bring: that of the range, or the one before the live trades; undefined while it is not known. */
  #lastId(symbol: MarketSymbol, newest: NewestTrade): number | undefined {
    const { missing } = this.#options
    const range = missing.openRange(symbol)
    const isReached = range === undefined || newest.time >= range.to
    const liveFrom = missing.liveFrom(symbol)
    const beforeLive = liveFrom === Number.POSITIVE_INFINITY ? undefined : Math.max(liveFrom - 1, newest.id)
    return range?.end.lastId ?? (isReached ? newest.id : beforeLive)
  }
}
