import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_MINUTE } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, type Listing } from './catalogue.ts'
import { MARKET_BIRTH, MINUTES_PER_DAY } from './days.ts'
import { IMBALANCE_BOUND, IMBALANCE_DEVIATION, type MarketKind, SIGNAL_R_SQUARED, signalBeta } from './signal.ts'
import { SyntheticTape } from './synthetic-tape.ts'

interface Minutes {
  /** Log return to the last trade of the minute from that of the minute before. */
  readonly returns: number[]
  readonly imbalances: number[]
}

const DAYS = 6
const BITCOIN = CATALOGUE[0] as Listing

function minutesOf(kind: MarketKind, seed: number): Minutes {
  const from = MARKET_BIRTH + 600 * MICROS_PER_DAY
  const tape = new SyntheticTape(BITCOIN, { kind, seed, activity: 1 })
  const first = tape.lastIdBefore(from as EpochMicros) + 1
  const trades = tape.read(first, tape.lastIdBefore((from + DAYS * MICROS_PER_DAY) as EpochMicros))
  const closes = new Float64Array(DAYS * MINUTES_PER_DAY)
  const bought = new Float64Array(closes.length)
  const volumes = new Float64Array(closes.length)
  for (const { time, priceUnits, quantityUnits, side } of trades) {
    const minute = Math.floor((time - from) / MICROS_PER_MINUTE)
    closes[minute] = Math.log(priceUnits)
    volumes[minute] = (volumes[minute] as number) + quantityUnits
    if (side === 'buy') bought[minute] = (bought[minute] as number) + quantityUnits
  }
  expect(volumes.every((volume) => volume > 0)).toBe(true)
  return {
    returns: Array.from(closes.slice(1), (close, index) => close - (closes[index] as number)),
    imbalances: Array.from(volumes, (volume, minute) => (2 * (bought[minute] as number) - volume) / volume),
  }
}

interface Regression {
  readonly slope: number
  readonly rSquared: number
  /** Of the slope. */
  readonly tStatistic: number
}

/** Ordinary least squares of `y` on `x` with a constant. */
function regress(y: readonly number[], x: readonly number[]): Regression {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [meanOf(x), meanOf(y)]
  const covariance = meanOf(x.map((value, index) => (value - meanX) * ((y[index] as number) - meanY)))
  const [varianceX, varianceY] = [meanOf(x.map((v) => (v - meanX) ** 2)), meanOf(y.map((v) => (v - meanY) ** 2))]
  const rSquared = covariance ** 2 / (varianceX * varianceY)
  const tStatistic = Math.sign(covariance) * Math.sqrt((rSquared * (y.length - 2)) / (1 - rSquared))
  return { slope: covariance / varianceX, rSquared, tStatistic }
}

/** `returns[m]` is the return of minute m + 1, whose last closed minute is m. */
function onLastImbalance({ returns, imbalances }: Minutes): Regression {
  return regress(returns, imbalances.slice(0, -1))
}

function lagged(values: readonly number[]): Regression {
  return regress(values.slice(1), values.slice(0, -1))
}

describe.each([11, 12])('seed %i', (seed) => {
  const noise = minutesOf('noise', seed)
  const signal = minutesOf('signal', seed)

  it('noise: the last taker imbalance does not predict the return', () => {
    expect(Math.abs(onLastImbalance(noise).tStatistic)).toBeLessThan(3.5)
  })

  it('noise: the last return does not predict the return', () => {
    expect(Math.abs(lagged(noise.returns).tStatistic)).toBeLessThan(3.5)
  })

  it('signal: the last taker imbalance predicts the documented share of the return', () => {
    const { rSquared, slope } = onLastImbalance(signal)
    expect(rSquared).toBeGreaterThan(SIGNAL_R_SQUARED - 0.05)
    expect(rSquared).toBeLessThan(SIGNAL_R_SQUARED + 0.04)
    const volatility = Math.sqrt(signal.returns.reduce((sum, value) => sum + value ** 2, 0) / signal.returns.length)
    expect(slope / signalBeta(volatility)).toBeGreaterThan(0.9)
    expect(slope / signalBeta(volatility)).toBeLessThan(1.1)
  })

  it('signal: returns themselves stay uncorrelated', () => {
    expect(Math.abs(lagged(signal.returns).rSquared)).toBeLessThan(0.003)
  })

  it('volatility clusters: large returns follow large ones', () => {
    expect(lagged(noise.returns.map(Math.abs)).tStatistic).toBeGreaterThan(5)
  })

  it('the imbalance is uniform within its bound', () => {
    const mean = signal.imbalances.reduce((sum, value) => sum + value, 0) / signal.imbalances.length
    const square = signal.imbalances.reduce((sum, value) => sum + value ** 2, 0) / signal.imbalances.length
    expect(Math.max(...signal.imbalances.map(Math.abs))).toBeLessThan(IMBALANCE_BOUND + 1e-6)
    expect(Math.abs(mean)).toBeLessThan(0.02)
    expect(Math.sqrt(square)).toBeCloseTo(IMBALANCE_DEVIATION, 1)
  })
})
