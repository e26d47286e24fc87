import { type EventLog, featuresCodec, outcomesCodec, predictionsCodec, type StoredRecord, TOPICS } from '@c1/event-log'
import type { FeatureGroup, FeatureRow } from '@c1/features'
import type { EpochMicros } from '@c1/market'
import { type ModelKind, type ModelVersion, makePrediction, modelName } from '@c1/modeling'
import {
  type Checkpoints,
  type Fold,
  type LiveWork,
  type Logger,
  type Metrics,
  type Output,
  runFold,
} from '@c1/service'
import type { ModelVersions } from './model-versions.ts'
import { PendingPredictions } from './pending.ts'

export interface ServePredictionsOptions {
  readonly log: EventLog
  readonly checkpoints: Checkpoints
  readonly versions: ModelVersions
  readonly kinds: readonly ModelKind[]
  readonly group: FeatureGroup
  /** Microseconds. */
  readonly horizon: number
  /** The market's clock. */
  readonly now: () => EpochMicros
  readonly source: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly live?: LiveWork
}

/** Feature rows in, predictions out, and later their outcomes. */
export async function servePredictions(options: ServePredictionsOptions, signal: AbortSignal): Promise<void> {
  const { checkpoints, live, log, logger } = options
  await runFold({
    log,
    name: 'serve-predictions',
    version: `1 ${options.horizon}`,
    input: TOPICS.features,
    outputs: [TOPICS.predictions, TOPICS.outcomes],
    fold: () => new PredictionFold(options),
    checkpoints,
    metrics: options.metrics,
    ...(live && { live }),
    signal,
    same: sameStatement,
    onDifference: (again) =>
      logger.warn({ topic: again.topic, symbol: again.record.key }, 'derived again it differs from the log'),
  }).catch((error) => {
    if (!signal.aborted) throw error
  })
}

/** A prediction made again after a restart is the one in the log, whose `madeAt` counts. */
function sameStatement({ record }: Output, stored: StoredRecord): boolean {
  const timeless = (value: Uint8Array): string =>
    JSON.stringify({ ...JSON.parse(Buffer.from(value).toString()), madeAt: '', late: false })
  return timeless(record.value) === timeless(stored.value)
}

type Codecs = ReturnType<typeof codecs>

function codecs({ source, group }: ServePredictionsOptions) {
  return {
    features: featuresCodec(source, group),
    predictions: predictionsCodec(source),
    outcomes: outcomesCodec(source),
  }
}

class PredictionFold implements Fold {
  readonly #options: ServePredictionsOptions
  readonly #codecs: Codecs
  readonly #closeColumn: number
  readonly #pending = new PendingPredictions()

  constructor(options: ServePredictionsOptions) {
    this.#options = options
    this.#codecs = codecs(options)
    this.#closeColumn = options.group.features.findIndex(({ name }) => name === 'close')
  }

  step(record: StoredRecord): readonly Output[] | Promise<readonly Output[]> {
    const message = this.#codecs.features.decode(record)
    if (message.kind === 'other-group') return []
    if (message.kind === 'heartbeat') return this.#outcomes(message.symbol, message.eventTime)
    const { row } = message
    // A corrected row corrects what is stored; what was predicted from the first one stays said.
    if (row.revision > 1) return []
    if (!this.#pending.observePrice(row.symbol, row.eventTime, row.values[this.#closeColumn] as number)) return []
    const outcomes = this.#outcomes(row.symbol, row.eventTime)
    const version = this.#options.versions.inForce(modelName(row.symbol, this.#options.horizon), row.eventTime)
    if (version instanceof Promise) return version.then((version) => [...outcomes, ...this.#predict(row, version)])
    return [...outcomes, ...this.#predict(row, version)]
  }

  /** What was predicted before a restart stands as it was said, with its time. */
  adopt(topic: string, stored: StoredRecord): void {
    if (topic === TOPICS.predictions) this.#pending.replace(this.#codecs.predictions.decode(stored))
  }

  checkpoint(): unknown {
    return this.#pending.checkpoint()
  }

  restore(state: unknown): void {
    this.#pending.restore(state)
  }

  #predict(row: FeatureRow, version: ModelVersion | undefined): Output[] {
    if (version === undefined) return []
    const { group, kinds, logger, metrics, now } = this.#options
    const made = makePrediction({ version, kinds, row, group, madeAt: now() })
    if ('refused' in made) {
      metrics.counter('c1_predictions_refused_total', 'Rows that no prediction could be made from', []).inc()
      logger.warn({ symbol: row.symbol, reason: made.refused }, 'no prediction')
      return []
    }
    this.#pending.add(made)
    metrics.counter('c1_predictions_total', 'Predictions made', ['late']).inc({ late: String(made.late) })
    return [{ topic: TOPICS.predictions, record: this.#codecs.predictions.encode(made) }]
  }

  #outcomes(symbol: FeatureRow['symbol'], time: EpochMicros): Output[] {
    const { metrics } = this.#options
    const outcomes = this.#pending.pass(symbol, time)
    if (outcomes.length > 0)
      metrics.counter('c1_outcomes_total', 'Predictions joined with their outcome', []).inc(outcomes.length)
    return outcomes.map((outcome) => ({ topic: TOPICS.outcomes, record: this.#codecs.outcomes.encode(outcome) }))
  }
}
