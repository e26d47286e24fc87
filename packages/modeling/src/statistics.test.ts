import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mean, meanWithError, overlapLag, tStatistic } from './statistics.ts'

const series = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 60 })

describe('the standard error of a mean', () => {
  it('is s / sqrt(n) without overlap', () => {
    // s^2 = 13/3 with n - 1.
    const { mean, standardError } = meanWithError([1, 3, 4, 6], 0)
    expect(mean).toBe(3.5)
    expect(standardError).toBeCloseTo(Math.sqrt(13 / 3 / 4), 12)
  })

  it('with overlap is the Diebold-Mariano one with the Harvey-Leybourne-Newbold correction', () => {
    const values = [3, 4, 6, 5, 2, 1, 2, 4, 6, 7]
    const [n, h] = [values.length, 3]
    const average = mean(values)
    const covariance = (k: number) =>
      values.slice(k).reduce((sum, value, at) => sum + (value - average) * ((values[at] as number) - average), 0) / n
    const variance = (covariance(0) + 2 * covariance(1) + 2 * covariance(2)) / n
    const tapered = (covariance(0) + (4 / 3) * covariance(1) + (2 / 3) * covariance(2)) / n
    const correction = (n + 1 - 2 * h + (h * (h - 1)) / n) / n
    expect(meanWithError(values, h - 1).standardError).toBeCloseTo(
      Math.sqrt(Math.max(variance, tapered) / correction),
      12,
    )
  })

  it('is never less than the Newey-West one, so never imaginary', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 0, max: 10 }), (values, lag) => {
        expect(meanWithError(values, lag).standardError).toBeGreaterThanOrEqual(0)
      }),
    )
    // Alternating: the plain sum of autocovariances is below 0.
    expect(meanWithError([1, -1, 1, -1, 1, -1, 1, -1], 1).standardError).toBeGreaterThan(0)
  })

  it('grows by about the square root of the overlap when every value is repeated', () => {
    const values = Array.from({ length: 400 }, (_, at) => Math.sin(at * at))
    const repeated = values.flatMap((value) => [value, value, value, value])
    const ratio = meanWithError(repeated, 3).standardError / meanWithError(repeated, 0).standardError
    expect(ratio).toBeGreaterThan(1.6)
    expect(ratio).toBeLessThan(2.1)
  })

  it('is infinite for a series that is one overlap long', () => {
    expect(meanWithError([1, 2, 3], 2).standardError).toBe(Number.POSITIVE_INFINITY)
    expect(meanWithError([1, 2, 3], 9).standardError).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a t statistic', () => {
  it('is the mean in standard errors', () => {
    expect(tStatistic({ mean: 3, standardError: 2 })).toBe(1.5)
  })

  it('is 0 where nothing differs, or where there is no error to judge by', () => {
    expect(tStatistic(meanWithError([0, 0, 0], 0))).toBe(0)
    expect(tStatistic(meanWithError([], 0))).toBe(0)
  })
})

describe('the overlap of labels', () => {
  it('is the number of following rows within one horizon', () => {
    expect([1, 59, 60, 61, 300].map((horizon) => overlapLag(horizon, 60))).toEqual([0, 0, 0, 1, 4])
  })
})
