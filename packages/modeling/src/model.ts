/** Rows to learn from. `inputs[i]` holds the values of row `i` in the order of `names`; `labels[i]` its log return. */
export interface TrainingData {
  readonly names: readonly string[]
  readonly inputs: readonly (readonly number[])[]
  readonly labels: readonly number[]
}

/** A model that was fitted. It predicts from values in the order of the names it was fitted with. */
export interface FittedModel {
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
