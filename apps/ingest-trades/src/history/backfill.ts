import { type KrakenRest, type MalformedRow, systemTimers, type Timers } from '@c1/kraken'
import { type C1Error, type EpochMicros, type Instrument, MalformedError, type MarketSymbol } from '@c1/market'
import type { TradeLog } from '../log/trade-log.ts'
import { History, isNotServed } from './history.ts'
import { HistoryLoop } from './history-loop.ts'
import type { Progress } from './history-progress.ts'
import type { Job } from './turns.ts'
import { isYetToBeServed } from './wanted-range.ts'

/** Event time of which every trade of a symbol is wanted. */
export interface BackfillRange {
  readonly instrument: Instrument
  readonly from: EpochMicros
  /** Exclusive; Infinity is up to the newest trade. */
  readonly to: number
}

export interface BackfillOptions {
  readonly trades: TradeLog
  readonly rest: KrakenRest
  /** One a symbol. */
  readonly ranges: readonly BackfillRange[]
  /** The venue's clock. */
  readonly now: () => EpochMicros
  readonly timers?: Timers
  /** The venue did not serve a page, which is asked for again. */
  readonly onTrouble: (symbol: MarketSymbol, error: Error) => void
}

export interface BackfillProgress {
  /** Of the symbols that are not done. */
  readonly symbols: readonly Progress[]
  /** Trades that were added to the log. */
  readonly trades: number
  /** 0 to 1, over all symbols. */
  readonly fraction: number
  /** Undefined while it is not known how many trades there are. */
  readonly secondsLeft: number | undefined
}

/** What came of a range. */
export interface BackfilledRange extends BackfillRange {
  /** Trades that were added to the log. */
  readonly added: number
  /** Rows that could not be read, kept as dead letters. */
  readonly rejected: number
  /** Whether every trade of it is in the log, or stated as not served; of an open end up to the newest trade. */
  readonly complete: boolean
}

const RETRY_MS = 5000
/** A venue that serves nothing for so long is given up. */
const PATIENCE_MS = 10 * 60_000

/** Whether the log has every trade of the range already: then the venue need not be asked. */
export function isFetched(
  { ledger }: Pick<TradeLog, 'ledger'>,
  symbol: MarketSymbol,
  from: EpochMicros,
  to: number,
): boolean {
  return ledger.missing(symbol, from, to).length === 0
}

/** Ranges of history into the log, several symbols at once within the one rate limit of the client. */
export class Backfill {
  readonly #options: BackfillOptions
  readonly #timers: Timers
  readonly #history: History
  readonly #rejected = new Map<MarketSymbol, number>()
  #servedAt: EpochMicros
  /** Dead letters on their way into the log. */
  #letters: Promise<void> = Promise.resolve()

  constructor(options: BackfillOptions) {
    this.#options = options
    const { now, ranges, rest, timers = systemTimers, trades } = options
    this.#timers = timers
    this.#servedAt = timers.now()
    this.#history = new History({
      rest,
      trades,
      instruments: ranges.map(({ instrument }) => instrument),
      now,
      hostNow: () => timers.now(),
      backfill: 0,
      onlyRanges: true,
      onPage: ({ symbol }, page) => this.#notePage(symbol, page.rejected),
      onRepairing: () => {},
      onRepaired: () => {},
      onUnserved: () => {},
    })
    for (const { from, instrument, to } of ranges) this.#history.want(instrument.symbol, from, to)
  }

  /**
   * Returns when the ranges are in the log, or when `signal` aborts; what is in the log then, the next run does not ask for again.
   *
   * @throws C1Error `kraken_*` when the venue refuses to serve, or serves nothing for ten minutes
   */
  async run(signal: AbortSignal): Promise<BackfilledRange[]> {
    const loop = new HistoryLoop({
      timers: this.#timers,
      next: () => {
        const job = this.#history.next()
        return job && this.#step(job, signal)
      },
      waitMs: () => this.#history.waitMs(),
      isEndless: false,
    })
    await loop.run(signal)
    return this.#options.ranges.map((range) => this.#outcome(range))
  }

  progress(): BackfillProgress {
    const symbols = this.#history.progress()
    const { ranges } = this.#options
    const left = symbols.reduce((sum, { fraction }) => sum + 1 - fraction, 0)
    return {
      symbols,
      trades: ranges.reduce((sum, { instrument }) => sum + this.#history.fetched(instrument.symbol), 0),
      fraction: 1 - left / ranges.length,
      secondsLeft: this.#history.secondsLeft(),
    }
  }

  async #step(job: Job, signal: AbortSignal): Promise<void> {
    const { instrument } = job
    try {
      await this.#history.step(job, signal)
      await this.#letters
    } catch (error) {
      if (signal.aborted) return
      if (!this.#mayPass(error)) throw error
      this.#options.onTrouble(instrument.symbol, error)
      this.#history.pause(instrument, RETRY_MS)
    }
  }

  /** The venue's troubles are waited out for a while. */
  #mayPass(error: unknown): error is C1Error {
    if (!isNotServed(error)) return false
    const isPatient = this.#timers.now() - this.#servedAt < PATIENCE_MS * 1000
    return isPatient && (error.retryable || error instanceof MalformedError)
  }

  #notePage(symbol: MarketSymbol, rejected: readonly MalformedRow[]): void {
    this.#servedAt = this.#timers.now()
    if (rejected.length === 0) return
    this.#rejected.set(symbol, (this.#rejected.get(symbol) ?? 0) + rejected.length)
    this.#letters = Promise.all([this.#letters, this.#options.trades.keepMalformed('kraken-rest', rejected)]).then(
      () => {},
    )
    this.#letters.catch(() => {})
  }

  #outcome(range: BackfillRange): BackfilledRange {
    const { now, trades } = this.#options
    const { from, instrument, to } = range
    const { symbol } = instrument
    const missing = trades.ledger.missing(symbol, from, to)
    // Up to now there is always something missing: what happens next.
    const isNow = isYetToBeServed(to, now())
    return {
      ...range,
      added: this.#history.fetched(symbol),
      rejected: this.#rejected.get(symbol) ?? 0,
      complete: missing.every((piece) => isNow && piece.to === to),
    }
  }
}
