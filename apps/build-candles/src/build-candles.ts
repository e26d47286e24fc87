import { candlesCodec, type EventLog, type StoredRecord, TOPICS, type TradesCodec, tradesCodec } from '@c1/event-log'
import { emptyUnitTrade, INTERVALS, type UnitTrade } from '@c1/market'
import { type Checkpoints, type Fold, type Logger, type Metrics, type Output, runFold } from '@c1/service'
import { type CandleEvent, CandleWindows } from '@c1/windowing'

export interface BuildCandlesOptions {
  readonly log: EventLog
  readonly checkpoints: Checkpoints
  readonly source: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly until?: 'end'
}

/** Trades in, final candles of every interval out. @throws InvariantError when the log holds what is no trade, heartbeat or outage */
export async function buildCandles(options: BuildCandlesOptions, signal: AbortSignal): Promise<void> {
  const { checkpoints, log, logger, metrics, until } = options
  const counter = metrics.counter('c1_candles_total', 'Final candles written', ['interval'])
  await runFold({
    log,
    name: 'build-candles',
    version: '1',
    input: TOPICS.trades,
    outputs: [TOPICS.candles],
    fold: () =>
      new CandleFold(options, (event) => {
        if (event.kind === 'candle') counter.inc({ interval: event.candle.interval })
      }),
    checkpoints,
    metrics,
    signal,
    ...(until && { until }),
    onDifference: (again) => logger.warn({ symbol: again.record.key }, 'a candle derived again differs from the log'),
  })
}

/** Larger candles are rolled up from the smallest, so all of them cost hardly more than one. */
const EVERY_INTERVAL = { intervals: INTERVALS }

const NO_OUTPUT: readonly Output[] = []

class CandleFold implements Fold {
  readonly #options: BuildCandlesOptions
  readonly #onEvent: (event: CandleEvent) => void
  readonly #trades: TradesCodec
  readonly #trade: UnitTrade = emptyUnitTrade()
  readonly #candles: ReturnType<typeof candlesCodec>
  #windows: CandleWindows

  constructor(options: BuildCandlesOptions, onEvent: (event: CandleEvent) => void) {
    this.#options = options
    this.#onEvent = onEvent
    this.#trades = tradesCodec(options.source)
    this.#candles = candlesCodec(options.source)
    this.#windows = new CandleWindows(EVERY_INTERVAL)
  }

  step(record: StoredRecord): readonly Output[] {
    const events = this.#advance(record)
    return events.length === 0 ? NO_OUTPUT : events.flatMap((event) => this.#output(event))
  }

  checkpoint(): unknown {
    return this.#windows.checkpoint()
  }

  restore(state: unknown): void {
    this.#windows = CandleWindows.restore(state, EVERY_INTERVAL)
  }

  /** Nearly every record is a trade in the codec's own form, which goes from bytes to integers to windows. */
  #advance(record: StoredRecord): readonly CandleEvent[] {
    if (this.#trades.readTrade(record, this.#trade)) return this.#windows.addTrade(this.#trade)
    return this.#windows.advance(this.#trades.decode(record))
  }

  #output(event: CandleEvent): Output[] {
    this.#onEvent(event)
    if (event.kind === 'late') {
      this.#countLate(event)
      return []
    }
    return [{ topic: TOPICS.candles, record: this.#candles.encode(event) }]
  }

  #countLate({ symbol, tradeId, intervals }: CandleEvent & { kind: 'late' }): void {
    const { logger, metrics } = this.#options
    metrics.counter('c1_late_trades_total', 'Trades too late for a candle in memory', ['symbol']).inc({ symbol })
    logger.warn({ symbol, tradeId, intervals }, 'a trade came too late for these candles: they stay without it')
  }
}
