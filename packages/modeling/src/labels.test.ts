import type { FeatureRow } from '@c1/features'
import type { EpochMicros, MarketSymbol } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { labelRows, logReturn } from './labels.ts'

const row = (eventTime: number, close: number): FeatureRow => ({
  symbol: 'BTC/USD' as MarketSymbol,
  eventTime: eventTime as EpochMicros,
  availableAt: eventTime as EpochMicros,
  revision: 1,
  firstTradeId: 1,
  lastTradeId: 1,
  values: [0.5, close],
})
const label = (rows: readonly FeatureRow[], horizon: number, knownUntil: number) =>
  labelRows(rows, 1, horizon, knownUntil as EpochMicros)

describe('labels', () => {
  it('are log returns over the horizon in time, not over rows', () => {
    // The rows at 20 and 30 are missing: no trade.
    const rows = [row(0, 100), row(10, 110), row(40, 121), row(50, 100)]
    expect(label(rows, 10, 50)).toEqual([
      { index: 0, value: Math.log(110 / 100) },
      { index: 1, value: 0 },
      { index: 2, value: Math.log(100 / 121) },
    ])
  })

  it('take the last close at or before the horizon', () => {
    const rows = [row(0, 100), row(10, 110), row(20, 120), row(25, 130)]
    expect(label(rows, 24, 24)).toEqual([{ index: 0, value: Math.log(120 / 100) }])
  })

  it('are known once the watermark reaches the horizon, not before', () => {
    const rows = [row(0, 100), row(10, 110)]
    expect(label(rows, 10, 9)).toEqual([])
    expect(label(rows, 10, 10).map(({ index }) => index)).toEqual([0])
  })

  it('are known in a silent market as soon as its watermark passes', () => {
    expect(label([row(0, 100)], 10, 10)).toEqual([{ index: 0, value: 0 }])
  })

  it('do not look at rows after the watermark', () => {
    const known = [row(0, 100), row(10, 110)]
    expect(label([...known, row(20, 999)], 10, 15)).toEqual(label(known, 10, 15))
  })

  it('equal a search of all rows for each', () => {
    const series = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 1000 })), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(
        series,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 200 }),
        (steps, horizon, until) => {
          let time = 0
          const rows = steps.map(([step, close]) => {
            time += step
            return row(time, close)
          })
          const naive = rows.flatMap((from, index) => {
            if (from.eventTime + horizon > until) return []
            const to = rows.findLast(({ eventTime }) => eventTime <= from.eventTime + horizon) as FeatureRow
            return [{ index, value: Math.log((to.values[1] as number) / (from.values[1] as number)) }]
          })
          expect(label(rows, horizon, until)).toEqual(naive)
        },
      ),
    )
  })

  it('refuse rows that do not ascend, two revisions of one window among them', () => {
    expect(() => label([row(10, 1), row(10, 1)], 10, 99)).toThrow(/ascend/)
    expect(() => label([row(10, 1), row(5, 1)], 10, 99)).toThrow(/ascend/)
  })
})

describe('a log return', () => {
  it('refuses prices that are not positive numbers', () => {
    for (const price of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => logReturn(price, 100)).toThrow(/must be above 0/)
      expect(() => logReturn(100, price)).toThrow(/must be above 0/)
    }
  })
})
