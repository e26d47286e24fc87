import type { DeadLetter } from '@c1/event-log'
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
import { C1Error, type EpochMicros, formatTime, type Instrument, type MarketSymbol, type Trade } from '@c1/market'
import type { Logger, Metrics } from '@c1/service'
import { type Completeness, completenessOf } from './completeness.ts'
import { History, type Job, type Progress } from './history.ts'
import type { WatchedHole } from './hole-watch.ts'
import { Silence } from './silence.ts'
import { CONTRADICTIONS, type TradeLog } from './trade-log.ts'

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
  /** Symbols with ids missing between the first and the last trade of the log. */
  readonly holes: readonly MarketSymbol[]
}

/** What the log has of a symbol, and what this process knows besides. */
export interface SymbolCompleteness extends Completeness {
  readonly holes: readonly WatchedHole[]
  /** Trades that came again, since the start of the process. */
  readonly duplicates: number
  /** How much of the history is fetched, 0 to 1 by time. */
  readonly backfill: number
}

const SILENCE_CHECK_MS = 500
const RETRY_MS = 5000
/** Seconds. */
const REPAIR_BUCKETS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800]

/**
 * Kraken's live trades and its history, joined by trade id, into the trades topic.
 *
 * Live trades wait in memory until the symbol's history has a beginning (one page), then both are written as they come.
 */
export class Ingest {
  readonly #options: IngestOptions
  readonly #timers: Timers
  readonly #history: History
  readonly #silence: Silence
  readonly #metrics: IngestMetrics
  readonly #duplicates = new Map<MarketSymbol, number>()
  readonly #waiting = new Map<MarketSymbol, Trade[]>()
  /** Symbols of which this connection has delivered something: from then on silence means no trades. */
  readonly #current = new Set<MarketSymbol>()
  readonly #refused = new Map<MarketSymbol, string>()
  /** Symbols whose connection is open. */
  readonly #connected = new Set<MarketSymbol>()
  /** Since when the feed of a symbol is lost. */
  readonly #lostAt = new Map<MarketSymbol, EpochMicros>()
  #wake: () => void = () => {}
  #fail: (error: unknown) => void = () => {}

  constructor(options: IngestOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#silence = new Silence(options.trades.ledger)
    this.#metrics = ingestMetrics(options.metrics)
    for (const { symbol } of options.instruments) this.#waiting.set(symbol, [])
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
    for (const { symbol } of options.instruments) this.#showHoles(symbol)
    options.trades.tellDuplicates({
      onDuplicate: (trade) => this.#onDuplicate(trade),
      onContradiction: (stored, received) => this.#onContradiction(stored, received),
    })
  }

  /** Returns when `signal` aborts, with everything received in the log. @throws C1Error when the log cannot be written */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    const feed = this.#openFeed()
    const cancelSilence = this.#watchSilence()
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    try {
      feed.start()
      await Promise.race([this.#fetchHistory(either), failed])
    } finally {
      stop.abort()
      feed.close()
      cancelSilence()
    }
  }

  status(): IngestStatus {
    const { instruments, trades } = this.#options
    const symbols = instruments.map(({ symbol }) => symbol)
    return {
      connected: symbols.every((symbol) => this.#connected.has(symbol)),
      refused: [...this.#refused].map(([symbol, reason]) => ({ symbol, reason })),
      backfill: this.#history.progress(),
      holes: symbols.filter((symbol) => trades.ledger.hasHole(symbol)),
    }
  }

  /** Of every symbol. */
  completeness(): readonly SymbolCompleteness[] {
    const { instruments, trades } = this.#options
    const fetching = new Map(this.#history.progress().map(({ symbol, fraction }) => [symbol, fraction]))
    return instruments.map(({ symbol }) => ({
      ...completenessOf(trades.ledger, symbol),
      holes: this.#history.holes(symbol),
      duplicates: this.#duplicates.get(symbol) ?? 0,
      backfill: this.#waiting.has(symbol) ? 0 : (fetching.get(symbol) ?? 1),
    }))
  }

  #openFeed(): KrakenFeed {
    const { instruments, openSocket, pingIntervalMs, random, wsUrl } = this.#options
    return new KrakenFeed({
      url: wsUrl,
      instruments,
      onEvent: (event) => this.#onEvent(event),
      timers: this.#timers,
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
        this.#closeOutages(event.symbols, event.receivedTime)
        break
      case 'disconnected':
        this.#onDisconnected(event)
        break
      case 'subscribed':
        this.#refused.delete(event.symbol)
        break
      case 'refused':
        this.#refused.set(event.symbol, event.reason)
        logger.error({ symbol: event.symbol, reason: event.reason }, 'the venue refuses a symbol')
        break
      case 'status':
        logger.info({ system: event.system }, 'status of the venue')
        break
      case 'malformed':
        this.#keepDeadLetter('kraken-websocket', event)
        break
    }
  }

  #onDisconnected({ symbols, reason, lastAlive, receivedTime }: Extract<FeedEvent, { kind: 'disconnected' }>): void {
    for (const symbol of symbols) {
      if (this.#connected.delete(symbol)) this.#lostAt.set(symbol, lastAlive ?? receivedTime)
      this.#current.delete(symbol)
    }
    this.#options.logger.warn({ symbols: symbols.length, reason }, 'the feed is disconnected: connecting again')
  }

  #onTrades(trades: readonly Trade[]): void {
    const ready: Trade[] = []
    for (const trade of trades) {
      this.#options.clock.observeTrade(trade.eventTime)
      this.#history.sawLive(trade)
      this.#current.add(trade.symbol)
      const waiting = this.#waiting.get(trade.symbol)
      if (waiting === undefined) ready.push(trade)
      else waiting.push(trade)
    }
    this.#write(ready)
  }

  #write(trades: readonly Trade[]): void {
    const { ledger } = this.#options.trades
    // What a snapshot repeats from before the symbol's history began is not part of it.
    const wanted = trades.filter(({ symbol, tradeId }) => tradeId >= (ledger.spans(symbol, 'venue')[0]?.first ?? 0))
    if (wanted.length === 0) return
    this.#count(wanted, 'live')
    this.#settle(this.#options.trades.appendTrades(wanted))
    for (const symbol of new Set(wanted.map(({ symbol }) => symbol))) {
      if (this.#history.look(symbol)) this.#wake()
      this.#showHoles(symbol)
    }
  }

  #closeOutages(symbols: readonly MarketSymbol[], to: EpochMicros): void {
    const outages = symbols.flatMap((symbol) => {
      const from = this.#lostAt.get(symbol)
      this.#lostAt.delete(symbol)
      return from === undefined ? [] : [{ kind: 'outage', outage: { symbol, from, to } } as const]
    })
    if (outages.length > 0) this.#settle(this.#options.trades.append(outages))
  }

  async #fetchHistory(signal: AbortSignal): Promise<void> {
    for (const instrument of this.#options.instruments) await this.#begin(instrument, signal)
    while (!signal.aborted) {
      const job = this.#history.next()
      if (job === undefined) await this.#sleep(signal, this.#history.waitMs())
      else await this.#step(job, signal)
    }
  }

  async #begin(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const isNew = this.#options.trades.ledger.newest(instrument.symbol) === undefined
    while (!signal.aborted) {
      if (await this.#tried(instrument, signal, () => this.#history.begin(instrument, signal))) break
      await this.#sleep(signal, RETRY_MS)
    }
    if (!isNew) this.#history.catchUp(instrument, signal)
    const waiting = this.#waiting.get(instrument.symbol) ?? []
    this.#waiting.delete(instrument.symbol)
    this.#write(waiting)
  }

  async #step(job: Job, signal: AbortSignal): Promise<void> {
    const { instrument } = job
    await this.#tried(instrument, signal, () => this.#history.step(job, signal))
    this.#showHoles(instrument.symbol)
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

  /** Until something happens, or for `ms`. */
  #sleep(signal: AbortSignal, ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = ms === undefined ? () => {} : this.#timers.after(ms, done)
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }

  #watchSilence(): () => void {
    let cancel = (): void => {}
    const check = (): void => {
      const current = [...this.#current].filter((symbol) => !this.#waiting.has(symbol))
      const heartbeats = this.#silence.due(current, this.#options.clock.now(), this.#timers.now())
      if (heartbeats.length > 0) {
        this.#settle(this.#options.trades.append(heartbeats.map((heartbeat) => ({ kind: 'heartbeat', heartbeat }))))
      }
      cancel = this.#timers.after(SILENCE_CHECK_MS, check)
    }
    cancel = this.#timers.after(SILENCE_CHECK_MS, check)
    return () => cancel()
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
    this.#count(page.trades, 'history')
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

  #count(trades: readonly Trade[], via: 'live' | 'history'): void {
    const counter = this.#options.metrics.counter('c1_trades_received_total', 'Trades received', ['symbol', 'via'])
    for (const { symbol } of trades) counter.inc({ symbol, via })
  }

  #onDuplicate({ symbol }: Trade): void {
    this.#duplicates.set(symbol, (this.#duplicates.get(symbol) ?? 0) + 1)
    this.#metrics.duplicates.inc()
  }

  #onContradiction(stored: Trade, received: Trade): void {
    this.#metrics.contradictions.inc()
    this.#metrics.deadLetters.inc({ origin: CONTRADICTIONS })
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
