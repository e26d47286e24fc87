import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, formatTime, InvariantError, intervalMicros } from '@c1/market'
import { vectorDigest } from './digest.ts'
import { logReturn } from './labels.ts'
import type { FittedModel, ModelKind } from './model.ts'
import type { ModelVersion } from './model-version.ts'
import type { Outcome, Prediction } from './prediction.ts'

/** The version that makes the predictions of `asOf`: the newest with `effectiveFrom` at or before it. */
export function versionInForce(versions: readonly ModelVersion[], asOf: EpochMicros): ModelVersion | undefined {
  return versions
    .filter(({ effectiveFrom }) => effectiveFrom <= asOf)
    .reduce<ModelVersion | undefined>(
      (newest, next) => (next.version > (newest?.version ?? 0) ? next : newest),
      undefined,
    )
}

export interface PredictionRequest {
  /** The version in force at the row's event time. */
  readonly version: ModelVersion
  readonly kinds: readonly ModelKind[]
  readonly row: FeatureRow
  /** What the row's values mean. */
  readonly group: FeatureGroup
  /** The market's clock. */
  readonly madeAt: EpochMicros
}

/** Why no prediction can be made, in one sentence. */
export interface Refused {
  readonly refused: string
}

/**
 * Predicts from one row. It is `late` when made at or after the close of the next candle. Features are found by name, so
 * a group with further or reordered columns serves as well.
 *
 * @throws InvariantError `version_not_in_force` for another symbol's version, or one that was not in force at the row's time
 * @throws MalformedError `model_malformed`
 */
export function makePrediction({ version, kinds, row, group, madeAt }: PredictionRequest): Prediction | Refused {
  checkInForce(version, row)
  const kind = kinds.find(({ name }) => name === version.kind)
  if (kind === undefined) return { refused: `${nameOf(version)} is a "${version.kind}", which is not among the models` }
  const indexes = version.card.features.map((feature) => group.features.findIndex(({ name }) => name === feature))
  const absent = version.card.features.filter((_, at) => indexes[at] === -1)
  if (absent.length > 0) return { refused: `${nameOf(version)} needs ${absent.join(', ')}, which the features lack` }
  const value = restored(kind, version).predict(indexes.map((index) => row.values[index] as number))
  if (!Number.isFinite(value))
    return { refused: `${nameOf(version)} needs a value that is missing (${missing(row, group)})` }
  return {
    symbol: row.symbol,
    madeAt,
    asOf: row.eventTime,
    horizon: version.card.horizon,
    model: version.name,
    version: version.version,
    kind: version.kind,
    value,
    lower: value + version.errorLower,
    upper: value + version.errorUpper,
    coverage: version.coverage,
    late: madeAt >= row.eventTime + intervalMicros(group.interval),
    vectorDigest: vectorDigest(row),
    firstTradeId: row.firstTradeId,
    lastTradeId: row.lastTradeId,
  }
}

const fitted = new WeakMap<ModelVersion, { readonly kind: ModelKind; readonly model: FittedModel }>()

/** A version is restored once: it predicts every candle until the next one. */
function restored(kind: ModelKind, version: ModelVersion): FittedModel {
  const known = fitted.get(version)
  if (known?.kind === kind) return known.model
  const model = kind.restore(version.model)
  fitted.set(version, { kind, model })
  return model
}

function checkInForce(version: ModelVersion, row: FeatureRow): void {
  if (version.card.symbol !== row.symbol || version.effectiveFrom > row.eventTime) {
    throw new InvariantError(
      'version_not_in_force',
      `${nameOf(version)}, for ${version.card.symbol} from ${formatTime(version.effectiveFrom)} on, cannot predict ` +
        `${row.symbol} at ${formatTime(row.eventTime)}.`,
    )
  }
}

function nameOf({ name, version }: ModelVersion): string {
  return `${name} version ${version}`
}

function missing(row: FeatureRow, group: FeatureGroup): string {
  const names = group.features.flatMap(({ name }, at) => (Number.isFinite(row.values[at]) ? [] : [name]))
  return names.join(', ') || 'none of the features'
}

/** Joins a prediction with what happened: the last prices at or before `asOf` and at or before `asOf + horizon`. */
export function resolveOutcome(prediction: Prediction, priceAtAsOf: number, priceAtHorizon: number): Outcome {
  const { symbol, asOf, horizon, model, version, value, lower, upper, coverage, late } = prediction
  const outcome = logReturn(priceAtAsOf, priceAtHorizon)
  return {
    symbol,
    asOf,
    horizon,
    model,
    version,
    outcome,
    error: value - outcome,
    covered: lower <= outcome && outcome <= upper,
    coverage,
    late,
  }
}
