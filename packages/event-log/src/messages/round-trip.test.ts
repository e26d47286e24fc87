import type { EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  candle,
  deadLetter,
  featureRow,
  marketMessage,
  outcome,
  prediction,
  record,
  symbol,
  time,
} from './arbitraries.fixture.ts'
import { candlesCodec } from './candles.ts'
import type { Codec } from './codec.ts'
import { deadLettersCodec } from './dead-letters.ts'
import { group, stored } from './examples.fixture.ts'
import { featuresCodec } from './features.ts'
import { outcomesCodec, predictionsCodec } from './predictions.ts'
import { tradesCodec } from './trades.ts'

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
