import type { Candle } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { defineFeatureSet } from './feature-set.ts'
import { historyFeatures } from './history.ts'
import type { FeatureRow } from './row.ts'
import { standardFeatures } from './standard-features.ts'
import { candle } from './test-support/candles.ts'

const set = defineFeatureSet({ name: 'candle_features', version: 1, interval: '1m', features: standardFeatures })

/** Prices near 1000 and volumes near 4, times these factors. */
function market(priceFactor: number, volumeFactor: number): Candle[] {
  return Array.from({ length: 100 }, (_, window) => {
    const price = Math.round(100_000 * (1 + 0.01 * Math.sin(window / 5) + 0.002 * ((window * 7919) % 11)))
    const quantity = volumeFactor * (0.5 + ((window * 31) % 17))
    return candle({ window, price: price * priceFactor, spread: 100 * priceFactor, quantity, bought: 0.25 })
  })
}

function named(row: FeatureRow | undefined): Record<string, number> {
  return Object.fromEntries(standardFeatures.map(({ name }, index) => [name, row?.values[index] as number]))
}

describe('the standard features', () => {
  it('are at least 20, warm within 90 candles, and have the close as their one label', () => {
    expect(standardFeatures.length).toBeGreaterThanOrEqual(20)
    expect(set.maxLookBack).toBeLessThanOrEqual(90)
    expect(standardFeatures.filter(({ role }) => role === 'label').map(({ name }) => name)).toEqual(['close'])
    expect(historyFeatures(set, market(1, 1))).toHaveLength(100 - set.maxLookBack + 1)
  })

  it('are what their descriptions say on a market computed by hand', () => {
    const prices = Array.from({ length: 78 }, (_, window) => (window === 77 ? 11_000 : 10_000))
    const values = named(
      historyFeatures(
        set,
        prices.map((price, window) => candle({ window, price, spread: 1000 })),
      )[0],
    )
    expect(values).toMatchObject({
      close: 110,
      rsi14: 100,
      rangePosition: 50,
      timeOfWeekSin: expect.closeTo(0.0486, 4),
    })
    for (const span of [1, 2, 5, 15, 30, 60]) expect(values[`logReturn${span}`]).toBeCloseTo(Math.log(1.1), 12)
    expect(values.realisedVolatility60).toBeCloseTo(Math.log(1.1), 12)
    expect(values.takerImbalance15).toBeCloseTo(-0.2, 12)
    expect(values.logRange).toBeCloseTo(Math.log(12 / 10), 12)
    expect(values.bollingerPosition20).toBeCloseTo(Math.sqrt(19) / 2, 9)
    // True ranges: 13 of 20 around 100, and 120 - 100.
    expect(values.averageTrueRange14).toBeCloseTo(20 / 110, 12)
    expect(values.vwapDistance60).toBeCloseTo(Math.log(110 / (100 + 10 / 60)), 9)
    expect(values.timeOfDayCos).toBeCloseTo(Math.cos((2 * Math.PI * 78) / 1440), 12)
  })

  it('do not depend on the scale of price and volume', () => {
    const small = historyFeatures(set, market(1, 1)).map(named)
    const large = historyFeatures(set, market(1000, 400)).map(named)
    for (const [index, { close: _, ...values }] of small.entries()) {
      for (const [name, value] of Object.entries(values)) expect(large[index]?.[name], name).toBeCloseTo(value, 9)
    }
  })

  it('are finite in a market that stands still', () => {
    const still = Array.from({ length: 78 }, (_, window) => candle({ window, price: 5000, spread: 0 })).map((each) => ({
      ...each,
      open: each.close,
    }))
    expect(historyFeatures(set, still)[0]?.values.every(Number.isFinite)).toBe(true)
  })

  it('leave taker imbalance undetermined, and nothing else, where no side is known', () => {
    const candles = market(1, 1).map((each) => ({ ...each, buyVolume: undefined }))
    const [row] = historyFeatures(set, candles)
    const unknown = standardFeatures.filter((_, index) => Number.isNaN(row?.values[index])).map(({ name }) => name)
    expect(unknown).toEqual(['takerImbalance1', 'takerImbalance5', 'takerImbalance15'])
  })
})
