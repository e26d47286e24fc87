import type { DeadLetter } from '@c1/event-log'
import {
  type BudgetState,
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
import { C1Error, type EpochMicros, formatTime, type Instrument, type MarketSymbol, type Trade } from '@c1/market'
import type { Logger, Metrics } from '@c1/service'
import { type Completeness, completenessOf } from './completeness.ts'
import { History } from './history.ts'
import { HistoryLoop } from './history-loop.ts'
import type { Progress } from './history-progress.ts'
import type { WatchedHole } from './hole-watch.ts'
import type { OpenOutage } from './open-outages.ts'
import { Silence } from './silence.ts'
import { TRADE_LOG, type TradeLog } from './trade-log.ts'
import type { Job } from './turns.ts'

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

export interface IngestStatus {
  /** Every symbol's connection to the feed is open. */
  readonly connected: boolean
  /** Symbols that the venue refuses, with its words. */
  readonly refused: readonly { readonly symbol: MarketSymbol; readonly reason: string }[]
  /** Symbols whose history is being fetched. */
  readonly backfill: readonly Progress[]
  /** Seconds until all of it is fetched; undefined while that is not known. */
  readonly backfillSecondsLeft: number | undefined
  /** Of the calls to the venue's REST interface. */
  readonly budget: BudgetState
  /** Symbols with ids missing between the first and the last trade of the log. */
  readonly holes: readonly MarketSymbol[]
}

/** What the log has of a symbol, and what this process knows besides. */
export interface SymbolCompleteness extends Completeness {
  readonly holes: readonly WatchedHole[]
  /** Outages that last, or whose trades are not all there yet. */
  readonly openOutages: readonly OpenOutage[]
  /** How much of the history is fetched, 0 to 1. */
  readonly backfill: number
  /** Trades of the history that are yet to be fetched; undefined while that is not known. */
  readonly backfillTradesLeft: number | undefined
}

const SILENCE_CHECK_MS = 500
const RETRY_MS = 5000
/** Live trades wait for the beginning of their symbol's history so long, and so many of all symbols together. */
const LONGEST_WAIT_MS = 10_000
const MOST_WAITING = 50_000
/** A connection that has brought nothing of a symbol for so long has sent no snapshot: history is asked instead. */
const SNAPSHOT_WITHIN_MS = 10_000
/** Beginnings of histories that are asked for at a time. */
const MOST_BEGINNING = 4
/** Seconds. */
const REPAIR_BUCKETS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800]

/** A symbol that the log has nothing of: its history is to get a beginning. */
interface Beginning {
  readonly instrument: Instrument
  /** Not before this time of the host's clock. */
  readonly dueAt: EpochMicros
}

/**
 * Kraken's live trades and its history, joined by trade id, into the trades topic.
 *
 * Live trades of a symbol that the log has nothing of wait in memory until its history has a beginning (one page), so that
 * the log begins in order; but not for long, and not many. Those that did not wait are met by the history that comes later.
 * What arrives in one turn of the event loop is written together.
 */
export class Ingest {
  readonly #options: IngestOptions
  readonly #timers: Timers
  readonly #history: History
  readonly #silence: Silence
  readonly #metrics: IngestMetrics
  readonly #instruments: ReadonlyMap<MarketSymbol, Instrument>
  /** In the order in which they are asked for. */
  #beginnings: readonly Beginning[]
  /** How many are under way. */
  #beginning = 0
  readonly #waiting = new Map<MarketSymbol, Trade[]>()
  #waitingCount = 0
  /** Live trades of this turn, to be written at its end. */
  #arrived: Trade[] = []
  /** Trades received since the last look of the metrics. */
  readonly #received = new Map<MarketSymbol, number>()
  /** Holes of the ledger when they were looked at last. */
  readonly #shapes = new Map<MarketSymbol, number>()
  /** Symbols of which this connection has delivered something: from then on silence means no trades. */
  readonly #current = new Set<MarketSymbol>()
  /** Symbols of which history tells instead of a snapshot what was missed. */
  readonly #catchingUp = new Set<MarketSymbol>()
  readonly #refused = new Map<MarketSymbol, string>()
  /** Symbols that the venue has confirmed on this connection: what happens from then on is told. */
  readonly #subscribed = new Set<MarketSymbol>()
  /** Symbols whose connection is open. */
  readonly #connected = new Set<MarketSymbol>()
  readonly #cancels = new Set<() => void>()
  readonly #loop: HistoryLoop
  /** Ends the fetching of history. */
  #signal: AbortSignal = AbortSignal.abort()
  #fail: (error: unknown) => void = () => {}

  constructor(options: IngestOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#silence = new Silence(options.trades.ledger)
    this.#metrics = ingestMetrics(options.metrics)
    const { ledger } = options.trades
    this.#instruments = new Map(options.instruments.map((instrument) => [instrument.symbol, instrument]))
    const unknown = options.instruments.filter(({ symbol }) => ledger.newest(symbol) === undefined)
    this.#beginnings = unknown.map((instrument) => ({ instrument, dueAt: this.#timers.now() }))
    for (const { symbol } of unknown) this.#waiting.set(symbol, [])
    this.#history = new History({
      rest: options.rest,
      trades: options.trades,
      instruments: options.instruments,
      now: () => options.clock.now(),
      hostNow: () => this.#timers.now(),
      backfill: options.backfill,
      onPage: (instrument, page, known) => this.#countPage(instrument, page, known),
      onRepairing: (count) => this.#metrics.repaired.inc(count),
      onRepaired: (_, seconds) => this.#metrics.repairSeconds.observe(seconds),
      onUnserved: (symbol, hole) => this.#tellUnserved(symbol, hole),
    })
    this.#loop = new HistoryLoop({
      timers: this.#timers,
      next: () => this.#fetchNext(this.#signal),
      waitMs: () => this.#waitMs(),
      isEndless: true,
    })
    for (const { symbol } of options.instruments) this.#showHoles(symbol)
    options.trades.tellRefusals({
      onDuplicate: () => this.#metrics.duplicates.inc(),
      onContradiction: (stored, received) => this.#onContradiction(stored, received),
      onImplausible: (trade, reason) => this.#onImplausible(trade, reason),
    })
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
    this.#beginOutages()
    this.#watchSilence()
    this.#after(LONGEST_WAIT_MS, () => this.#waitNoMore())
    try {
      feed.start()
      await Promise.race([this.#loop.run(either), failed])
    } finally {
      stop.abort()
      feed.close()
      for (const cancel of this.#cancels) cancel()
      this.#writeArrived()
      this.#countReceived()
    }
  }

  status(): IngestStatus {
    const { instruments, rest, trades } = this.#options
    const symbols = instruments.map(({ symbol }) => symbol)
    return {
      connected: symbols.every((symbol) => this.#connected.has(symbol)),
      refused: [...this.#refused].map(([symbol, reason]) => ({ symbol, reason })),
      backfill: this.#history.progress(),
      backfillSecondsLeft: this.#history.secondsLeft(),
      budget: rest.budget(),
      holes: symbols.filter((symbol) => trades.ledger.hasHole(symbol)),
    }
  }

  /** Of every symbol. */
  completeness(): readonly SymbolCompleteness[] {
    const { instruments, trades } = this.#options
    const fetching = new Map(this.#history.progress().map((progress) => [progress.symbol, progress]))
    const beginning = new Set(this.#beginnings.map(({ instrument }) => instrument.symbol))
    return instruments.map(({ symbol }) => ({
      ...completenessOf(trades.ledger, symbol),
      holes: this.#history.holes(symbol),
      openOutages: trades.outages.of(symbol),
      backfill: beginning.has(symbol) ? 0 : (fetching.get(symbol)?.fraction ?? 1),
      backfillTradesLeft: beginning.has(symbol)
        ? undefined
        : fetching.has(symbol)
          ? fetching.get(symbol)?.remaining
          : 0,
    }))
  }

  #openFeed(): KrakenFeed {
    const { clock, instruments, openSocket, pingIntervalMs, random, wsUrl } = this.#options
    return new KrakenFeed({
      url: wsUrl,
      instruments,
      onEvent: (event) => this.#onEvent(event),
      timers: this.#timers,
      venueTime: clock.now(),
      ...(pingIntervalMs !== undefined && { pingIntervalMs }),
      ...(openSocket !== undefined && { openSocket }),
      ...(random !== undefined && { random }),
    })
  }

  #onEvent(event: FeedEvent): void {
    const { clock, logger } = this.#options
    switch (event.kind) {
      case 'trades':
        this.#onTrades(event.trades)
        break
      case 'alive':
        this.#silence.hear(event.symbols, event.receivedTime)
        break
      case 'clock':
        clock.observe(event.venueTime, event.receivedTime)
        this.#silence.observeClock(event.venueTime, event.receivedTime)
        break
      case 'connected':
        for (const symbol of event.symbols) this.#connected.add(symbol)
        logger.info({ symbols: event.symbols.length }, 'connected to the feed')
        break
      case 'disconnected':
        this.#onDisconnected(event)
        break
      case 'subscribed':
        this.#onSubscribed(event.symbol)
        break
      case 'refused':
        this.#onRefused(event)
        break
      case 'status':
        logger.info({ system: event.system }, 'status of the venue')
        break
      case 'malformed':
        this.#keepDeadLetter('kraken-websocket', event)
        break
    }
  }

  #onSubscribed(symbol: MarketSymbol): void {
    this.#refused.delete(symbol)
    this.#subscribed.add(symbol)
    this.#endOutage(symbol)
    this.#after(SNAPSHOT_WITHIN_MS, () => this.#catchUp(symbol))
  }

  /** What it was told before, it is not told any more: over a maintenance the venue may change its mind. */
  #onRefused({ symbol, reason }: Extract<FeedEvent, { kind: 'refused' }>): void {
    this.#refused.set(symbol, reason)
    this.#subscribed.delete(symbol)
    if (this.#current.delete(symbol)) this.#loseFeed([symbol], this.#options.clock.now())
    this.#options.logger.error({ symbol, reason }, 'the venue refuses a symbol')
  }

  #onDisconnected({ symbols, reason, lastAlive, receivedTime }: Extract<FeedEvent, { kind: 'disconnected' }>): void {
    const { clock, logger } = this.#options
    this.#writeArrived()
    const lostAt = this.#silence.venueTimeAt(lastAlive ?? receivedTime, clock.now(), this.#timers.now())
    const lost = symbols.filter((symbol) => this.#connected.delete(symbol))
    for (const symbol of lost) {
      this.#current.delete(symbol)
      this.#subscribed.delete(symbol)
      this.#catchingUp.delete(symbol)
    }
    this.#loseFeed(lost, lostAt)
    logger.warn({ symbols: symbols.length, reason }, 'the feed is disconnected: connecting again')
  }

  /** The process was away since the newest time that the log knows of each symbol. */
  #beginOutages(): void {
    this.#loseFeed(
      this.#options.instruments.map(({ symbol }) => symbol),
      Number.NEGATIVE_INFINITY,
    )
  }

  /** The feed was last alive at `lostAt`, or at the newest time that the log proves. What never traded misses nothing. */
  #loseFeed(symbols: readonly MarketSymbol[], lostAt: number): void {
    const { trades } = this.#options
    const { ledger, outages } = trades
    const begun = symbols.filter((symbol) => {
      const newest = ledger.newest(symbol)
      if (newest === undefined) return false
      const from = Math.max(lostAt, ledger.aliveTo(symbol) ?? newest.time) as EpochMicros
      return outages.begin(symbol, from, newest.id)
    })
    if (begun.length > 0) trades.remember()
  }

  #endOutage(symbol: MarketSymbol): void {
    this.#options.trades.outages.end(symbol, this.#options.clock.now())
  }

  /** An outage is stated as soon as its trades are all there, which only a feed that has said something can know. */
  #stateRepairedOutages(symbol: MarketSymbol): void {
    const { trades } = this.#options
    if (trades.outages.of(symbol).length === 0 || !this.#current.has(symbol) || this.#waiting.has(symbol)) return
    this.#settle(trades.stateRepairedOutages(symbol))
  }

  #onTrades(trades: readonly Trade[]): void {
    const { clock } = this.#options
    let before: Trade | undefined
    for (const trade of trades) {
      clock.observeTrade(trade.eventTime)
      this.#history.sawLive(trade)
      if (before?.symbol !== trade.symbol) this.#heard(trade.symbol)
      before = trade
      const waiting = this.#waiting.get(trade.symbol)
      if (waiting === undefined) this.#arrive(trade)
      else {
        waiting.push(trade)
        this.#waitingCount += 1
      }
    }
    if (this.#waitingCount > MOST_WAITING) this.#waitNoMore()
  }

  #heard(symbol: MarketSymbol): void {
    if (this.#current.has(symbol)) return
    this.#current.add(symbol)
    this.#endOutage(symbol)
  }

  #arrive(trade: Trade): void {
    if (this.#arrived.length === 0) queueMicrotask(() => this.#writeArrived())
    this.#arrived.push(trade)
  }

  #writeArrived(): void {
    const arrived = this.#arrived
    this.#arrived = []
    this.#write(arrived)
  }

  #write(trades: readonly Trade[]): void {
    if (trades.length === 0) return
    const { ledger } = this.#options.trades
    const symbols = new Set<MarketSymbol>()
    for (const { symbol } of trades) {
      symbols.add(symbol)
      this.#received.set(symbol, (this.#received.get(symbol) ?? 0) + 1)
    }
    // What a snapshot repeats from before the symbol's history began is not part of it.
    const wanted = trades.filter(({ symbol, tradeId }) => tradeId >= (ledger.spans(symbol, 'venue')[0]?.first ?? 0))
    if (wanted.length > 0) this.#settle(this.#options.trades.appendTrades(wanted, 'live'))
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

  /** No live trade waits any longer, nor from now on. */
  #waitNoMore(): void {
    const trades = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    this.#waitingCount = 0
    this.#write(trades)
  }

  /** Asks history for what the log has of a symbol that the feed follows and has told nothing of. */
  #catchUp(symbol: MarketSymbol): void {
    const { ledger } = this.#options.trades
    if (!this.#subscribed.has(symbol) || this.#current.has(symbol) || ledger.newest(symbol) === undefined) return
    this.#catchingUp.add(symbol)
    this.#history.catchUp(this.#instruments.get(symbol) as Instrument)
    this.#loop.wake()
  }

  /** Begins with what is next; undefined when there is nothing to begin with now. */
  #fetchNext(signal: AbortSignal): Promise<void> | undefined {
    const job = this.#history.next()
    if (job?.work !== 'repair' && this.#beginning < MOST_BEGINNING) {
      const beginning = this.#beginnings.find(({ dueAt }) => dueAt <= this.#timers.now())
      if (beginning !== undefined) return this.#begin(beginning, signal)
    }
    return job && this.#step(job, signal)
  }

  /** Milliseconds until there is something to fetch again; undefined when nothing is left. */
  #waitMs(): number | undefined {
    const now = this.#timers.now()
    const beginnings = this.#beginning < MOST_BEGINNING ? this.#beginnings : []
    const waits = beginnings.map(({ dueAt }) => Math.max(0, Math.ceil((dueAt - now) / 1000)))
    const historyMs = this.#history.waitMs()
    if (historyMs !== undefined) waits.push(historyMs)
    return waits.length === 0 ? undefined : waits.reduce((a, b) => Math.min(a, b))
  }

  async #begin(beginning: Beginning, signal: AbortSignal): Promise<void> {
    const { instrument } = beginning
    const { symbol } = instrument
    this.#beginnings = this.#beginnings.filter((other) => other !== beginning)
    this.#beginning += 1
    const hasBegun = await this.#tried(instrument, signal, () => this.#history.begin(instrument, signal))
    this.#beginning -= 1
    if (!hasBegun) {
      const dueAt = (this.#timers.now() + RETRY_MS * 1000) as EpochMicros
      this.#beginnings = [...this.#beginnings, { instrument, dueAt }]
      return
    }
    const waiting = this.#waiting.get(symbol) ?? []
    this.#waiting.delete(symbol)
    this.#waitingCount -= waiting.length
    this.#write(waiting)
    this.#lookAtHoles(symbol)
  }

  async #step(job: Job, signal: AbortSignal): Promise<void> {
    const { instrument } = job
    const { symbol } = instrument
    const isDone = await this.#tried(instrument, signal, () => this.#history.step(job, signal))
    if (isDone && this.#catchingUp.has(symbol) && !this.#history.isWalking(symbol)) {
      this.#catchingUp.delete(symbol)
      this.#current.add(symbol)
    }
    // What it failed at is forgotten, so that nothing else that ends well is taken for it.
    if (!isDone && this.#catchingUp.delete(symbol)) this.#after(RETRY_MS, () => this.#catchUp(symbol))
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
      if (!(error instanceof C1Error) || !/^(kraken|trades)_/.test(error.code)) throw error
      this.#options.logger.warn({ symbol: instrument.symbol, err: error }, 'history is not served: asking again')
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
      const current = [...this.#current].filter((symbol) => !this.#waiting.has(symbol))
      const heartbeats = this.#silence.due(current, this.#options.clock.now(), this.#timers.now())
      if (heartbeats.length > 0) {
        this.#settle(this.#options.trades.append(heartbeats.map((heartbeat) => ({ kind: 'heartbeat', heartbeat }))))
      }
      this.#countReceived()
      this.#watchSilence()
    })
  }

  #settle(writing: Promise<unknown>): void {
    writing.catch((error) => this.#fail(error))
  }

  #keepDeadLetter(origin: string, { raw, code, reason }: MalformedRow): void {
    const letter: DeadLetter = { origin, code, reason, raw: Buffer.from(raw) }
    this.#metrics.deadLetters.inc({ origin })
    this.#options.logger.warn({ origin, code, reason }, 'dead letter')
    this.#settle(this.#options.trades.appendDeadLetter(letter))
  }

  #countPage({ symbol }: Instrument, page: TradesPage, known: number): void {
    this.#metrics.received.inc({ symbol, via: 'history' }, page.trades.length)
    this.#options.logger.debug({ symbol, trades: page.trades.length, known }, 'page of history')
    for (const row of page.rejected) this.#keepDeadLetter('kraken-rest', row)
  }

  #tellUnserved(symbol: MarketSymbol, { first, last, since }: WatchedHole): void {
    this.#metrics.exceptions.inc(last - first + 1)
    this.#options.logger.error(
      { symbol, first, last, since: formatTime(since) },
      'the venue does not serve these trade ids: stated in the log, candles go on without them',
    )
  }

  #showHoles(symbol: MarketSymbol): void {
    this.#metrics.holes.set({ symbol }, this.#history.holes(symbol).length)
  }

  /** Twice a second rather than for every trade. */
  #countReceived(): void {
    for (const [symbol, count] of this.#received) this.#metrics.received.inc({ symbol, via: 'live' }, count)
    this.#received.clear()
  }

  #onImplausible(trade: Trade, reason: string): void {
    this.#metrics.deadLetters.inc({ origin: TRADE_LOG })
    this.#options.logger.warn({ trade, reason }, 'a trade is not believed: kept aside')
  }

  #onContradiction(stored: Trade, received: Trade): void {
    this.#metrics.contradictions.inc()
    this.#metrics.deadLetters.inc({ origin: TRADE_LOG })
    this.#options.logger.error(
      { stored, received },
      'a trade came again and says something else: the stored one stands',
    )
  }
}

type IngestMetrics = ReturnType<typeof ingestMetrics>

function ingestMetrics(metrics: Metrics) {
  return {
    deadLetters: metrics.counter(
      'c1_dead_letters_total',
      'Messages that could not be read, or that contradict what is stored, kept with their bytes',
      ['origin'],
    ),
    contradictions: metrics.counter(
      'c1_trades_contradicted_total',
      'Trades that came again and said something else than what is stored',
      [],
    ),
    duplicates: metrics.counter('c1_duplicate_trades_total', 'Trades that the log had already', []),
    received: metrics.counter('c1_trades_received_total', 'Trades received', ['symbol', 'via']),
    holes: metrics.gauge('c1_holes_open', 'Holes in the trade ids of the log', ['symbol']),
    repairSeconds: metrics.histogram(
      'c1_hole_repair_seconds',
      'From seeing a hole between live trades to its last trade',
      REPAIR_BUCKETS,
    ),
    repaired: metrics.counter(
      'c1_trades_repaired_total',
      'Trades from history that filled holes between live ones',
      [],
    ),
    exceptions: metrics.counter('c1_trade_id_exceptions_total', 'Trade ids stated as not served by the venue', []),
  }
}
