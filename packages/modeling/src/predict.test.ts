import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, type MarketSymbol, MICROS_PER_MINUTE } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { standardKinds } from './define-model.ts'
import { vectorDigest } from './digest.ts'
import type { ModelVersion } from './model-version.ts'
import { makePrediction, resolveOutcome, versionInForce } from './predict.ts'
import type { Prediction } from './prediction.ts'

const SYMBOL = 'BTC/USD' as MarketSymbol
const T = 1_762_779_600_000_000 as EpochMicros
const at = (minutes: number) => (T + minutes * MICROS_PER_MINUTE) as EpochMicros

const column = (name: string, role: 'input' | 'label' = 'input') => ({ name, unit: 'ratio', description: name, role })
const GROUP: FeatureGroup = {
  name: 'market',
  version: 1,
  interval: '1m',
  features: [column('close', 'label'), column('first'), column('second')],
}
const row: FeatureRow = {
  symbol: SYMBOL,
  eventTime: at(10),
  availableAt: at(10),
  revision: 1,
  firstTradeId: 7,
  lastTradeId: 9,
  values: [100, 2, Number.NaN],
}

/** Says 1e-3 a unit of its input above 1. */
function versionOf(input: string, changes: Partial<ModelVersion> = {}): ModelVersion {
  const features = ['first', 'second']
  const terms = [{ name: input, mean: 1, scale: 1, weight: 1e-3 }]
  const card = { symbol: SYMBOL, horizon: 5 * MICROS_PER_MINUTE, features } as unknown as ModelVersion['card']
  return {
    name: 'BTC-USD-return-5m',
    version: 2,
    cutOff: at(0),
    effectiveFrom: at(0),
    kind: 'elastic-net',
    model: { names: features, alpha: 0.1, l1Ratio: 1, intercept: 0, terms, leftOut: [] },
    errorLower: -0.002,
    errorUpper: 0.003,
    coverage: 0.9,
    card,
    ...changes,
  }
}

const predict = (changes: Partial<Parameters<typeof makePrediction>[0]> = {}) =>
  makePrediction({ version: versionOf('first'), kinds: standardKinds, row, group: GROUP, madeAt: at(10), ...changes })

describe('a prediction', () => {
  it('says what the model says, with its interval and where it comes from', () => {
    expect(predict()).toEqual({
      symbol: 'BTC/USD',
      madeAt: at(10),
      asOf: at(10),
      horizon: 5 * MICROS_PER_MINUTE,
      model: 'BTC-USD-return-5m',
      version: 2,
      kind: 'elastic-net',
      value: 0.001,
      lower: 0.001 - 0.002,
      upper: 0.001 + 0.003,
      coverage: 0.9,
      late: false,
      vectorDigest: vectorDigest(row),
      firstTradeId: 7,
      lastTradeId: 9,
    })
  })

  it('is late from the close of the next candle on', () => {
    expect(predict({ madeAt: (at(11) - 1) as EpochMicros })).toMatchObject({ late: false })
    expect(predict({ madeAt: at(11) })).toMatchObject({ late: true })
  })

  it('finds its features by name', () => {
    const group = { ...GROUP, features: [column('new'), column('second'), column('close', 'label'), column('first')] }
    expect(predict({ group, row: { ...row, values: [5, 6, 100, 2] } })).toMatchObject({ value: 0.001 })
  })

  it('is refused when a value that the model needs is missing', () => {
    expect(predict({ version: versionOf('second') })).toEqual({
      refused: 'BTC-USD-return-5m version 2 needs a value that is missing (second)',
    })
  })

  it('is refused when the features lack one of the model', () => {
    expect(predict({ group: { ...GROUP, features: GROUP.features.slice(0, 2) } })).toEqual({
      refused: 'BTC-USD-return-5m version 2 needs second, which the features lack',
    })
  })

  it('is refused when nobody brought the model kind', () => {
    expect(predict({ version: versionOf('first', { kind: 'boosting' }) })).toEqual({
      refused: 'BTC-USD-return-5m version 2 is a "boosting", which is not among the models',
    })
  })

  it('is never made by a version of another symbol, or before it came into force', () => {
    expect(() => predict({ row: { ...row, symbol: 'ETH/USD' as MarketSymbol } })).toThrow(/cannot predict ETH\/USD/)
    expect(() => predict({ version: versionOf('first', { effectiveFrom: at(11) }) })).toThrow(/cannot predict BTC\/USD/)
  })
})

describe('the version in force', () => {
  const versions = [1, 2, 3].map((version) => versionOf('first', { version, effectiveFrom: at(version * 10) }))
  const inForce = (minutes: number) => versionInForce(versions, at(minutes))?.version

  it('is the newest that is effective', () => {
    expect([9, 10, 19, 20, 30, 99].map(inForce)).toEqual([undefined, 1, 1, 2, 3, 3])
  })

  it('does not depend on the order of the list', () => {
    expect(versionInForce(versions.toReversed(), at(25))?.version).toBe(2)
  })

  it('is the later of two that became effective at once', () => {
    const both = [2, 1].map((version) => versionOf('first', { version, effectiveFrom: at(10) }))
    expect(versionInForce(both, at(10))?.version).toBe(2)
  })
})

describe('an outcome', () => {
  const prediction = predict() as Prediction

  it('is the return that happened, beside the error of the prediction', () => {
    const outcome = Math.log(101 / 100)
    expect(resolveOutcome(prediction, 100, 101)).toEqual({
      symbol: 'BTC/USD',
      asOf: at(10),
      horizon: 5 * MICROS_PER_MINUTE,
      model: 'BTC-USD-return-5m',
      version: 2,
      outcome,
      error: 0.001 - outcome,
      covered: false,
      coverage: 0.9,
      late: false,
    })
  })

  it('is covered within the interval, both ends included', () => {
    const covered = (lower: number, upper: number) => resolveOutcome({ ...prediction, lower, upper }, 100, 100).covered
    expect([covered(-1, 1), covered(0, 1), covered(-1, 0), covered(1e-9, 1), covered(-1, -1e-9)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  it('keeps the late mark', () => {
    expect(resolveOutcome({ ...prediction, late: true }, 100, 100).late).toBe(true)
  })
})
