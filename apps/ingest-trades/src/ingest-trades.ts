import {
  type FeedEvent,
  KrakenFeed,
  type KrakenRest,
  type MalformedRow,
  type OpenSocket,
  systemTimers,
  type Timers,
  type TradesPage,
  type VenueClock,
} from '@c1/kraken'
import type { EpochMicros, Instrument, MarketSymbol, Trade } from '@c1/market'
import type { Logger, Metrics } from '@c1/service'
import { Beginnings } from './history/beginnings.ts'
import { History, isNotServed } from './history/history.ts'
import { HistoryLoop } from './history/history-loop.ts'
import type { Job } from './history/turns.ts'
import type { IngestStatus, SymbolCompleteness } from './ingest-status.ts'
import { IngestTelemetry } from './ingest-telemetry.ts'
import { completenessOf } from './ledger/completeness.ts'
import { FeedStates } from './live/feed-states.ts'
import { LiveTrades } from './live/live-trades.ts'
import { Silence } from './live/silence.ts'
import type { TradeLog } from './log/trade-log.ts'

export interface IngestOptions {
  readonly trades: TradeLog
  readonly rest: KrakenRest
  readonly wsUrl: string
  readonly instruments: readonly Instrument[]
  readonly clock: VenueClock
  /** Microseconds of history at the first start. */
  readonly backfill: number
  readonly pingIntervalMs?: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly timers?: Timers
  /** How the feed connects, and its jitter; by default over the network, with the host's. */
  readonly openSocket?: OpenSocket
  readonly random?: () => number
}

const SILENCE_CHECK_MS = 500
const RETRY_MS = 5000
/** Live trades wait for the beginning of their symbol's history so long. */
const LONGEST_WAIT_MS = 10_000
/** A connection that has brought nothing of a symbol for so long has sent no snapshot: history is asked instead. */
const SNAPSHOT_WITHIN_MS = 10_000

/** Of a symbol's history. */
const NOT_BEGUN = { fraction: 0, remaining: undefined }
const FETCHED = { fraction: 1, remaining: 0 }

type OnFeedEvent = { readonly [Kind in FeedEvent['kind']]: (event: Extract<FeedEvent, { kind: Kind }>) => void }

/**
 * Kraken's live trades and its history, joined by trade id, into the trades topic.
 *
 * Live trades of a symbol that the log has nothing of wait in memory until its history has a beginning (one page), so that
 * the log begins in order; but not for long, and not many. Those that did not wait are met by the history that comes later.
 */
export class Ingest {
  readonly #options: IngestOptions
  readonly #timers: Timers
  readonly #history: History
  readonly #beginnings: Beginnings
  readonly #feed: FeedStates
  readonly #live: LiveTrades
  readonly #silence: Silence
  readonly #telemetry: IngestTelemetry
  readonly #loop: HistoryLoop
  /** What the ledger said of its holes when they were looked at last. */
  readonly #shapes = new Map<MarketSymbol, number>()
  readonly #cancels = new Set<() => void>()
  /** Ends the fetching of history. */
  #signal: AbortSignal = AbortSignal.abort()
  #fail: (error: unknown) => void = () => {}

  constructor(options: IngestOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    const { clock, instruments, trades } = options
    const unknown = instruments.filter(({ symbol }) => trades.ledger.newest(symbol) === undefined)
    this.#telemetry = new IngestTelemetry(options.metrics, options.logger)
    this.#silence = new Silence(trades.ledger)
    this.#beginnings = new Beginnings(unknown, this.#timers.now())
    this.#feed = new FeedStates({
      symbols: instruments.map(({ symbol }) => symbol),
      trades,
      now: () => clock.now(),
    })
    this.#live = new LiveTrades({
      trades,
      waiting: unknown.map(({ symbol }) => symbol),
      onWrite: (written, writing) => this.#onWrite(written, writing),
    })
    this.#history = this.#openHistory()
    this.#loop = new HistoryLoop({
      timers: this.#timers,
      next: () => this.#fetchNext(this.#signal),
      waitMs: () => this.#waitMs(),
      isEndless: true,
    })
    for (const { symbol } of instruments) this.#showHoles(symbol)
    trades.tellRefusals(this.#telemetry)
  }

  /** Returns when `signal` aborts, with everything received in the log. @throws C1Error when the log cannot be written */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    this.#signal = either
    const feed = this.#openFeed()
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    this.#feed.start()
    this.#watchSilence()
    this.#after(LONGEST_WAIT_MS, () => this.#live.releaseAll())
    try {
      feed.start()
      await Promise.race([this.#loop.run(either), failed])
    } finally {
      stop.abort()
      feed.close()
      for (const cancel of this.#cancels) cancel()
      this.#live.flush()
      this.#telemetry.countLive()
    }
    await this.#options.trades.flush()
  }

  status(): IngestStatus {
    const { instruments, rest, trades } = this.#options
    return {
      connected: this.#feed.areConnected,
      refused: [...this.#feed.refusals].map(([symbol, reason]) => ({ symbol, reason })),
      backfill: this.#history.progress(),
      backfillSecondsLeft: this.#history.secondsLeft(),
      budget: rest.budget(),
      holes: instruments.map(({ symbol }) => symbol).filter((symbol) => trades.ledger.hasHole(symbol)),
    }
  }

  /** Of every symbol. */
  completeness(): readonly SymbolCompleteness[] {
    const { instruments, trades } = this.#options
    const fetching = new Map(this.#history.progress().map((progress) => [progress.symbol, progress]))
    return instruments.map(({ symbol }) => {
      const { fraction, remaining } = this.#beginnings.isLeft(symbol) ? NOT_BEGUN : (fetching.get(symbol) ?? FETCHED)
      return {
        ...completenessOf(trades.ledger, symbol),
        holes: this.#history.holes(symbol),
        openOutages: trades.outages.of(symbol),
        backfill: fraction,
        backfillTradesLeft: remaining,
      }
    })
  }

  #openHistory(): History {
    const { backfill, clock, instruments, rest, trades } = this.#options
    return new History({
      rest,
      trades,
      instruments,
      now: () => clock.now(),
      hostNow: () => this.#timers.now(),
      backfill,
      onPage: ({ symbol }, page, known) => this.#onPage(symbol, page, known),
      onRepairing: (count) => this.#telemetry.onRepairing(count),
      onRepaired: (_, seconds) => this.#telemetry.onRepaired(seconds),
      onUnserved: (symbol, hole) => this.#telemetry.onUnserved(symbol, hole),
    })
  }

  #openFeed(): KrakenFeed {
    const { clock, instruments, openSocket, pingIntervalMs, random, wsUrl } = this.#options
    return new KrakenFeed({
      url: wsUrl,
      instruments,
      onEvent: (event) => (this.#on[event.kind] as (event: FeedEvent) => void)(event),
      timers: this.#timers,
      venueTime: clock.now(),
      ...(pingIntervalMs !== undefined && { pingIntervalMs }),
      ...(openSocket !== undefined && { openSocket }),
      ...(random !== undefined && { random }),
    })
  }

  /** What each event of the feed makes happen. */
  readonly #on: OnFeedEvent = {
    trades: ({ trades }) => this.#onTrades(trades),
    alive: ({ symbols, receivedTime }) => this.#silence.hear(symbols, receivedTime),
    clock: ({ venueTime, receivedTime }) => {
      this.#options.clock.observe(venueTime, receivedTime)
      this.#silence.observeClock(venueTime, receivedTime)
    },
    connected: ({ symbols }) => {
      this.#feed.connect(symbols)
      this.#telemetry.onConnected(symbols)
    },
    disconnected: ({ symbols, reason, lastAlive, receivedTime }) => {
      const now = this.#options.clock.now()
      this.#live.flush()
      this.#feed.disconnect(symbols, this.#silence.venueTimeAt(lastAlive ?? receivedTime, now, this.#timers.now()))
      this.#telemetry.onDisconnected(symbols, reason)
    },
    subscribed: ({ symbol }) => {
      this.#feed.confirm(symbol)
      this.#after(SNAPSHOT_WITHIN_MS, () => this.#catchUp(symbol))
    },
    refused: ({ symbol, reason }) => {
      this.#feed.refuse(symbol, reason)
      this.#telemetry.onRefused(symbol, reason)
    },
    status: ({ system }) => this.#telemetry.onVenueStatus(system),
    malformed: (row) => this.#keepMalformed('kraken-websocket', [row]),
  }

  #onTrades(trades: readonly Trade[]): void {
    let before: MarketSymbol | undefined
    for (const trade of trades) {
      this.#options.clock.observeTrade(trade.eventTime)
      this.#history.sawLive(trade)
      if (trade.symbol !== before) this.#feed.hear(trade.symbol)
      before = trade.symbol
    }
    this.#live.add(trades)
  }

  /** Live trades are on their way into the log. */
  #onWrite(written: readonly Trade[], writing: Promise<unknown>): void {
    this.#settle(writing)
    const symbols = new Set<MarketSymbol>()
    for (const trade of written) {
      this.#telemetry.noteLive(trade)
      symbols.add(trade.symbol)
    }
    for (const symbol of symbols) {
      this.#lookAtHoles(symbol)
      this.#stateRepairedOutages(symbol)
    }
  }

  #lookAtHoles(symbol: MarketSymbol): void {
    const shape = this.#options.trades.ledger.shape(symbol)
    if (this.#shapes.get(symbol) === shape) return
    this.#shapes.set(symbol, shape)
    if (this.#history.look(symbol)) this.#loop.wake()
    this.#showHoles(symbol)
  }

  /** An outage is stated as soon as its trades are all there, which only a feed that has said something can know. */
  #stateRepairedOutages(symbol: MarketSymbol): void {
    const { trades } = this.#options
    const isKnown = this.#feed.of(symbol) === 'current' && !this.#live.isWaiting(symbol)
    if (isKnown && trades.outages.of(symbol).length > 0) this.#settle(trades.stateRepairedOutages(symbol))
  }

  /** Asks history for what the log has of a symbol that the feed follows and has told nothing of. */
  #catchUp(symbol: MarketSymbol): void {
    if (!this.#feed.beginToCatchUp(symbol)) return
    this.#history.catchUp(symbol)
    this.#loop.wake()
  }

  /** Begins with what is next, repairs before beginnings before back-fill; undefined when there is nothing to begin with now. */
  #fetchNext(signal: AbortSignal): Promise<void> | undefined {
    const job = this.#history.next()
    const beginning = job?.work === 'repair' ? undefined : this.#beginnings.take(this.#timers.now())
    if (beginning !== undefined) return this.#begin(beginning, signal)
    return job && this.#step(job, signal)
  }

  /** Milliseconds until there is something to fetch again; undefined when nothing is left. */
  #waitMs(): number | undefined {
    const beginningMs = this.#beginnings.waitMs(this.#timers.now())
    const historyMs = this.#history.waitMs()
    if (beginningMs === undefined || historyMs === undefined) return beginningMs ?? historyMs
    return Math.min(beginningMs, historyMs)
  }

  async #begin(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const hasBegun = await this.#tried(instrument, signal, () => this.#history.begin(instrument, signal))
    if (!hasBegun) {
      const dueAt = (this.#timers.now() + RETRY_MS * 1000) as EpochMicros
      return this.#beginnings.failed(instrument, dueAt)
    }
    this.#beginnings.done()
    this.#live.release(instrument.symbol)
    this.#lookAtHoles(instrument.symbol)
  }

  async #step(job: Job, signal: AbortSignal): Promise<void> {
    const { instrument } = job
    const { symbol } = instrument
    const isDone = await this.#tried(instrument, signal, () => this.#history.step(job, signal))
    if (this.#feed.of(symbol) === 'catching-up') {
      if (!isDone) {
        this.#feed.failToCatchUp(symbol)
        this.#after(RETRY_MS, () => this.#catchUp(symbol))
      } else if (!this.#history.isWalking(symbol)) this.#feed.endCatchUp(symbol)
    }
    this.#showHoles(symbol)
    this.#stateRepairedOutages(symbol)
  }

  /** False when the venue did not serve it: its troubles are waited out, anything else is ours and ends the role. */
  async #tried(instrument: Instrument, signal: AbortSignal, call: () => Promise<void>): Promise<boolean> {
    try {
      await call()
      return true
    } catch (error) {
      if (signal.aborted) return false
      if (!isNotServed(error)) throw error
      this.#telemetry.onNotServed(instrument.symbol, error)
      this.#history.pause(instrument, RETRY_MS)
      return false
    }
  }

  /** Runs the task once after `ms`, unless the role ends before. */
  #after(ms: number, task: () => void): void {
    const cancel = this.#timers.after(ms, () => {
      this.#cancels.delete(cancel)
      task()
    })
    this.#cancels.add(cancel)
  }

  #watchSilence(): void {
    this.#after(SILENCE_CHECK_MS, () => {
      const { clock, trades } = this.#options
      const current = this.#feed.current().filter((symbol) => !this.#live.isWaiting(symbol))
      const heartbeats = this.#silence.due(current, clock.now(), this.#timers.now())
      if (heartbeats.length > 0) {
        this.#settle(trades.append(heartbeats.map((heartbeat) => ({ kind: 'heartbeat', heartbeat }))))
      }
      this.#telemetry.countLive()
      this.#watchSilence()
    })
  }

  /** A log that cannot be written ends the role. */
  #settle(writing: Promise<unknown>): void {
    writing.catch((error) => this.#fail(error))
  }

  #onPage(symbol: MarketSymbol, page: TradesPage, known: number): void {
    this.#telemetry.onPage(symbol, page, known)
    this.#keepMalformed('kraken-rest', page.rejected)
  }

  #keepMalformed(origin: string, rows: readonly MalformedRow[]): void {
    for (const row of rows) this.#telemetry.onDeadLetter(origin, row)
    this.#settle(this.#options.trades.keepMalformed(origin, rows))
  }

  #showHoles(symbol: MarketSymbol): void {
    this.#telemetry.showHoles(symbol, this.#history.holes(symbol).length)
  }
}
