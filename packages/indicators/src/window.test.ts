import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  averageTrueRange,
  bollingerPosition,
  ema,
  logRange,
  logReturn,
  macd,
  mean,
  realisedVolatility,
  rollingVwap,
  rsi,
  standardDeviation,
  stochastic,
  takerImbalance,
  trueRange,
  zScore,
} from './index.ts'

interface Columns {
  high: Float64Array
  low: Float64Array
  close: Float64Array
  volume: Float64Array
  buyVolume: Float64Array
}

const MACD = { fast: 3, slow: 6, signal: 4 }

/** Each indicator with the number of values that its documentation says it reads. */
const INDICATORS: Record<string, { reads: number; compute: (columns: Columns, at: number) => number }> = {
  logReturn: { reads: 6, compute: ({ close }, at) => logReturn(close, at, 5) },
  realisedVolatility: { reads: 6, compute: ({ close }, at) => realisedVolatility(close, at, 5) },
  mean: { reads: 5, compute: ({ close }, at) => mean(close, at, 5) },
  ema: { reads: 9, compute: ({ close }, at) => ema(close, at, 3, 9) },
  standardDeviation: { reads: 5, compute: ({ close }, at) => standardDeviation(close, at, 5) },
  zScore: { reads: 5, compute: ({ close }, at) => zScore(close, at, 5) },
  bollingerPosition: { reads: 5, compute: ({ close }, at) => bollingerPosition(close, at, 5, 2) },
  rsi: { reads: 6, compute: ({ close }, at) => rsi(close, at, 5) },
  macdLine: { reads: 12, compute: ({ close }, at) => macd(close, at, MACD, 12).line },
  macdHistogram: { reads: 12, compute: ({ close }, at) => macd(close, at, MACD, 12).histogram },
  stochastic: { reads: 5, compute: ({ high, low, close }, at) => stochastic(high, low, close, at, 5) },
  logRange: { reads: 1, compute: ({ high, low }, at) => logRange(high, low, at) },
  trueRange: { reads: 2, compute: ({ high, low, close }, at) => trueRange(high, low, close, at) },
  averageTrueRange: { reads: 6, compute: ({ high, low, close }, at) => averageTrueRange(high, low, close, at, 5) },
  rollingVwap: { reads: 5, compute: ({ close, volume }, at) => rollingVwap(close, volume, at, 5) },
  takerImbalance: { reads: 5, compute: ({ volume, buyVolume }, at) => takerImbalance(volume, buyVolume, at, 5) },
}

const price = fc.double({ min: 0.01, max: 1e5, noNaN: true })
const candle = fc.tuple(
  price,
  price,
  price,
  fc.double({ min: 0.001, max: 1e4, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
)
const series = fc.array(candle, { minLength: 30, maxLength: 30 }).map(columnsOf)

function columnsOf(candles: [number, number, number, number, number][]): Columns {
  const column = (pick: (candle: [number, number, number, number, number]) => number) =>
    Float64Array.from(candles.map(pick))
  return {
    high: column(([a, b, c]) => Math.max(a, b, c)),
    low: column(([a, b, c]) => Math.min(a, b, c)),
    close: column(([, , close]) => close),
    volume: column(([, , , volume]) => volume),
    buyVolume: column(([, , , volume, share]) => volume * share),
  }
}

function map(columns: Columns, change: (values: Float64Array) => Float64Array): Columns {
  const { high, low, close, volume, buyVolume } = columns
  return {
    high: change(high),
    low: change(low),
    close: change(close),
    volume: change(volume),
    buyVolume: change(buyVolume),
  }
}

describe.each(Object.entries(INDICATORS))('%s', (_name, { reads, compute }) => {
  it('gives equal bits wherever its array starts, and sees nothing outside its window', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 12, max: 29 }), (columns, at) => {
        const value = compute(columns, at)
        expect(value).not.toBeNaN()
        const cut = map(columns, (values) => values.slice(at - reads + 1, at + 1))
        expect(compute(cut, reads - 1)).toBe(value)
        const poisoned = map(columns, (values) =>
          values.map((each, index) => (index > at - reads && index <= at ? each : Number.NaN)),
        )
        expect(compute(poisoned, at)).toBe(value)
      }),
      { numRuns: 50 },
    )
  })

  it('reads as many values as it says', () => {
    const columns = columnsOf(
      Array.from({ length: 30 }, (_, index) => [90 + (index % 7), 101, 95 + (index % 5), 3, 0.4]),
    )
    const oldest = 29 - reads + 1
    const poisoned = map(columns, (values) => values.map((each, index) => (index === oldest ? Number.NaN : each)))
    expect(compute(poisoned, 29)).not.toBe(compute(columns, 29))
  })
})

describe('a flat series', () => {
  // 0.1 added up 60 times is not 6: a mean taken from a plain sum would leave a deviation of 1e-17 to divide by.
  const flat = new Float64Array(80).fill(0.1)
  const none = new Float64Array(80)

  it.each([
    ['logReturn', logReturn(flat, 79, 60), 0],
    ['realisedVolatility', realisedVolatility(flat, 79, 60), 0],
    ['mean', mean(flat, 79, 60), 0.1],
    ['ema', ema(flat, 79, 12, 60), 0.1],
    ['standardDeviation', standardDeviation(flat, 79, 60), 0],
    ['zScore', zScore(flat, 79, 60), 0],
    ['bollingerPosition', bollingerPosition(flat, 79, 60, 2), 0],
    ['rsi', rsi(flat, 79, 14), 50],
    ['macd', macd(flat, 79, MACD, 60).histogram, 0],
    ['stochastic', stochastic(flat, flat, flat, 79, 14), 50],
    ['logRange', logRange(flat, flat, 79), 0],
    ['averageTrueRange', averageTrueRange(flat, flat, flat, 79, 14), 0],
    ['rollingVwap', rollingVwap(flat, flat, 79, 60), 0.1],
  ])('%s', (_name, value, expected) => {
    expect(value).toBe(expected)
  })

  it('without trades has its own price as average price and no imbalance', () => {
    expect(rollingVwap(flat, none, 79, 60)).toBe(0.1)
    expect(takerImbalance(none, none, 79, 60)).toBe(0)
  })
})

describe('extremes', () => {
  const rising = Float64Array.from({ length: 20 }, (_, index) => 100 + index)
  const falling = rising.map((value) => 300 - value)

  it('rsi is 100 when nothing fell and 0 when nothing rose', () => {
    expect(rsi(rising, 19, 14)).toBe(100)
    expect(rsi(falling, 19, 14)).toBe(0)
  })

  it('taker imbalance is 1 when all bought, -1 when all sold, and unknown when a side is', () => {
    const none = new Float64Array(20)
    expect(takerImbalance(rising, rising, 19, 5)).toBe(1)
    expect(takerImbalance(rising, none, 19, 5)).toBe(-1)
    expect(takerImbalance(rising, rising.with(17, Number.NaN), 19, 5)).toBeNaN()
  })

  it('true range spans a gap from the previous close', () => {
    const [high, low, close] = [
      [10, 13],
      [9, 12],
      [9.5, 12.5],
    ].map((values) => Float64Array.from(values)) as [Float64Array, Float64Array, Float64Array]
    expect(trueRange(high, low, close, 1)).toBe(3.5)
  })
})
