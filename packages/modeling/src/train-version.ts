import type { FeatureGroup, FeatureRow } from '@c1/features'
import {
  type EpochMicros,
  formatSpan,
  formatTime,
  InvariantError,
  intervalMicros,
  type MarketSymbol,
  symbolSlug,
  UsageError,
} from '@c1/market'
import { noChange } from './baselines.ts'
import { closeColumn, inputColumns } from './columns.ts'
import { dataDigest } from './digest.ts'
import { errorQuantiles, errorsNeeded } from './error-quantiles.ts'
import { type Evaluation, evaluateKinds } from './evaluate.ts'
import { labelRows } from './labels.ts'
import type { ModelKind, TrainingData } from './model.ts'
import type { ModelVersion } from './model-version.ts'
import { promote } from './promote.ts'
import { scoreCandidates } from './scores.ts'
import { overlapLag } from './statistics.ts'
import { type Fold, walkForward } from './walk-forward.ts'

export interface TrainingSettings {
  /** Test parts of the walk-forward evaluation. */
  readonly folds: number
  /** Fewer rows with a known label than this, and nothing is trained. */
  readonly minRows: number
  /** Probability, between 0 and 1, with which the prediction interval is to hold the outcome. */
  readonly coverage: number
}

export interface TrainingRequest {
  /**
   * The feature rows of one symbol by event time, as known at `cutOff`: the newest revision of each with `availableAt` at or
   * before it. Every row up to `cutOff` must be there, since labels read prices from them.
   */
  readonly rows: readonly FeatureRow[]
  readonly group: FeatureGroup
  readonly symbol: MarketSymbol
  /** Microseconds, a whole multiple of the group's interval: prices are known at candle closes only. */
  readonly horizon: number
  readonly cutOff: EpochMicros
  /** The candidates; `no-change` must be one of them. */
  readonly kinds: readonly ModelKind[]
  readonly settings: TrainingSettings
  /** `kraken`, `simulator-...` or `replay-...`. */
  readonly source: string
  readonly codeVersion: string
  readonly version: number
  readonly effectiveFrom: EpochMicros
}

/** Why there is nothing to train yet, in one sentence. */
export interface Skipped {
  readonly skipped: string
}

/** The registered name of a symbol's model: `BTC-USD-return-1m`. */
export function modelName(symbol: MarketSymbol, horizon: number): string {
  return `${symbolSlug(symbol)}-return-${formatSpan(horizon)}`
}

/**
 * Evaluates every kind on the same rows by walk-forward, decides which one serves (see `promote`), fits that one on all
 * rows and describes it. The same request gives the same version, byte for byte.
 *
 * @throws UsageError `horizon_unusable`, `training_settings`
 * @throws InvariantError `row_after_cut_off`, `rows_unordered`, `group_without_close`, `kind_missing`
 */
export function trainVersion(request: TrainingRequest): ModelVersion | Skipped {
  checkRequest(request)
  const labelled = trainingData(request)
  const { data } = labelled
  const folds = walkForward(data.eventTimes, { folds: request.settings.folds, horizon: request.horizon })
  const skipped = tooFewRows(request, data, folds)
  if (skipped !== undefined) return { skipped }
  const evaluation = evaluateKinds(data, request.kinds, folds)
  const unusable = tooFewScored(request, evaluation)
  if (unusable !== undefined) return { skipped: unusable }
  return describeVersion(request, labelled, evaluation)
}

function checkRequest({ group, horizon, kinds, settings, rows, cutOff }: TrainingRequest): void {
  const interval = intervalMicros(group.interval)
  if (!(horizon > 0 && horizon % interval === 0)) {
    throw new UsageError(
      'horizon_unusable',
      `A horizon of ${formatSpan(horizon)} does not fit ${group.interval} candles: choose a whole multiple of ${group.interval}.`,
    )
  }
  const { folds, minRows, coverage } = settings
  if (!(Number.isInteger(folds) && folds >= 1 && Number.isInteger(minRows) && coverage > 0 && coverage < 1)) {
    throw new UsageError(
      'training_settings',
      `Cannot train with folds ${folds}, minRows ${minRows}, coverage ${coverage}: whole numbers from 1, and a coverage between 0 and 1.`,
    )
  }
  if (!kinds.some(({ name }) => name === noChange.name)) {
    throw new InvariantError(
      'kind_missing',
      `Models are judged beside "${noChange.name}": it must be one of the kinds.`,
    )
  }
  const early = rows.find(({ eventTime, availableAt }) => eventTime > cutOff || availableAt > cutOff)
  if (early !== undefined) {
    throw new InvariantError(
      'row_after_cut_off',
      `Row ${formatTime(early.eventTime)}, available at ${formatTime(early.availableAt)}, was not known at ${formatTime(cutOff)}.`,
    )
  }
}

interface LabelledRows {
  readonly rows: readonly FeatureRow[]
  readonly data: TrainingData
}

function trainingData({ rows, group, horizon, cutOff }: TrainingRequest): LabelledRows {
  const labels = labelRows(rows, closeColumn(group), horizon, cutOff)
  const labelled = labels.map(({ index }) => rows[index] as FeatureRow)
  const columns = inputColumns(group)
  return {
    rows: labelled,
    data: {
      names: columns.map((column) => group.features[column]?.name as string),
      inputs: labelled.map(({ values }) => columns.map((column) => values[column] as number)),
      labels: labels.map(({ value }) => value),
      eventTimes: labelled.map(({ eventTime }) => eventTime),
      horizon,
    },
  }
}

function tooFewRows(
  { settings, horizon }: TrainingRequest,
  { labels }: TrainingData,
  folds: readonly Fold[],
): string | undefined {
  if (labels.length < settings.minRows) {
    return `${rowsText(labels.length)} with a known outcome, ${settings.minRows} needed`
  }
  if (folds[0]?.trainEnd === 0) {
    return `${labels.length} rows span too little time for a horizon of ${formatSpan(horizon)}: purging leaves none to learn from`
  }
  return undefined
}

function tooFewScored({ settings, horizon, group }: TrainingRequest, { outcomes }: Evaluation): string | undefined {
  const needed = Math.max(errorsNeeded(settings.coverage), overlapLag(horizon, intervalMicros(group.interval)) + 2)
  if (outcomes.length < needed) return `${rowsText(outcomes.length)} could be scored out of sample, ${needed} needed`
  if (outcomes.every((outcome) => outcome === 0)) return 'the price did not change in any out-of-sample row'
  return undefined
}

function rowsText(count: number): string {
  return `${count} ${count === 1 ? 'row' : 'rows'}`
}

function describeVersion(
  request: TrainingRequest,
  { rows, data }: LabelledRows,
  { candidates, outcomes, unscored }: Evaluation,
): ModelVersion {
  const { symbol, horizon, group, kinds, settings } = request
  const scores = scoreCandidates(candidates, outcomes, overlapLag(horizon, intervalMicros(group.interval)))
  const { kind: champion, reason } = promote(scores)
  const predictions = candidates.find(({ kind }) => kind === champion)?.predictions as readonly number[]
  const errors = outcomes.map((outcome, row) => outcome - (predictions[row] as number))
  const { lower, upper } = errorQuantiles(errors, settings.coverage)
  return {
    name: modelName(symbol, horizon),
    version: request.version,
    cutOff: request.cutOff,
    effectiveFrom: request.effectiveFrom,
    kind: champion,
    model: kinds
      .find(({ name }) => name === champion)
      ?.fit(data)
      .toJSON(),
    errorLower: lower,
    errorUpper: upper,
    coverage: settings.coverage,
    card: {
      symbol,
      interval: group.interval,
      horizon,
      features: data.names,
      firstEventTime: data.eventTimes[0] as EpochMicros,
      lastEventTime: data.eventTimes.at(-1) as EpochMicros,
      rowCount: rows.length,
      dataDigest: dataDigest(rows, data.labels),
      folds: settings.folds,
      purge: horizon,
      embargo: horizon,
      unscored,
      scores,
      champion,
      reason,
      codeVersion: request.codeVersion,
      source: request.source,
    },
  }
}
