import type { KrakenRest, TradesPage } from '@c1/kraken'
import { C1Error, type EpochMicros, type Instrument, type MarketSymbol, MICROS_PER_HOUR, type Trade } from '@c1/market'
import type { TradeLog } from '../log/trade-log.ts'
import { HistoryProgress, type Progress } from './history-progress.ts'
import type { WatchedHole } from './hole-watch.ts'
import { MissingHistory } from './missing-history.ts'
import { type Job, Turns, type Work } from './turns.ts'
import { Walks } from './walks.ts'

export interface HistoryOptions {
  readonly rest: KrakenRest
  readonly trades: TradeLog
  readonly instruments: readonly Instrument[]
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** The clock that waiting is measured with. */
  readonly hostNow: () => EpochMicros
  /** Microseconds of history to fetch for a symbol that the log has nothing of; 0 for none. */
  readonly backfill: number
  /** Only what lies in ranges that were asked for is fetched, and their ends are looked up, so that what is left is known. */
  readonly onlyRanges?: boolean
  readonly onPage: (instrument: Instrument, page: TradesPage, known: number) => void
  /** Trades of a page that fill a hole between live trades. */
  readonly onRepairing: (count: number) => void
  /** A hole between live trades is closed, with what it took in seconds of the host's clock. */
  readonly onRepaired: (symbol: MarketSymbol, seconds: number) => void
  /** Ids that are now stated in the log as not served by the venue. */
  readonly onUnserved: (symbol: MarketSymbol, hole: WatchedHole) => void
}

/**
 * What REST has to bring: the history before the first live trade, ranges that were asked for, and whatever a broken connection
 * left out.
 *
 * A page at a time, because all share one rate limit. A page only ever extends a stretch of the log's trades until that meets the
 * next one: so history, broken connections and holes are one mechanism. `MissingHistory` knows what is missing, `Turns` whose turn it
 * is, `Walks` fetch and write the pages, `HistoryProgress` tells how much is left.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #missing: MissingHistory
  readonly #turns: Turns
  readonly #progress: HistoryProgress
  readonly #walks: Walks

  constructor(options: HistoryOptions) {
    this.#options = options
    const { instruments, onlyRanges = false, rest, trades } = options
    const { ledger } = trades
    this.#missing = new MissingHistory({ ...options, ledger, onlyRanges })
    this.#turns = new Turns({ ...options, dueAt: (symbol, work) => this.#dueAt(symbol, work) })
    this.#progress = new HistoryProgress({ ...options, ledger, missing: this.#missing, budget: () => rest.budget() })
    this.#walks = new Walks({
      ...options,
      missing: this.#missing,
      progress: this.#progress,
      looksUpEnds: onlyRanges,
    })
    for (const { symbol } of instruments) {
      this.#missing.look(symbol)
      const { wantedFrom } = trades.cursors.of(symbol)
      if (!onlyRanges && wantedFrom !== undefined) this.#wantBeginning(symbol, wantedFrom)
    }
  }

  /**
   * Fixes where the symbol's history begins: the whole hour `backfill` ago. A heartbeat says so in the log, and so the first
   * window is known to be complete. Live trades of this process may be in the log already, older ones not.
   */
  async begin(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { backfill, now, trades } = this.#options
    const { symbol } = instrument
    const [known] = trades.ledger.spans(symbol, 'venue')
    const isOlder = known !== undefined && known.first < this.#missing.liveFrom(symbol)
    if (isOlder || backfill === 0) return
    const start = Math.floor((now() - backfill) / MICROS_PER_HOUR) * MICROS_PER_HOUR
    const wantedFrom = trades.cursors.of(symbol).wantedFrom ?? (start as EpochMicros)
    trades.cursors.keep(symbol, { wantedFrom })
    this.#wantBeginning(symbol, wantedFrom)
    await this.step({ instrument, work: 'backfill' }, signal)
  }

  /** Fetches from the newest trade of the log on, for what happened while nobody was connected. */
  catchUp(symbol: MarketSymbol): void {
    const newest = this.#options.trades.ledger.newest(symbol)
    if (newest !== undefined) this.want(symbol, newest.time, Number.POSITIVE_INFINITY)
  }

  /** Every trade from `from` (inclusive) to `to` (exclusive, Infinity is up to the newest) is to be fetched. */
  want(symbol: MarketSymbol, from: EpochMicros, to: number): void {
    this.#missing.want(symbol, from, to)
  }

  /** A live trade was received, which need not be in the log yet: history ends before the first one. */
  sawLive(trade: Trade): void {
    this.#missing.sawLive(trade)
  }

  /** Takes note of what live trades opened or closed. True when there is a hole. */
  look(symbol: MarketSymbol): boolean {
    this.#missing.look(symbol)
    return this.holes(symbol).length > 0
  }

  /** The holes of a symbol, oldest first. */
  holes(symbol: MarketSymbol): readonly WatchedHole[] {
    return this.#missing.holes(symbol)
  }

  /** Whether pages of the symbol are being fetched, or are to be. */
  isWalking(symbol: MarketSymbol): boolean {
    return this.#isGoingOn(symbol, 'repair') || this.#isGoingOn(symbol, 'backfill')
  }

  /** What is to be done now, besides what is under way. */
  next(): Job | undefined {
    return this.#turns.next()
  }

  /** Milliseconds until there is something to do again, besides what is under way; undefined when nothing is left. */
  waitMs(): number | undefined {
    return this.#turns.waitMs()
  }

  /** Fetches one page. When it fails for want of an answer (see `isNotServed`), `pause` is to follow. */
  async step(job: Job, signal: AbortSignal): Promise<void> {
    this.#turns.begin(job)
    try {
      await this.#walks.step(job, signal)
    } finally {
      this.#turns.end(job)
    }
  }

  /** After a failure: begins again from what the log holds, but not before `ms` milliseconds. */
  pause({ symbol }: Instrument, ms: number): void {
    this.#walks.giveUp(symbol)
    this.#turns.pause(symbol, ms)
  }

  /** Trades that history has added to the log since the start. */
  fetched(symbol: MarketSymbol): number {
    return this.#progress.fetched(symbol)
  }

  /** Of the symbols whose history is being fetched. */
  progress(): Progress[] {
    return this.#options.instruments
      .filter(({ symbol }) => this.#walks.isOpen(symbol, 'backfill') || this.#missing.isBackfillLeft(symbol))
      .map(({ symbol }) => this.#progress.of(symbol))
  }

  /** Seconds until everything before the live trades is fetched; undefined while it is not known how many trades remain. */
  secondsLeft(): number | undefined {
    return this.#progress.secondsLeft(this.progress())
  }

  /** What has to be fetched before the oldest trade of the log. */
  #wantBeginning(symbol: MarketSymbol, from: EpochMicros): void {
    const { cursors, ledger } = this.#options.trades
    const [oldest] = ledger.spans(symbol, 'venue')
    const to = oldest === undefined ? Number.POSITIVE_INFINITY : oldest.from + 1
    if (from < to && ledger.missing(symbol, from, to).length > 0) this.want(symbol, from, to)
    else cursors.keep(symbol, { wantedFrom: undefined })
  }

  /** A walk goes on, and a range begins, at once; a hole is asked for when it is due. */
  #dueAt(symbol: MarketSymbol, work: Work): number | undefined {
    return this.#isGoingOn(symbol, work) ? 0 : this.#missing.dueAt(symbol, work)
  }

  #isGoingOn(symbol: MarketSymbol, work: Work): boolean {
    const isWanted = work === 'backfill' && this.#missing.openRange(symbol) !== undefined
    return isWanted || this.#walks.isOpen(symbol, work)
  }
}

/** Whether the venue did not answer a call for history, or not with history: that may pass. Anything else is ours. */
export function isNotServed(error: unknown): error is C1Error {
  return error instanceof C1Error && /^(kraken|trades)_/.test(error.code)
}
