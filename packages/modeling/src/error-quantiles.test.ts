import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorQuantiles, errorsNeeded } from './error-quantiles.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

describe('split-conformal error quantiles', () => {
  it('are the extremes of as few errors as the coverage needs', () => {
    expect(errorsNeeded(0.9)).toBe(19)
    expect(errorsNeeded(0.5)).toBe(3)
    expect(errorQuantiles(upTo(19).reverse(), 0.9)).toEqual({ lower: 1, upper: 19 })
  })

  it('are the floor((n + 1) a / 2)-th error from either end', () => {
    expect(errorQuantiles(upTo(99), 0.9)).toEqual({ lower: 5, upper: 95 })
    expect(errorQuantiles(upTo(98), 0.9)).toEqual({ lower: 4, upper: 95 })
    expect(errorQuantiles(upTo(3), 0.5)).toEqual({ lower: 1, upper: 3 })
  })

  it('hold each of n + 1 exchangeable errors in turn at least as often as promised', () => {
    const coverage = fc.constantFrom(0.5, 0.8, 0.9, 0.95)
    fc.assert(
      fc.property(coverage, fc.integer({ min: 0, max: 200 }), (coverage, more) => {
        const errors = upTo(errorsNeeded(coverage) + 1 + more)
        const held = errors.filter((error) => {
          const { lower, upper } = errorQuantiles(
            errors.filter((other) => other !== error),
            coverage,
          )
          return lower <= error && error <= upper
        })
        expect(held.length / errors.length).toBeGreaterThanOrEqual(coverage - 1e-9)
      }),
    )
  })
})
