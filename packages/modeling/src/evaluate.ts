import type { ModelKind, TrainingData } from './model.ts'
import type { Candidate } from './scores.ts'
import type { Fold } from './walk-forward.ts'

export interface Evaluation {
  readonly candidates: readonly Candidate[]
  readonly outcomes: readonly number[]
  /** Out-of-sample rows that some kind could not answer. */
  readonly unscored: number
}

/** What every kind, fitted anew on each fold's training rows, says of the fold's test rows. */
export function evaluateKinds(data: TrainingData, kinds: readonly ModelKind[], folds: readonly Fold[]): Evaluation {
  const outcomes = folds.flatMap(({ testStart, testEnd }) => data.labels.slice(testStart, testEnd))
  const predictions = kinds.map((kind) => folds.flatMap((fold) => predictFold(kind, data, fold)))
  const answered = outcomes.map((_, row) => predictions.every((values) => Number.isFinite(values[row])))
  const scored = <Value>(values: readonly Value[]): Value[] => values.filter((_, row) => answered[row])
  return {
    candidates: kinds.map(({ name, baseline }, at) => ({
      kind: name,
      baseline,
      predictions: scored(predictions[at] as readonly number[]),
    })),
    outcomes: scored(outcomes),
    unscored: answered.filter((answer) => !answer).length,
  }
}

function predictFold(kind: ModelKind, data: TrainingData, { trainEnd, testStart, testEnd }: Fold): readonly number[] {
  const model = kind.fit({
    ...data,
    inputs: data.inputs.slice(0, trainEnd),
    labels: data.labels.slice(0, trainEnd),
    eventTimes: data.eventTimes.slice(0, trainEnd),
  })
  return data.inputs.slice(testStart, testEnd).map((values) => model.predict(values))
}
