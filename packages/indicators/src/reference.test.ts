import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  averageTrueRange,
  bollingerPosition,
  ema,
  emaDecay,
  logReturn,
  macd,
  mean,
  realisedVolatility,
  rollingVwap,
  rsi,
  standardDeviation,
  stochastic,
  zScore,
} from './index.ts'

interface Reference {
  warm: number
  high: number[]
  low: number[]
  close: number[]
  volume: number[]
  expected: Record<string, number[]> & { macdOf78: [number, number, number][] }
}

const reference: Reference = JSON.parse(readFileSync(new URL('../fixtures/reference.json', import.meta.url), 'utf8'))
const { warm, expected } = reference
const [high, low, close, volume] = [reference.high, reference.low, reference.close, reference.volume].map((values) =>
  Float64Array.from(values),
) as [Float64Array, Float64Array, Float64Array, Float64Array]
const typical = close.map((value, index) => ((high[index] as number) + (low[index] as number) + value) / 3)

const MACD = { fast: 12, slow: 26, signal: 9 }
const OURS: Record<string, (at: number) => number> = {
  logReturn5: (at) => logReturn(close, at, 5),
  realisedVolatility15: (at) => realisedVolatility(close, at, 15),
  mean20: (at) => mean(close, at, 20),
  ema12of36: (at) => ema(close, at, 12, 36),
  standardDeviation20: (at) => standardDeviation(close, at, 20),
  zScore60: (at) => zScore(volume, at, 60),
  bollingerPosition20: (at) => bollingerPosition(close, at, 20, 2),
  rsi14: (at) => rsi(close, at, 14),
  stochastic14: (at) => stochastic(high, low, close, at, 14),
  averageTrueRange14: (at) => averageTrueRange(high, low, close, at, 14),
  rollingVwap30: (at) => rollingVwap(typical, volume, at, 30),
}

/** TA-Lib's deviation subtracts squares of prices near 8,500: it keeps about 9 digits. */
const DIGITS: Record<string, number> = { standardDeviation20: 6, bollingerPosition20: 6 }

describe('reference values of TA-Lib, pandas and NumPy on real candles', () => {
  it.each(Object.keys(OURS))('%s', (name) => {
    const values = expected[name] as number[]
    expect(values).toHaveLength(close.length - warm)
    for (const [index, value] of values.entries())
      expect(OURS[name]?.(warm + index)).toBeCloseTo(value, DIGITS[name] ?? 9)
  })

  it('macd', () => {
    for (const [index, [line, signal, histogram]] of expected.macdOf78.entries()) {
      const ours = macd(close, warm + index, MACD, 78)
      expect(ours.line).toBeCloseTo(line, 9)
      expect(ours.signal).toBeCloseTo(signal, 9)
      expect(ours.histogram).toBeCloseTo(histogram, 9)
    }
  })

  it('the cut exponential average is as near to the endless one as documented', () => {
    const bound = emaDecay(12) ** 36 * (Math.max(...close) - Math.min(...close))
    for (const [index, endless] of (expected.endlessEma12 as number[]).entries()) {
      expect(Math.abs(ema(close, warm + index, 12, 36) - endless)).toBeLessThanOrEqual(bound)
    }
    expect(emaDecay(12) ** 36).toBeLessThan(0.0025)
  })
})
