/** The second moments that the elastic net's objective depends on, of `size` columns and centred labels over n rows. */
export interface Moments {
  readonly size: number
  /** `X'X / n`, row by row. */
  readonly gram: Float64Array
  /** `X'y / n`. */
  readonly covariance: Float64Array
}

export interface Penalty {
  /** Strength, in the units of the labels; 0 is least squares. */
  readonly alpha: number
  /** 1 is the lasso, 0 is ridge. */
  readonly l1Ratio: number
}

/** Columns of equal length, centred; labels centred. */
export function momentsOf(columns: readonly Float64Array[], labels: Float64Array): Moments {
  const size = columns.length
  const gram = new Float64Array(size * size)
  for (const [row, left] of columns.entries()) {
    for (let column = 0; column <= row; column++) {
      const product = dot(left, columns[column] as Float64Array) / labels.length
      gram[row * size + column] = product
      gram[column * size + row] = product
    }
  }
  return { size, gram, covariance: Float64Array.from(columns, (column) => dot(column, labels) / labels.length) }
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number)
  return sum
}

/** The least alpha at which every weight is 0. @param l1Ratio above 0 */
export function largestAlpha(moments: Moments, l1Ratio: number): number {
  return moments.covariance.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / l1Ratio
}

/** `count` alphas from `largest` down to `largest * ratio`, evenly spaced in their logarithm. */
export function alphaGrid(largest: number, ratio: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, step) => largest * ratio ** (step / Math.max(count - 1, 1)))
}

/** The weights at each alpha, each solved from the ones before it. */
export function weightPath(
  moments: Moments,
  alphas: readonly number[],
  l1Ratio: number,
  tolerance: number,
): readonly Float64Array[] {
  let weights: Float64Array = new Float64Array(moments.size)
  return alphas.map((alpha) => {
    weights = solveElasticNet(moments, { alpha, l1Ratio }, weights, tolerance)
    return weights
  })
}

/** Columns that depend on each other can make the descent slow; the weights found by then predict as well. */
const MAX_SWEEPS = 10_000

/**
 * The weights that minimise scikit-learn's elastic-net objective
 *
 *     1 / (2n) ||y - Xw||^2  +  alpha * l1Ratio * ||w||_1  +  alpha * (1 - l1Ratio) / 2 * ||w||^2
 *
 * by cyclic coordinate descent with covariance updates (Friedman, Hastie, Tibshirani 2010, section 2.2), from `start`,
 * until no weight breaks the optimality conditions by more than `tolerance`, which is in the units of `covariance`.
 *
 * @see https://scikit-learn.org/stable/modules/linear_model.html#elastic-net
 */
export function solveElasticNet(
  moments: Moments,
  penalty: Penalty,
  start: Float64Array,
  tolerance: number,
): Float64Array {
  const lasso = penalty.alpha * penalty.l1Ratio
  const ridge = penalty.alpha * (1 - penalty.l1Ratio)
  const weights = Float64Array.from(start)
  const residual = residualCovariance(moments, weights)
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    updateEach(moments, weights, residual, lasso, ridge)
    if (violation(weights, residual, lasso, ridge) <= tolerance) break
  }
  return weights
}

/** `X'(y - Xw) / n`. */
function residualCovariance({ size, gram, covariance }: Moments, weights: Float64Array): Float64Array {
  return covariance.map((value, row) => value - dot(gram.subarray(row * size, (row + 1) * size), weights))
}

function updateEach(
  { size, gram }: Moments,
  weights: Float64Array,
  residual: Float64Array,
  lasso: number,
  ridge: number,
): void {
  for (let at = 0; at < size; at++) {
    const variance = gram[at * size + at] as number
    // A column without variance says nothing; its weight stays where it started, at 0.
    if (variance === 0) continue
    const before = weights[at] as number
    const pull = (residual[at] as number) + variance * before
    const after = softThreshold(pull, lasso) / (variance + ridge)
    if (after === before) continue
    weights[at] = after
    const step = after - before
    const offset = at * size
    for (let other = 0; other < size; other++) {
      residual[other] = (residual[other] as number) - step * (gram[offset + other] as number)
    }
  }
}

function softThreshold(value: number, threshold: number): number {
  if (value > threshold) return value - threshold
  return value < -threshold ? value + threshold : 0
}

/** The largest distance of the objective's subgradient from 0. */
function violation(weights: Float64Array, residual: Float64Array, lasso: number, ridge: number): number {
  let largest = 0
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at] as number
    const slope = (residual[at] as number) - ridge * weight
    const distance = weight === 0 ? Math.abs(slope) - lasso : Math.abs(slope - Math.sign(weight) * lasso)
    largest = Math.max(largest, distance)
  }
  return largest
}
