import {
  type CandleMessage,
  type Codec,
  candlesCodec,
  type EventLog,
  type FeatureMessage,
  featuresCodec,
  type StoredRecord,
  TOPICS,
} from '@c1/event-log'
import {
  type FeatureRow,
  type FeatureSet,
  historyFeatures,
  LiveFeatures,
  type LiveFeaturesCheckpoint,
} from '@c1/features'
import type { Candle, EpochMicros, MarketSymbol } from '@c1/market'
import {
  type Checkpoints,
  type Fold,
  type LiveWork,
  type Logger,
  type Metrics,
  type Output,
  runFold,
} from '@c1/service'
import { finalCandles } from './final-candles.ts'
import { OlderHistory, type OlderHistoryCheckpoint } from './older-history.ts'

export interface ComputeFeaturesOptions {
  readonly log: EventLog
  readonly checkpoints: Checkpoints
  readonly features: FeatureSet
  readonly source: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly live?: LiveWork
  readonly until?: 'end'
}

/** Final candles in, feature rows out. */
export async function computeFeatures(options: ComputeFeaturesOptions, signal: AbortSignal): Promise<void> {
  const { checkpoints, features, live, log, logger, until } = options
  await runFold({
    log,
    name: 'compute-features',
    version: `2 ${features.digest}`,
    input: TOPICS.candles,
    outputs: [TOPICS.features],
    fold: () => new FeatureFold(options),
    checkpoints,
    metrics: options.metrics,
    signal,
    ...(live && { live }),
    ...(until && { until }),
    onDifference: (again) => logger.warn({ symbol: again.record.key }, 'a row derived again differs from the log'),
  })
}

interface FeatureFoldState {
  readonly live: LiveFeaturesCheckpoint
  readonly older: OlderHistoryCheckpoint
  readonly passed: readonly (readonly [MarketSymbol, EpochMicros])[]
  readonly revisions: readonly (readonly [string, number])[]
}

class FeatureFold implements Fold {
  readonly #options: ComputeFeaturesOptions
  readonly #candles: Codec<CandleMessage>
  readonly #rows: Codec<FeatureMessage>
  readonly #live: LiveFeatures
  readonly #older: OlderHistory
  /** How far each symbol's candles have come: when a correction came to be known. */
  readonly #passed = new Map<MarketSymbol, EpochMicros>()
  /** Of the rows that were made more than once, the newest revision. */
  readonly #revisions = new Map<string, number>()

  constructor(options: ComputeFeaturesOptions) {
    this.#options = options
    this.#candles = candlesCodec(options.source)
    this.#rows = featuresCodec(options.source, options.features.group)
    this.#live = new LiveFeatures(options.features)
    this.#older = new OlderHistory(options.features)
  }

  step(record: StoredRecord): readonly Output[] | Promise<readonly Output[]> {
    const message = this.#candles.decode(record)
    if (message.kind === 'heartbeat') return [this.#heartbeat(message.symbol, message.eventTime)]
    const { candle } = message
    if (candle.interval !== this.#options.features.group.interval) return []
    const knownAt = this.#advance(candle.symbol, candle.closeTime)
    const live = this.#live.push(candle, knownAt)
    const rows = live === 'before-grid' ? this.#older.push(candle) : live
    this.#older.observe(candle)
    if (rows === undefined) return this.#deriveAgain(candle, knownAt, record)
    if (rows.length === 0) return [this.#heartbeat(candle.symbol, candle.closeTime)]
    return this.#outputs(rows.map((row) => this.#numbered(row, row.revision)))
  }

  checkpoint(): FeatureFoldState {
    return {
      live: this.#live.checkpoint(),
      older: this.#older.checkpoint(),
      passed: [...this.#passed],
      revisions: [...this.#revisions],
    }
  }

  restore(state: unknown): void {
    const { live, older, passed, revisions } = state as FeatureFoldState
    this.#live.restore(live)
    this.#older.restore(older)
    for (const [symbol, time] of passed) this.#passed.set(symbol, time)
    for (const [key, revision] of revisions) this.#revisions.set(key, revision)
  }

  #advance(symbol: MarketSymbol, time: EpochMicros): EpochMicros {
    const newest = Math.max(this.#passed.get(symbol) ?? 0, time) as EpochMicros
    this.#passed.set(symbol, newest)
    return newest
  }

  #heartbeat(symbol: MarketSymbol, eventTime: EpochMicros): Output {
    this.#advance(symbol, eventTime)
    return { topic: TOPICS.features, record: this.#rows.encode({ kind: 'heartbeat', symbol, eventTime }) }
  }

  #outputs(rows: readonly FeatureRow[]): Output[] {
    const { metrics } = this.#options
    metrics.counter('c1_feature_rows_total', 'Feature rows written', []).inc(rows.length)
    return rows.map((row) => ({ topic: TOPICS.features, record: this.#rows.encode({ kind: 'features', row }) }))
  }

  /** Older history, or a correction of it: exactly the rows that read the candle, from the candles before this record. */
  async #deriveAgain(candle: Candle, knownAt: EpochMicros, record: StoredRecord): Promise<readonly Output[]> {
    const { features, log, source } = this.#options
    const { group, maxLookBack } = features
    const before = await finalCandles({ log, source }, candle.symbol, group.interval, {
      [record.partition]: record.offset,
    })
    const known = before.findIndex(({ openTime }) => openTime === candle.openTime)
    // A process that lost its partition may have written candles again that are there.
    if (known !== -1 && (before[known] as Candle).revision >= candle.revision) return []
    if (known !== -1) before.splice(known, 1)
    const candles = [...before, candle].sort((a, b) => a.openTime - b.openTime)
    const step = candle.closeTime - candle.openTime
    // Windows without trades repeat the close before them, so the candle is read as long as they last.
    const next = candles.find(({ openTime }) => openTime > candle.openTime)
    const reach = (next?.openTime ?? candle.closeTime) + (maxLookBack - 1) * step
    const newest = candles.at(-1)?.closeTime ?? candle.closeTime
    if (reach > newest - maxLookBack * step) this.#live.relearn(candle.symbol, candles)
    const rows = historyFeatures(features, candles)
      .filter(({ eventTime }) => eventTime >= candle.closeTime && eventTime <= reach)
      .map((row) => this.#revised(row, candle, knownAt))
    return this.#outputs(rows)
  }

  #revised(row: FeatureRow, candle: Candle, knownAt: EpochMicros): FeatureRow {
    const isNew = candle.revision === 1 && row.eventTime === candle.closeTime
    const availableAt = isNew ? row.availableAt : (Math.max(row.eventTime, knownAt) as EpochMicros)
    return this.#numbered({ ...row, availableAt }, isNew ? 1 : 2)
  }

  /** The row with the revision after its newest, which is `usual` where it was not made again before. */
  #numbered(row: FeatureRow, usual: number): FeatureRow {
    const key = `${row.symbol} ${row.eventTime}`
    const before = this.#revisions.get(key)
    const revision = before === undefined ? usual : before + 1
    if (revision > 1) this.#revisions.set(key, revision)
    return revision === row.revision ? row : { ...row, revision }
  }
}
