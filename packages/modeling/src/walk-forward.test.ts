import type { EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { walkForward } from './walk-forward.ts'

const times = (values: readonly number[]) => values as EpochMicros[]
const everyMinute = times(Array.from({ length: 40 }, (_, at) => at))

describe('walk-forward folds', () => {
  it('cut the rows into blocks and purge before each test', () => {
    // Labels of 2 and an embargo of 3: the last training row stands 5 before the test.
    expect(walkForward(everyMinute, { folds: 3, horizon: 2, embargo: 3 })).toEqual([
      { trainEnd: 6, testStart: 10, testEnd: 20 },
      { trainEnd: 16, testStart: 20, testEnd: 30 },
      { trainEnd: 26, testStart: 30, testEnd: 40 },
    ])
  })

  it('embargo one horizon unless told otherwise', () => {
    const embargoed = walkForward(everyMinute, { folds: 3, horizon: 2, embargo: 2 })
    expect(walkForward(everyMinute, { folds: 3, horizon: 2 })).toEqual(embargoed)
  })

  it('purge by time where rows are missing', () => {
    const [fold] = walkForward(times([0, 1, 2, 50, 51, 52]), { folds: 1, horizon: 10, embargo: 0 })
    expect(fold).toEqual({ trainEnd: 3, testStart: 3, testEnd: 6 })
  })

  it('leave nothing to train on when the horizon is longer than the past', () => {
    expect(walkForward(everyMinute, { folds: 3, horizon: 100 })[0]?.trainEnd).toBe(0)
  })

  it('refuse times that do not ascend', () => {
    expect(() => walkForward(times([1, 1]), { folds: 1, horizon: 1 })).toThrow(/does not follow/)
  })
})

describe('walk-forward properties', () => {
  const rows = fc
    .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 120 })
    .map((list) => list.sort((a, b) => a - b))
  const options = fc.record({
    folds: fc.integer({ min: 1, max: 8 }),
    horizon: fc.integer({ min: 1, max: 60 }),
    embargo: fc.integer({ min: 0, max: 60 }),
  })

  it('no training label reaches into the embargo of any test row', () => {
    fc.assert(
      fc.property(rows, options, (list, options) => {
        for (const { trainEnd, testStart, testEnd } of walkForward(times(list), options)) {
          const train = list.slice(0, trainEnd)
          const test = list.slice(testStart, testEnd)
          for (const from of train)
            for (const to of test) expect(from + options.horizon + options.embargo <= to).toBe(true)
        }
      }),
    )
  })

  it('every row that could be kept for training is kept', () => {
    fc.assert(
      fc.property(rows, options, (list, options) => {
        for (const { trainEnd, testStart, testEnd } of walkForward(times(list), options)) {
          if (testStart === testEnd) continue
          const next = list[trainEnd] as number
          expect(next + options.horizon + options.embargo > (list[testStart] as number)).toBe(true)
        }
      }),
    )
  })

  it('tests are disjoint, in order, and together everything after the first block', () => {
    fc.assert(
      fc.property(rows, options, (list, options) => {
        const folds = walkForward(times(list), options)
        expect(folds.length).toBe(options.folds)
        expect(folds[0]?.testStart).toBe(Math.floor(list.length / (options.folds + 1)))
        expect(folds.at(-1)?.testEnd).toBe(list.length)
        for (const [at, fold] of folds.entries()) {
          if (at > 0) expect(fold.testStart).toBe(folds[at - 1]?.testEnd)
          expect(fold.testEnd).toBeGreaterThanOrEqual(fold.testStart)
        }
      }),
    )
  })
})
