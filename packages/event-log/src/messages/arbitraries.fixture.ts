import type { FeatureRow } from '@c1/features'
import { type Candle, type EpochMicros, fromUnits, INTERVALS, type MarketMessage, type MarketSymbol } from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import fc from 'fast-check'
import type { DeadLetter } from '../topics.ts'
import { group } from './examples.fixture.ts'

/** A plain object, as codecs make them. */
export function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>
}
export const symbol: fc.Arbitrary<MarketSymbol> = fc
  .stringMatching(/^[A-Z0-9.]{1,20}\/[A-Z0-9.]{1,20}$/)
  .map((text) => text as MarketSymbol)
const YEAR_2255 = Number.MAX_SAFE_INTEGER
export const time: fc.Arbitrary<EpochMicros> = fc
  .oneof(fc.integer({ min: 0, max: YEAR_2255 }), fc.integer({ min: 0, max: 200_000_000 }))
  .map((time) => time as EpochMicros)
const id = fc.maxSafeNat()
const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.nat({ max: 18 }))
  .map(([units, decimals]) => fromUnits(units, decimals))
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const idSpace = fc.oneof(
  fc.constant('venue' as const),
  fc.stringMatching(/^[0-9a-f]{1,16}$/).map((digest) => `file:${digest}` as const),
)
const horizon = fc.integer({ min: 1, max: 1_000_000 }).map((seconds) => seconds * 1_000_000)

export const marketMessage: fc.Arbitrary<MarketMessage> = fc.oneof(
  record({
    kind: fc.constant('trade' as const),
    trade: record({
      symbol,
      idSpace,
      tradeId: id,
      eventTime: time,
      price: decimal,
      quantity: decimal,
      side: optional(fc.constantFrom('buy', 'sell')),
      orderType: optional(fc.constantFrom('market', 'limit')),
    }),
  }),
  record({
    kind: fc.constant('heartbeat' as const),
    heartbeat: record({ symbol, idSpace, eventTime: time, lastTradeId: id }),
  }),
  record({ kind: fc.constant('outage' as const), outage: record({ symbol, from: time, to: time }) }),
  record({
    kind: fc.constant('outage' as const),
    outage: fc.tuple(symbol, time, fc.nat(), fc.nat()).map(([symbol, from, firstTradeId, more]) => {
      return { symbol, from, to: from, firstTradeId, lastTradeId: firstTradeId + more }
    }),
  }),
)

export const candle: fc.Arbitrary<Candle> = record({
  symbol,
  interval: fc.constantFrom(...INTERVALS),
  openTime: time,
  closeTime: time,
  open: decimal,
  high: decimal,
  low: decimal,
  close: decimal,
  volume: decimal,
  vwap: decimal,
  tradeCount: id,
  buyVolume: optional(decimal),
  firstTradeId: id,
  lastTradeId: id,
  revision: id,
  state: fc.constantFrom('provisional', 'final'),
  complete: optional(fc.boolean()),
})

export const featureRow: fc.Arbitrary<FeatureRow> = record({
  symbol,
  eventTime: time,
  availableAt: time,
  revision: id,
  firstTradeId: id,
  lastTradeId: id,
  values: fc.tuple(...group.features.map(() => fc.oneof(number, fc.constant(Number.NaN), fc.constant(-0)))),
})

export const prediction: fc.Arbitrary<Prediction> = record({
  symbol,
  madeAt: time,
  asOf: time,
  horizon,
  model: fc.string({ unit: 'grapheme' }),
  version: id,
  kind: fc.string(),
  value: number,
  lower: number,
  upper: number,
  coverage: number,
  late: fc.boolean(),
  vectorDigest: fc.string(),
  firstTradeId: id,
  lastTradeId: id,
})

export const outcome: fc.Arbitrary<Outcome> = record({
  symbol,
  asOf: time,
  horizon,
  model: fc.string(),
  version: id,
  outcome: number,
  error: number,
  covered: fc.boolean(),
  coverage: number,
  late: fc.boolean(),
})

export const deadLetter: fc.Arbitrary<DeadLetter> = record({
  origin: fc.string(),
  code: fc.string(),
  reason: fc.string({ unit: 'grapheme' }),
  raw: fc.uint8Array(),
})
