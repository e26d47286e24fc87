import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alphaGrid, largestAlpha, momentsOf, type Penalty, solveElasticNet, weightPath } from './coordinate-descent.ts'

type Matrix = readonly Float64Array[]

/** The objective as it is written, over the rows. */
function objective(columns: Matrix, labels: Float64Array, weights: Float64Array, { alpha, l1Ratio }: Penalty): number {
  const residuals = labels.map((label, row) =>
    columns.reduce((rest, column, at) => rest - (column[row] as number) * (weights[at] as number), label),
  )
  const sum = (values: Float64Array, of: (value: number) => number) =>
    values.reduce((total, value) => total + of(value), 0)
  return (
    sum(residuals, (residual) => residual ** 2) / (2 * labels.length) +
    alpha * l1Ratio * sum(weights, Math.abs) +
    (alpha * (1 - l1Ratio) * sum(weights, (weight) => weight ** 2)) / 2
  )
}

const number = fc.double({ min: -2, max: 2, noNaN: true })
const column = fc.array(number, { minLength: 12, maxLength: 12 }).map((values) => Float64Array.from(values))
const problem = fc.record({
  columns: fc.array(column, { minLength: 1, maxLength: 4 }),
  labels: column,
  alpha: fc.double({ min: 0.01, max: 1, noNaN: true }),
  l1Ratio: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('the elastic-net solution', () => {
  it('has no better neighbour', () => {
    fc.assert(
      fc.property(problem, fc.array(number, { minLength: 4, maxLength: 4 }), ({ columns, labels, ...penalty }, way) => {
        const start = new Float64Array(columns.length)
        const weights = solveElasticNet(momentsOf(columns, labels), penalty, start, 1e-12)
        const least = objective(columns, labels, weights, penalty)
        for (const distance of [1, 0.1, 1e-3]) {
          const neighbour = weights.map((weight, at) => weight + distance * (way[at] as number))
          expect(objective(columns, labels, neighbour, penalty)).toBeGreaterThanOrEqual(least - 1e-9)
        }
      }),
    )
  })

  it('is the soft-thresholded covariance for one column of variance 1', () => {
    const column = Float64Array.from([1, -1, 1, -1])
    const moments = momentsOf([column], Float64Array.from([3, -1, 1, 0]))
    // Covariance 5/4; lasso 0.25 takes from it, ridge 0.25 divides it.
    const [weight] = solveElasticNet(moments, { alpha: 0.5, l1Ratio: 0.5 }, new Float64Array(1), 1e-12)
    expect(weight).toBe((1.25 - 0.25) / 1.25)
  })

  it('is the same from any start', () => {
    const columns = [Float64Array.from([1, -2, 0.5, 0.5]), Float64Array.from([0, 1, -1, 0])]
    const moments = momentsOf(columns, Float64Array.from([2, -3, 1, 0]))
    const from = (start: number) =>
      solveElasticNet(moments, { alpha: 0.1, l1Ratio: 0.5 }, new Float64Array(2).fill(start), 1e-13)
    const [near, far] = [from(0), from(100)]
    for (const [at, weight] of near.entries()) expect(far[at]).toBeCloseTo(weight, 10)
  })

  it('leaves a column without variance at 0, without a penalty too', () => {
    const moments = momentsOf([Float64Array.from([0, 0]), Float64Array.from([1, -1])], Float64Array.from([1, -1]))
    expect([...solveElasticNet(moments, { alpha: 0, l1Ratio: 1 }, new Float64Array(2), 1e-12)]).toEqual([0, 1])
  })
})

describe('the path', () => {
  it('starts at the least alpha that makes every weight 0', () => {
    fc.assert(
      fc.property(problem, ({ columns, labels }) => {
        const moments = momentsOf(columns, labels)
        const largest = largestAlpha(moments, 0.5)
        fc.pre(largest > 1e-3)
        const [atLargest, below] = weightPath(moments, [largest, largest * 0.99], 0.5, 1e-12)
        expect(atLargest?.every((weight) => weight === 0)).toBe(true)
        expect(below?.some((weight) => weight !== 0)).toBe(true)
      }),
    )
  })

  it('goes down in equal ratios', () => {
    const [first, second, last] = alphaGrid(2, 0.01, 3)
    expect(first).toBe(2)
    expect(second).toBeCloseTo(0.2, 12)
    expect(last).toBeCloseTo(0.02, 12)
    expect(alphaGrid(2, 0.01, 1)).toEqual([2])
  })
})
