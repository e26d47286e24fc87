import { readFileSync } from 'node:fs'
import { type EpochMicros, MICROS_PER_MINUTE } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { alphaGrid, largestAlpha, momentsOf, weightPath } from './coordinate-descent.ts'
import { choosePenalty, elasticNet, fitElasticNet } from './elastic-net.ts'
import type { FittedModel, TrainingData } from './model.ts'
import { standardDeviation, standardise } from './standardise.ts'
import { mean } from './statistics.ts'

interface ReferenceCase {
  readonly alpha: number
  readonly l1Ratio: number
  readonly weights: readonly number[]
  readonly intercept: number
  readonly predictions: readonly number[]
}

/** Results of scikit-learn; fixtures/make_elastic_net.py writes them. */
const reference: {
  trainingRows: number
  horizonMinutes: number
  inputs: number[][]
  labels: number[]
  minutes: number[]
  cases: ReferenceCase[]
  leastSquares: ReferenceCase
  paths: { l1Ratio: number; alphas: number[]; weights: number[][] }[]
  selection: { alpha: number; l1Ratio: number; predictions: number[] }
} = JSON.parse(readFileSync(new URL('../fixtures/elastic-net.json', import.meta.url), 'utf8'))

const { trainingRows, inputs, labels } = reference
const names = ['first', 'second', 'nearlyFirst', 'price', 'constant', 'tiny']
const training: TrainingData = {
  names,
  inputs: inputs.slice(0, trainingRows),
  labels: labels.slice(0, trainingRows),
  eventTimes: reference.minutes.slice(0, trainingRows).map((minute) => (minute * MICROS_PER_MINUTE) as EpochMicros),
  horizon: reference.horizonMinutes * MICROS_PER_MINUTE,
}
const testInputs = inputs.slice(trainingRows)

/** Labels are near 1e-3, so this is nine digits of them. */
const CLOSE = 1e-12
function expectClose(actual: readonly number[], expected: readonly number[], tolerance = CLOSE): void {
  expect(actual.length).toBe(expected.length)
  for (const [at, value] of expected.entries()) expect(Math.abs((actual[at] as number) - value)).toBeLessThan(tolerance)
}

interface Stored {
  readonly alpha: number
  readonly l1Ratio: number
  readonly intercept: number
  readonly terms: { name: string; weight: number }[]
  readonly leftOut: { name: string; reason: string }[]
}
const stored = (model: FittedModel) => model.toJSON() as Stored
const weightsOf = (model: FittedModel) =>
  names.map((name) => stored(model).terms.find((term) => term.name === name)?.weight ?? 0)

describe('the elastic net and scikit-learn', () => {
  it.each(reference.cases)('agree at alpha $alpha, l1Ratio $l1Ratio', (expected) => {
    const model = fitElasticNet(training, expected, 1e-13)
    expectClose(weightsOf(model), expected.weights)
    expectClose([stored(model).intercept], [expected.intercept])
    expectClose(testInputs.map(model.predict), expected.predictions)
    expect(weightsOf(model).map((weight) => weight !== 0)).toEqual(expected.weights.map((weight) => weight !== 0))
  })

  it('agree on least squares without a penalty', () => {
    const model = fitElasticNet(training, reference.leastSquares, 1e-14)
    expectClose(weightsOf(model), reference.leastSquares.weights)
    expectClose(testInputs.map(model.predict), reference.leastSquares.predictions)
  })

  it.each(reference.paths)('agree along the path of l1Ratio $l1Ratio', ({ l1Ratio, alphas, weights }) => {
    const [center, scale] = [mean(training.labels), standardDeviation(training.labels, mean(training.labels))]
    const { columns } = standardise(training.inputs, [...names.keys()])
    const moments = momentsOf(
      columns,
      Float64Array.from(training.labels, (label) => (label - center) / scale),
    )
    const grid = alphaGrid(largestAlpha(moments, l1Ratio), 1e-2, alphas.length)
    expectClose(grid, alphas, 1e-12)
    const path = weightPath(moments, grid, l1Ratio, 1e-13)
    for (const [at, expected] of weights.entries()) expectClose([...(path[at] as Float64Array)], expected, 1e-9)
  })

  it('choose the same penalty by inner walk-forward', () => {
    const { alpha, l1Ratio } = choosePenalty(training)
    expect(l1Ratio).toBe(reference.selection.l1Ratio)
    expect(alpha).toBeCloseTo(reference.selection.alpha, 12)
    // Fitted with the everyday tolerance: 1e-6 of a label of 1e-3.
    const model = elasticNet.fit(training)
    expect(stored(model)).toMatchObject({ alpha, l1Ratio })
    expectClose(testInputs.map(model.predict), reference.selection.predictions, 1e-8)
  })
})

describe('the elastic net', () => {
  const withValue = (row: number, column: number, value: number): TrainingData => ({
    ...training,
    inputs: training.inputs.map((values, at) => (at === row ? values.with(column, value) : values)),
  })

  it('comes back from JSON with bit-equal predictions', () => {
    const model = elasticNet.fit(training)
    const restored = elasticNet.restore(JSON.parse(JSON.stringify(model.toJSON())))
    for (const row of testInputs) expect(restored.predict(row)).toBe(model.predict(row))
    expect(JSON.stringify(restored.toJSON())).toBe(JSON.stringify(model.toJSON()))
  })

  it('fits the same twice', () => {
    expect(JSON.stringify(elasticNet.fit(training).toJSON())).toBe(JSON.stringify(elasticNet.fit(training).toJSON()))
  })

  it('finds the same model of returns whatever their size', () => {
    const larger = { ...training, labels: training.labels.map((label) => label * 2 ** 10) }
    const [small, large] = [elasticNet.fit(training), elasticNet.fit(larger)]
    expect(stored(small).terms.length).toBeGreaterThan(0)
    for (const row of testInputs) expect(large.predict(row)).toBe(small.predict(row) * 2 ** 10)
  })

  it('leaves out constant columns and those that miss a value, and says so', () => {
    for (const missing of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const model = elasticNet.fit(withValue(3, 0, missing))
      expect(stored(model).leftOut).toEqual([
        { name: 'first', reason: 'missing values' },
        { name: 'constant', reason: 'constant' },
      ])
      expect(stored(model).terms.map(({ name }) => name)).not.toContain('first')
    }
  })

  it('takes a column for constant that differs by rounding only', () => {
    const model = elasticNet.fit(withValue(3, 4, 0.1 + 2 ** -55))
    expect(stored(model).leftOut).toEqual([{ name: 'constant', reason: 'constant' }])
  })

  it('gives NaN when a value that it needs is missing, and none when it does not need it', () => {
    const model = fitElasticNet(training, { alpha: 0.3, l1Ratio: 1 })
    const row = testInputs[0] as number[]
    expect(stored(model).terms.map(({ name }) => name)).toEqual(['nearlyFirst', 'price'])
    expect(model.predict(row.with(2, Number.NaN))).toBeNaN()
    expect(model.predict(row.with(3, Number.POSITIVE_INFINITY))).toBeNaN()
    expect(model.predict(row.with(0, Number.NaN))).toBe(model.predict(row))
  })

  it.each([
    ['labels are all equal', { ...training, labels: training.labels.map(() => 0.5) }, 0.5],
    ['there are no inputs', { ...training, names: [], inputs: training.inputs.map(() => []) }, mean(training.labels)],
    [
      'there is one row',
      { ...training, inputs: inputs.slice(0, 1), labels: [0.25], eventTimes: training.eventTimes.slice(0, 1) },
      0.25,
    ],
  ])('is the mean where %s', (_, data, expected) => {
    const model = elasticNet.fit(data)
    expect(stored(model).terms).toEqual([])
    expect(model.predict([])).toBe(expected)
  })

  it.each([
    null,
    [],
    { names },
    { names, alpha: 1, l1Ratio: 1, intercept: Number.NaN, terms: [], leftOut: [] },
    {
      names,
      alpha: 1,
      l1Ratio: 1,
      intercept: 0,
      terms: [{ name: 'unknown', mean: 0, scale: 1, weight: 1 }],
      leftOut: [],
    },
    { names, alpha: 1, l1Ratio: 1, intercept: 0, terms: [{ name: 'price', mean: 0, scale: 1 }], leftOut: [] },
    { names, alpha: 1, l1Ratio: 1, intercept: 0, terms: [], leftOut: [{ name: 'price', reason: 'dull' }] },
  ])('refuses JSON that is not its own: %j', (json) => {
    expect(() => elasticNet.restore(json)).toThrow(expect.objectContaining({ code: 'model_malformed' }))
  })
})
