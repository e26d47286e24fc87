import type { EpochMicros } from '@c1/market'

/**
 * Rows of one symbol to learn from, oldest first. `inputs[i]` holds the values of row `i` in the order of `names` (NaN
 * where one is missing); `labels[i]` its log return over `[eventTimes[i], eventTimes[i] + horizon)`.
 */
export interface TrainingData {
  readonly names: readonly string[]
  readonly inputs: readonly (readonly number[])[]
  readonly labels: readonly number[]
  readonly eventTimes: readonly EpochMicros[]
  /** Microseconds. A kind that splits the rows again (see `walkForward`) needs it to purge overlapping labels. */
  readonly horizon: number
}

/** A model that was fitted. It predicts from values in the order of the names it was fitted with. */
export interface FittedModel {
  /** The log return; NaN when a value that it needs is missing. */
  predict(values: readonly number[]): number
  /** Plain JSON, from which `ModelKind.restore` gives a model with bit-equal predictions. */
  toJSON(): unknown
}

/** A way to learn. Users bring their own through `models` in `c1.config.ts`. Fitting is deterministic. */
export interface ModelKind {
  /** Stable: it is written into the registry. */
  readonly name: string
  /** A baseline is what others must beat; it never has to beat anything itself. */
  readonly baseline: boolean
  fit(data: TrainingData): FittedModel
  /** @throws MalformedError `model_malformed` when `json` is not what `toJSON` gave */
  restore(json: unknown): FittedModel
}
