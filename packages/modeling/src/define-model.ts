import { type EpochMicros, MICROS_PER_MINUTE, UsageError } from '@c1/market'
import { historicalMean, noChange } from './baselines.ts'
import { elasticNet } from './elastic-net.ts'
import type { FittedModel, ModelKind, TrainingData } from './model.ts'

/** The kinds that take part everywhere: the baselines, and the models that have to beat them. */
export const standardKinds: readonly ModelKind[] = [noChange, historicalMean, elasticNet]

/** Gives a kind of one's own its type, for `models` in `c1.config.ts`. */
export function defineModel<Kind extends ModelKind>(kind: Kind): Kind {
  return kind
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/**
 * Tries every kind on a few made rows before anything relies on it: its name, that it fits, predicts and fits again alike,
 * and that it comes back from JSON with the same predictions.
 *
 * @throws UsageError `model_kind_unusable`, naming everything that is wrong
 */
export function checkModelKinds(kinds: readonly ModelKind[]): void {
  const names = kinds.map(({ name }) => name)
  const faults = kinds.flatMap((kind, at) => {
    if (!NAME.test(kind.name)) return [`"${kind.name}" is not a name: write it like gradient-boosting`]
    if (names.indexOf(kind.name) !== at) return [`"${kind.name}" is there twice: give one of them another name`]
    const fault = faultOf(kind)
    return fault === undefined ? [] : [`"${kind.name}" ${fault}`]
  })
  if (!names.includes(noChange.name)) faults.push(`"${noChange.name}" is missing: every model is judged beside it`)
  if (faults.length > 0) throw new UsageError('model_kind_unusable', `Unusable models: ${faults.join('; ')}.`)
}

function faultOf(kind: ModelKind): string | undefined {
  try {
    const model = kind.fit(TRIAL)
    const json = JSON.stringify(model.toJSON())
    if (json === undefined) return 'gives no JSON: toJSON must give a plain value'
    if (JSON.stringify(kind.fit(TRIAL).toJSON()) !== json)
      return 'fits differently the second time: seed what is random'
    const predictions = answers(model)
    if (!predictions.every(Number.isFinite)) return 'predicts a number that is not finite from complete rows'
    const restored = answers(kind.restore(JSON.parse(json)))
    if (!restored.every((value, row) => Object.is(value, predictions[row]))) return 'predicts differently after restore'
    return undefined
  } catch (thrown) {
    return `fails on made rows: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
}

function answers(model: FittedModel): readonly number[] {
  return TRIAL.inputs.map((values) => model.predict(values))
}

/** Waves that the labels follow in part, on rows a minute apart. */
const TRIAL: TrainingData = {
  names: ['slow', 'fast'],
  inputs: Array.from({ length: 120 }, (_, row) => [Math.sin(row / 7), Math.cos(row * 1.3)]),
  labels: Array.from({ length: 120 }, (_, row) => 1e-3 * (Math.sin(row / 7) + Math.sin(row * 2.1))),
  eventTimes: Array.from({ length: 120 }, (_, row) => (row * MICROS_PER_MINUTE) as EpochMicros),
  horizon: MICROS_PER_MINUTE,
}
