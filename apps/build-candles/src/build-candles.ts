import { candlesCodec, type EventLog, type StoredRecord, TOPICS, type TradesCodec, tradesCodec } from '@c1/event-log'
import { emptyUnitTrade, INTERVALS, type UnitTrade } from '@c1/market'
import { type Checkpoints, type Fold, type Logger, type Metrics, type Output, runFold } from '@c1/service'
import {
  type CandleEvent,
  CandleWindows,
  type CandleWindowsOptions,
  type Lateness,
  type LateWindows,
} from '@c1/windowing'
import { LateTrades } from './late-trades.ts'

export interface BuildCandlesOptions {
  readonly log: EventLog
  readonly checkpoints: Checkpoints
  readonly source: string
  /** How long windows stay in memory; decides what a late trade costs and not what comes out. */
  readonly lateness?: Lateness
  readonly logger: Logger
  readonly metrics: Metrics
  readonly until?: 'end'
}

/**
 * Trades in, final candles of every interval out, and their next revisions when a trade comes late, however late.
 *
 * @throws MalformedError when the log holds what is no trade, heartbeat or outage
 */
export async function buildCandles(options: BuildCandlesOptions, signal: AbortSignal): Promise<void> {
  const { checkpoints, log, logger, metrics, until } = options
  await runFold({
    log,
    name: 'build-candles',
    version: '2',
    input: TOPICS.trades,
    outputs: [TOPICS.candles],
    fold: () => new CandleFold(options),
    checkpoints,
    metrics,
    signal,
    ...(until && { until }),
    onDifference: (again) => logger.warn({ symbol: again.record.key }, 'a candle derived again differs from the log'),
  })
}

const NO_OUTPUT: readonly Output[] = []
/** Where the fold began to read, before its first record. */
const NOWHERE = -1
const BEGIN_BYTES = 8

class CandleFold implements Fold {
  readonly #options: BuildCandlesOptions
  readonly #windowing: CandleWindowsOptions
  readonly #trades: TradesCodec
  readonly #trade: UnitTrade = emptyUnitTrade()
  readonly #late: LateTrades
  readonly #candles: ReturnType<typeof candlesCodec>
  readonly #written: (labels: { readonly interval: string }) => void
  #windows: CandleWindows
  /** Offset of the first record of all that `#windows` were made from. */
  #begin = NOWHERE

  constructor(options: BuildCandlesOptions) {
    const { lateness, log, metrics, source } = options
    this.#options = options
    // Larger candles are rolled up from the smallest, so all of them cost hardly more than one.
    this.#windowing = { intervals: INTERVALS, ...(lateness && { lateness }) }
    this.#trades = tradesCodec(source)
    this.#late = new LateTrades(log, this.#trades)
    this.#candles = candlesCodec(source)
    const counter = metrics.counter('c1_candles_total', 'Final candles written', ['interval'])
    this.#written = (labels) => counter.inc(labels)
    this.#windows = new CandleWindows(this.#windowing)
  }

  step(record: StoredRecord): readonly Output[] | Promise<readonly Output[]> {
    if (this.#begin === NOWHERE) this.#begin = record.offset
    const events = this.#advance(record)
    if (events.length === 0) return NO_OUTPUT
    return events.some(({ kind }) => kind === 'late') ? this.#revise(events, record) : this.#outputs(events)
  }

  /** Where the fold began, then its windows. */
  checkpoint(): Uint8Array {
    const windows = this.#windows.checkpoint()
    const bytes = new Uint8Array(BEGIN_BYTES + windows.length)
    new DataView(bytes.buffer).setFloat64(0, this.#begin, true)
    bytes.set(windows, BEGIN_BYTES)
    return bytes
  }

  restore(state: unknown): void {
    const bytes = state as Uint8Array
    this.#windows = CandleWindows.restore(bytes.subarray(BEGIN_BYTES), this.#windowing)
    this.#begin = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true)
  }

  /** Nearly every record is a trade in the codec's own form, which goes from bytes to integers to windows. */
  #advance(record: StoredRecord): readonly CandleEvent[] {
    if (this.#trades.readTrade(record, this.#trade)) return this.#windows.addTrade(this.#trade)
    return this.#windows.advance(this.#trades.decode(record))
  }

  /** The events with what the log makes of the late ones, each in its place. */
  async #revise(events: readonly CandleEvent[], record: StoredRecord): Promise<readonly Output[]> {
    const outputs: Output[] = []
    for (const event of events) {
      const revised = event.kind === 'late' ? await this.#reviseFromLog(event.late, record) : [event]
      outputs.push(...this.#outputs(revised))
    }
    return outputs
  }

  async #reviseFromLog(late: LateWindows, record: StoredRecord): Promise<readonly CandleEvent[]> {
    const { logger, metrics } = this.#options
    const { symbol, tradeId } = late
    const counter = metrics.counter('c1_late_trades_total', 'Trades later than memory', ['symbol', 'result'])
    const log = await this.#late.read(late, record, this.#begin)
    counter.inc({ symbol, result: log === undefined ? 'lost' : 'revised' })
    if (log === undefined)
      logger.warn({ symbol, tradeId }, 'a late trade changes candles whose trades retention has removed: they stay')
    return log === undefined ? [] : this.#windows.reviseFromLog(log)
  }

  #outputs(events: readonly CandleEvent[]): readonly Output[] {
    return events.flatMap((event) => {
      if (event.kind === 'late') return []
      if (event.kind === 'candle') this.#written({ interval: event.candle.interval })
      return { topic: TOPICS.candles, record: this.#candles.encode(event) }
    })
  }
}
