import { describe, expect, it } from 'vitest'
import { CandleGrid } from './candle-grid.ts'
import { computeRow } from './compute-row.ts'
import { defineFeature } from './definition.ts'
import { defineFeatureSet } from './feature-set.ts'
import { candle } from './test-support/candles.ts'

const COLUMNS = { unit: 'ratio', description: '', lookBack: 1, inputs: ['close', 'volume'], role: 'input' } as const
const set = defineFeatureSet({
  name: 'edge_features',
  version: 1,
  interval: '1m',
  features: [
    defineFeature({
      ...COLUMNS,
      name: 'perVolume',
      compute: ({ close, volume }, at) => (close[at] as number) / ((volume[at] as number) - 2),
    }),
    defineFeature({ ...COLUMNS, name: 'negated', compute: ({ volume }, at) => -((volume[at] as number) - 2) }),
  ],
})

describe('computeRow', () => {
  it('takes infinity as not determined and -0 as 0', () => {
    const grid = new CandleGrid({
      symbol: candle({ window: 0, price: 5000 }).symbol,
      interval: '1m',
      capacity: 4,
      retain: 4,
    })
    expect(grid.push(candle({ window: 0, price: 5000, quantity: 2 }))).toBe(1)
    expect(computeRow(set, grid, 0)?.values).toStrictEqual([Number.NaN, 0])
  })

  it('gives no row for a window without trades, whose prices repeat the last close', () => {
    const grid = new CandleGrid({
      symbol: candle({ window: 0, price: 5000 }).symbol,
      interval: '1m',
      capacity: 4,
      retain: 4,
    })
    grid.push(candle({ window: 0, price: 5000 }))
    expect(grid.push(candle({ window: 2, price: 6000 }))).toBe(2)
    expect(computeRow(set, grid, 1)).toBeUndefined()
    const { columns } = grid
    expect([columns.open, columns.high, columns.low, columns.close, columns.vwap].map((values) => values[1])).toEqual([
      50, 50, 50, 50, 50,
    ])
    expect([columns.volume, columns.buyVolume, columns.tradeCount].map((values) => values[1])).toEqual([0, 0, 0])
    expect(grid.closeTime(1)).toBe(candle({ window: 1, price: 5000 }).closeTime)
  })
})
