import type { MalformedRow, TradesPage } from '@c1/kraken'
import { formatTime, type MarketSymbol, type Trade } from '@c1/market'
import type { Logger, Metrics } from '@c1/service'
import type { WatchedHole } from './history/hole-watch.ts'
import { type RefusalListener, TRADE_LOG } from './log/refusals.ts'

/** Seconds. */
const REPAIR_BUCKETS = [0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800]

/** What the role shows of itself: metrics, and lines of its log. */
export class IngestTelemetry implements RefusalListener {
  readonly #logger: Logger
  readonly #metrics: ReturnType<typeof ingestMetrics>
  /** Live trades since the metric was counted up last. */
  readonly #received = new Map<MarketSymbol, number>()

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = ingestMetrics(metrics)
    this.#logger = logger
  }

  noteLive({ symbol }: Trade): void {
    this.#received.set(symbol, (this.#received.get(symbol) ?? 0) + 1)
  }

  /** To be called now and then, which costs less than to count up the metric for every trade. */
  countLive(): void {
    for (const [symbol, count] of this.#received) this.#metrics.received.inc({ symbol, via: 'live' }, count)
    this.#received.clear()
  }

  onPage(symbol: MarketSymbol, { trades }: TradesPage, known: number): void {
    this.#metrics.received.inc({ symbol, via: 'history' }, trades.length)
    this.#logger.debug({ symbol, trades: trades.length, known }, 'page of history')
  }

  onRepairing(trades: number): void {
    this.#metrics.repaired.inc(trades)
  }

  onRepaired(seconds: number): void {
    this.#metrics.repairSeconds.observe(seconds)
  }

  onUnserved(symbol: MarketSymbol, { first, last, since }: WatchedHole): void {
    this.#metrics.exceptions.inc(last - first + 1)
    this.#logger.error(
      { symbol, first, last, since: formatTime(since) },
      'the venue does not serve these trade ids: stated in the log, candles go on without them',
    )
  }

  onNotServed(symbol: MarketSymbol, err: Error): void {
    this.#logger.warn({ symbol, err }, 'history is not served: asking again')
  }

  onConnected(symbols: readonly MarketSymbol[]): void {
    this.#logger.info({ symbols: symbols.length }, 'connected to the feed')
  }

  onDisconnected(symbols: readonly MarketSymbol[], reason: string): void {
    this.#logger.warn({ symbols: symbols.length, reason }, 'the feed is disconnected: connecting again')
  }

  onRefused(symbol: MarketSymbol, reason: string): void {
    this.#logger.error({ symbol, reason }, 'the venue refuses a symbol')
  }

  onVenueStatus(system: string): void {
    this.#logger.info({ system }, 'status of the venue')
  }

  onDeadLetter(origin: string, { code, reason }: MalformedRow): void {
    this.#metrics.deadLetters.inc({ origin })
    this.#logger.warn({ origin, code, reason }, 'dead letter')
  }

  showHoles(symbol: MarketSymbol, count: number): void {
    this.#metrics.holes.set({ symbol }, count)
  }

  onDuplicate(): void {
    this.#metrics.duplicates.inc()
  }

  onImplausible(trade: Trade, reason: string): void {
    this.#metrics.deadLetters.inc({ origin: TRADE_LOG })
    this.#logger.warn({ trade, reason }, 'a trade is not believed: kept aside')
  }

  onContradiction(stored: Trade, received: Trade): void {
    this.#metrics.contradictions.inc()
    this.#metrics.deadLetters.inc({ origin: TRADE_LOG })
    this.#logger.error({ stored, received }, 'a trade came again and says something else: the stored one stands')
  }
}

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
