import type { FeatureRow } from '@c1/features'
import { type Candle, type EpochMicros, fromUnits, INTERVALS, type MarketMessage, type MarketSymbol } from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeadLetter } from '../topics.ts'
import { candlesCodec } from './candles.ts'
import type { Codec } from './codec.ts'
import { deadLettersCodec } from './dead-letters.ts'
import { group, stored } from './examples.fixture.ts'
import { featuresCodec } from './features.ts'
import { outcomesCodec, predictionsCodec } from './predictions.ts'
import { tradesCodec } from './trades.ts'

/** A plain object, as codecs make them. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { noNullPrototype: true })
const symbol = fc.stringMatching(/^[A-Z0-9.]{1,20}\/[A-Z0-9.]{1,20}$/).map((text) => text as MarketSymbol)
const YEAR_2255 = Number.MAX_SAFE_INTEGER
const time = fc
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

const marketMessage: fc.Arbitrary<MarketMessage> = fc.oneof(
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

const candle: fc.Arbitrary<Candle> = record({
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

const featureRow: fc.Arbitrary<FeatureRow> = record({
  symbol,
  eventTime: time,
  availableAt: time,
  revision: id,
  firstTradeId: id,
  lastTradeId: id,
  values: fc.tuple(...group.features.map(() => fc.oneof(number, fc.constant(Number.NaN), fc.constant(-0)))),
})

const prediction: fc.Arbitrary<Prediction> = record({
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

const outcome: fc.Arbitrary<Outcome> = record({
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

const deadLetter: fc.Arbitrary<DeadLetter> = record({
  origin: fc.string(),
  code: fc.string(),
  reason: fc.string({ unit: 'grapheme' }),
  raw: fc.uint8Array(),
})

describe('what is decoded is what was encoded, to the bit', () => {
  it('for trades, heartbeats and outages', () => roundTrips(tradesCodec('kraken'), marketMessage))

  it('for candles and their heartbeats', () =>
    roundTrips(
      candlesCodec('kraken'),
      fc.oneof(
        candle.map((candle) => ({ kind: 'candle' as const, candle })),
        record({ kind: fc.constant('heartbeat' as const), symbol, eventTime: time }),
      ),
    ))

  it('for feature rows and their heartbeats', () =>
    roundTrips(
      featuresCodec('kraken', group),
      fc.oneof(
        featureRow.map((row) => ({ kind: 'features' as const, row })),
        record({ kind: fc.constant('heartbeat' as const), symbol, eventTime: time }),
      ),
    ))

  it('for predictions', () => roundTrips(predictionsCodec('simulator'), prediction))

  it('for outcomes', () => roundTrips(outcomesCodec('simulator'), outcome))

  it('for dead letters', () => {
    const codec = deadLettersCodec('kraken')
    fc.assert(
      fc.property(deadLetter, time, (letter, at) => {
        expect(codec.decode(stored(codec.encode(letter, at)))).toStrictEqual(letter)
      }),
    )
  })

  it('and a dead letter keeps the first 64 KiB of what came', () => {
    const codec = deadLettersCodec('kraken')
    const letter = { origin: 'o', code: 'c', reason: 'r', raw: new Uint8Array(70_000).fill(7) }
    const record = codec.encode(letter, 0 as EpochMicros)
    expect(codec.decode(stored(record)).raw).toStrictEqual(new Uint8Array(65_536).fill(7))
  })
})

/** Strict equality tells -0 from 0 and `undefined` from absent. */
function roundTrips<Message>(codec: Codec<Message>, messages: fc.Arbitrary<Message>): void {
  fc.assert(
    fc.property(messages, (message) => {
      const record = codec.encode(message)
      expect(codec.decode(stored(record))).toStrictEqual(message)
      expect(codec.encode(message)).toEqual(record)
    }),
  )
}
