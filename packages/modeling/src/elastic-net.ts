import {
  alphaGrid,
  dot,
  largestAlpha,
  type Moments,
  momentsOf,
  type Penalty,
  weightPath,
} from './coordinate-descent.ts'
import { Fields } from './fields.ts'
import type { FittedModel, ModelKind, TrainingData } from './model.ts'
import { type StandardColumns, standardDeviation, standardise } from './standardise.ts'
import { mean } from './statistics.ts'
import { walkForward } from './walk-forward.ts'

const L1_RATIOS = [1, 0.5, 0.1] as const
const ALPHAS = 20
const SMALLEST_ALPHA_RATIO = 1e-2
const INNER_FOLDS = 3
/** In standard deviations of the label; far below what rows can tell. */
const TOLERANCE = 1e-6

/** One input's part of the prediction: `weight * (value - mean) / scale`. */
interface Term {
  readonly name: string
  readonly mean: number
  readonly scale: number
  /** Log return per standard deviation of the input. */
  readonly weight: number
}

const REASONS = ['constant', 'missing values'] as const

interface LeftOut {
  readonly name: string
  readonly reason: (typeof REASONS)[number]
}

/** What is stored of an elastic net. Inputs that are in neither list have weight 0. */
interface ElasticNetModel {
  /** All inputs, in the order in which `predict` takes their values. */
  readonly names: readonly string[]
  /** Penalty for labels of standard deviation 1. */
  readonly alpha: number
  readonly l1Ratio: number
  readonly intercept: number
  readonly terms: readonly Term[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * Linear regression on standardised inputs with the elastic-net penalty (Zou and Hastie 2005).
 *
 * Labels are scaled to standard deviation 1 before the penalty is chosen: returns of 1e-3 under an alpha made for numbers
 * near 1 would give a constant. Alpha (20 from the least that makes every weight 0 down to a hundredth of it) and
 * l1Ratio (1, 0.5, 0.1) are those with the least squared error in an inner walk-forward of 3 folds over the training rows
 * alone; of equals the stronger. That is the minimum and not the strongest penalty within one standard error of it: the
 * latter gives up weak signals, and whether skill may be claimed is decided out of sample anyway (see `promote`).
 *
 * An input that is constant, or misses a value in any training row, is left out, and the stored model says so.
 */
export const elasticNet: ModelKind = {
  name: 'elastic-net',
  baseline: false,
  fit: (data) => fitElasticNet(data, choosePenalty(data)),
  restore: (json) => fittedModel(readModel(new Fields(json, 'model'))),
}

/** Fits at a given penalty, whose alpha is for labels of standard deviation 1. */
export function fitElasticNet(data: TrainingData, penalty: Penalty, tolerance: number = TOLERANCE): FittedModel {
  const indexes = completeColumns(data)
  const design = designOf(data.inputs, data.labels, indexes)
  const weights = weightsAt(design.moments, penalty, tolerance)
  return fittedModel({
    names: data.names,
    alpha: penalty.alpha,
    l1Ratio: penalty.l1Ratio,
    intercept: design.labelMean,
    terms: termsOf(data.names, indexes, design, weights),
    leftOut: leftOut(data.names, indexes, design.scales),
  })
}

/** Training rows in the form that the descent takes. */
interface Design extends StandardColumns {
  readonly labelMean: number
  readonly labelScale: number
  /** Of standardised inputs and labels. */
  readonly moments: Moments
}

type Rows = readonly (readonly number[])[]

function designOf(inputs: Rows, labels: readonly number[], indexes: readonly number[]): Design {
  const standard = standardise(inputs, indexes)
  const labelMean = mean(labels)
  const labelScale = standardDeviation(labels, labelMean)
  const standardLabels = Float64Array.from(labels, (label) => (labelScale === 0 ? 0 : (label - labelMean) / labelScale))
  return { ...standard, labelMean, labelScale, moments: momentsOf(standard.columns, standardLabels) }
}

/** Indexes of the inputs that miss no value in any row. */
function completeColumns({ names, inputs }: TrainingData): readonly number[] {
  return [...names.keys()].filter((index) => inputs.every((row) => Number.isFinite(row[index])))
}

function leftOut(names: readonly string[], indexes: readonly number[], scales: readonly number[]): readonly LeftOut[] {
  return names.flatMap((name, index): LeftOut[] => {
    const at = indexes.indexOf(index)
    if (at === -1) return [{ name, reason: 'missing values' }]
    return scales[at] === 0 ? [{ name, reason: 'constant' }] : []
  })
}

/** Solved down the path to the alpha and not at once: it ends at the same weights, in fewer sweeps. */
function weightsAt(moments: Moments, { alpha, l1Ratio }: Penalty, tolerance: number): Float64Array {
  const above = l1Ratio > 0 ? gridOf(moments, l1Ratio).filter((step) => step > alpha) : []
  return weightPath(moments, [...above, alpha], l1Ratio, tolerance).at(-1) as Float64Array
}

function gridOf(moments: Moments, l1Ratio: number): readonly number[] {
  return alphaGrid(largestAlpha(moments, l1Ratio), SMALLEST_ALPHA_RATIO, ALPHAS)
}

function termsOf(
  names: readonly string[],
  indexes: readonly number[],
  { means, scales, labelScale }: Design,
  weights: Float64Array,
): readonly Term[] {
  return indexes.flatMap((index, at): Term[] => {
    const weight = (weights[at] as number) * labelScale
    if (weight === 0) return []
    return [{ name: names[index] as string, mean: means[at] as number, scale: scales[at] as number, weight }]
  })
}

/** The penalty with the least squared error over the inner walk-forward's test rows; of equals the first and strongest. */
export function choosePenalty(data: TrainingData): Penalty {
  const { eventTimes, horizon, inputs, labels } = data
  const indexes = completeColumns(data)
  const { moments } = designOf(inputs, labels, indexes)
  const paths = L1_RATIOS.map((l1Ratio) => ({ l1Ratio, alphas: gridOf(moments, l1Ratio) }))
  const errors = paths.map(() => new Float64Array(ALPHAS))
  for (const { trainEnd, testStart, testEnd } of walkForward(eventTimes, { folds: INNER_FOLDS, horizon })) {
    const design = designOf(inputs.slice(0, trainEnd), labels.slice(0, trainEnd), indexes)
    const [rows, outcomes] = [inputs.slice(testStart, testEnd), labels.slice(testStart, testEnd)]
    const standardRows = rows.map((row) => standardRow(row, indexes, design))
    for (const [at, { l1Ratio, alphas }] of paths.entries()) {
      const weights = weightPath(design.moments, alphas, l1Ratio, TOLERANCE)
      addSquaredErrors(errors[at] as Float64Array, weights, standardRows, outcomes, design)
    }
  }
  const candidates = paths.flatMap(({ l1Ratio, alphas }, at) =>
    alphas.map((alpha, step) => ({ alpha, l1Ratio, error: errors[at]?.[step] as number })),
  )
  const { alpha, l1Ratio } = candidates.reduce((best, next) => (next.error < best.error ? next : best))
  return { alpha, l1Ratio }
}

function standardRow(row: readonly number[], indexes: readonly number[], { means, scales }: Design): Float64Array {
  return Float64Array.from(indexes, (index, at) => {
    const scale = scales[at] as number
    return scale === 0 ? 0 : ((row[index] as number) - (means[at] as number)) / scale
  })
}

/** Adds to `errors[i]` the squared errors of `weights[i]` over the rows. */
function addSquaredErrors(
  errors: Float64Array,
  weights: readonly Float64Array[],
  standardRows: readonly Float64Array[],
  outcomes: readonly number[],
  { labelMean, labelScale }: Design,
): void {
  for (const [step, vector] of weights.entries()) {
    for (const [at, row] of standardRows.entries()) {
      const error = (outcomes[at] as number) - labelMean - labelScale * dot(row, vector)
      errors[step] = (errors[step] as number) + error * error
    }
  }
}

function fittedModel(model: ElasticNetModel): FittedModel {
  const places = model.terms.map((term) => ({ ...term, index: model.names.indexOf(term.name) }))
  return {
    predict: (values) => {
      let sum = model.intercept
      for (const { index, mean, scale, weight } of places) sum += (weight * ((values[index] as number) - mean)) / scale
      return Number.isFinite(sum) ? sum : Number.NaN
    },
    toJSON: () => model,
  }
}

function readModel(model: Fields): ElasticNetModel {
  const names = model.texts('names')
  return {
    names,
    alpha: model.number('alpha'),
    l1Ratio: model.number('l1Ratio'),
    intercept: model.number('intercept'),
    terms: model.list('terms', (term) => readTerm(term, names)),
    leftOut: model.list('leftOut', (column) => ({
      name: column.text('name'),
      reason: column.oneOf('reason', REASONS),
    })),
  }
}

function readTerm(term: Fields, names: readonly string[]): Term {
  return {
    name: term.oneOf('name', names),
    mean: term.number('mean'),
    scale: term.number('scale'),
    weight: term.number('weight'),
  }
}
