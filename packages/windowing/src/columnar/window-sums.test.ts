import { describe, expect, it } from 'vitest'
import { WindowSums } from './window-sums.ts'

/** Adds one trade of price 1 and quantity 1. */
function addTrade(sums: WindowSums, openSeconds: number, tradeId: number): void {
  sums.append(Float64Array.of(openSeconds, 0, 0, tradeId, tradeId, 1, 1, 1, 1, 1, 1, 0, 1, 0))
}

describe('WindowSums', () => {
  it('keeps a window whose rows come in parts as one', () => {
    const sums = new WindowSums()
    for (let tradeId = 1; tradeId <= 10; tradeId++) addTrade(sums, tradeId <= 5 ? 0 : 60, tradeId)
    expect(sums.size).toBe(2)
    expect([...sums.inOrder()]).toMatchObject([
      [0, { tradeCount: 5, firstTradeId: 1, lastTradeId: 5 }],
      [60, { tradeCount: 5, firstTradeId: 6, lastTradeId: 10 }],
    ])
  })

  it('grows with windows, not with rows, where rows jump between windows', () => {
    const sums = new WindowSums()
    for (let tradeId = 1; tradeId <= 300_000; tradeId++) addTrade(sums, (tradeId % 3) * 60, tradeId)
    expect(sums.size).toBeLessThan(70_000)
    expect([...sums.inOrder()].map(([openSeconds, { tradeCount }]) => [openSeconds, tradeCount])).toEqual([
      [0, 100_000],
      [60, 100_000],
      [120, 100_000],
    ])
  })
})
