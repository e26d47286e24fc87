import { Fields } from './fields.ts'
import type { FittedModel, ModelKind } from './model.ts'
import { mean } from './statistics.ts'

/** Says that the price stays where it is. */
export const noChange: ModelKind = {
  name: 'no-change',
  baseline: true,
  fit: () => constant(0),
  restore: () => constant(0),
}

/** Says the mean of the training labels, whatever the inputs are. */
export const historicalMean: ModelKind = {
  name: 'historical-mean',
  baseline: true,
  fit: ({ labels }) => constant(mean(labels)),
  restore: (json) => constant(new Fields(json, 'model').number('value')),
}

function constant(value: number): FittedModel {
  return { predict: () => value, toJSON: () => ({ value }) }
}
