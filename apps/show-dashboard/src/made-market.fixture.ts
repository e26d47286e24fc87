import type { FeatureGroup, FeatureRow } from '@c1/features'
import {
  type Candle,
  type DecimalText,
  type EpochMicros,
  intervalMicros,
  type MarketSymbol,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
} from '@c1/market'
import type { ModelVersion, Outcome, Prediction } from '@c1/modeling'
import type { ApiSources, Models } from './api.ts'
import type { CompletenessFacts } from './status.ts'

/** Made objects for the tests of this app. Minute 0 is 2025-11-10T13:00:00Z. */

export const BTC = 'BTC/USD' as MarketSymbol
export const ETH = 'ETH/USD' as MarketSymbol
export const MODEL = 'BTC-USD-return-1m'

export function minute(count: number): EpochMicros {
  return (Date.UTC(2025, 10, 10, 13) * 1000 + count * MICROS_PER_MINUTE) as EpochMicros
}

/** The final candle of that minute. */
export function madeCandle(at: number, changes: Partial<Candle> = {}): Candle {
  const interval = changes.interval ?? '1m'
  const openTime = changes.openTime ?? minute(at)
  return {
    symbol: BTC,
    interval,
    openTime,
    closeTime: (openTime + intervalMicros(interval)) as EpochMicros,
    open: '65000.1' as DecimalText,
    high: '65010.0' as DecimalText,
    low: '64990.0' as DecimalText,
    close: '65005.5' as DecimalText,
    volume: '1.25000000' as DecimalText,
    vwap: '65001.2' as DecimalText,
    tradeCount: 10,
    buyVolume: '0.75000000' as DecimalText,
    firstTradeId: 1000 + at * 10,
    lastTradeId: 1009 + at * 10,
    revision: 1,
    state: 'final',
    complete: true,
    ...changes,
  }
}

/** The prediction made at the end of the candle of the minute before. */
export function madePrediction(at: number, changes: Partial<Prediction> = {}): Prediction {
  return {
    symbol: BTC,
    madeAt: (minute(at) + 1500) as EpochMicros,
    asOf: minute(at),
    horizon: MICROS_PER_MINUTE,
    model: MODEL,
    version: 1,
    kind: 'elastic-net',
    value: 0.00002,
    lower: -0.0003,
    upper: 0.00034,
    coverage: 0.8,
    late: false,
    vectorDigest: '0123456789abcdef',
    firstTradeId: 1000,
    lastTradeId: 1009 + at * 10,
    ...changes,
  }
}

/** What happened to a prediction. */
export function madeOutcome(prediction: Prediction, outcome: number): Outcome {
  const { symbol, asOf, horizon, model, version, value, lower, upper, coverage, late } = prediction
  const covered = lower <= outcome && outcome <= upper
  return { symbol, asOf, horizon, model, version, outcome, error: value - outcome, covered, coverage, late }
}

export function madeVersion(changes: Partial<ModelVersion> = {}): ModelVersion {
  const score = {
    count: 400,
    mse: 4.1e-8,
    mae: 1.6e-4,
    mseDifference: 0,
    mseDifferenceStandardError: 1e-10,
    tStatistic: 0,
  }
  return {
    name: MODEL,
    version: 1,
    cutOff: minute(-10),
    effectiveFrom: minute(-9),
    kind: 'elastic-net',
    model: { weights: [1, 2, 3] },
    errorLower: -0.00032,
    errorUpper: 0.00032,
    coverage: 0.8,
    card: {
      symbol: BTC,
      interval: '1m',
      horizon: MICROS_PER_MINUTE,
      features: ['return1', 'return5'],
      firstEventTime: (minute(0) - MICROS_PER_DAY) as EpochMicros,
      lastEventTime: minute(-11),
      rowCount: 1380,
      dataDigest: 'ab'.repeat(32),
      folds: 5,
      purge: MICROS_PER_MINUTE,
      embargo: MICROS_PER_MINUTE,
      unscored: 0,
      scores: [
        { ...score, kind: 'no-change', baseline: true, skill: 0, skillStandardError: 0 },
        { ...score, kind: 'historical-mean', baseline: true, mse: 4.13e-8, skill: -0.007, skillStandardError: 0.004 },
        { ...score, kind: 'elastic-net', baseline: false, mse: 3.6e-8, skill: 0.122, skillStandardError: 0.021 },
      ],
      champion: 'elastic-net',
      reason: 'elastic-net beats the best baseline: skill 12.20 %, t 5.81 over 400 out-of-sample rows.',
      codeVersion: '0.1.0',
      source: 'simulator',
    },
    ...changes,
  }
}

export const GROUP: FeatureGroup = {
  name: 'candle-features-1m',
  version: 1,
  interval: '1m',
  features: [
    { name: 'return1', unit: 'log-return', description: 'Over one minute', role: 'input' },
    { name: 'takerImbalance', unit: 'ratio', description: 'Bought minus sold', role: 'input' },
  ],
}

/** An online store of these rows, the newest of a symbol last. */
export function madeFeatures(rows: readonly FeatureRow[]): ApiSources['features'] {
  return { group: GROUP, latest: async (symbol) => rows.findLast((row) => row.symbol === symbol) }
}

export function madeRegistry(versions: readonly ModelVersion[]): Models {
  return {
    names: async () => [...new Set(versions.map(({ name }) => name))].sort(),
    versions: async (wanted) => versions.filter(({ name }) => name === wanted),
  }
}

/** Seven trades, none missing. */
export function madeCompleteness(changes: Partial<CompletenessFacts> = {}): CompletenessFacts {
  return {
    symbol: BTC,
    trades: 7,
    completeToId: 7,
    completeToTime: '2025-11-10T13:02:00.000000Z',
    holes: [],
    exceptions: [],
    outages: [],
    repaired: 0,
    duplicates: 0,
    backfill: 1,
    backfillTradesLeft: 0,
    backfillSecondsLeft: null,
    budget: { calls: 1, refused: 0, spacingSeconds: 1.02, heldUntil: null },
    ...changes,
  }
}
