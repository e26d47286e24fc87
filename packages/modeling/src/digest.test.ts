import { createHash } from 'node:crypto'
import type { FeatureRow } from '@c1/features'
import type { EpochMicros, MarketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { dataDigest, vectorDigest } from './digest.ts'

const row = (values: readonly number[], changes: Partial<FeatureRow> = {}): FeatureRow => ({
  symbol: 'BTC/USD' as MarketSymbol,
  eventTime: 1 as EpochMicros,
  availableAt: 1 as EpochMicros,
  revision: 1,
  firstTradeId: 1,
  lastTradeId: 2,
  values,
  ...changes,
})

/** A NaN whose bits differ from the usual one's. */
const [otherNaN] = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)

describe('the digest of a vector', () => {
  it('is the start of the SHA-256 of little-endian doubles', () => {
    const bytes = Buffer.alloc(16)
    bytes.writeDoubleLE(1.5, 0)
    bytes.writeDoubleLE(-2, 8)
    expect(vectorDigest(row([1.5, -2]))).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 16))
  })

  it('changes with every bit and with the order', () => {
    const digests = [[0.3, 1], [0.1 + 0.2, 1], [1, 0.3], [0.3], [0.3, Number.NaN], [0, 1], [-0, 1]].map((values) =>
      vectorDigest(row(values)),
    )
    expect(new Set(digests).size).toBe(7)
  })

  it('takes every NaN for the same', () => {
    expect(vectorDigest(row([otherNaN as number]))).toBe(vectorDigest(row([Number.NaN])))
  })
})

describe('the digest of what a model learned from', () => {
  it('changes with a time, a revision, a value, a label and the order of rows', () => {
    const [first, second] = [row([1]), row([2], { eventTime: 2 as EpochMicros })]
    const digests = [
      dataDigest([first, second], [0.1, 0.2]),
      dataDigest([row([1], { eventTime: 0 as EpochMicros }), second], [0.1, 0.2]),
      dataDigest([row([1], { revision: 2 }), second], [0.1, 0.2]),
      dataDigest([row([1.5]), second], [0.1, 0.2]),
      dataDigest([first, second], [0.1, 0.3]),
      dataDigest([second, first], [0.1, 0.2]),
      dataDigest([first], [0.1]),
    ]
    expect(new Set(digests).size).toBe(digests.length)
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/)
  })

  it('does not depend on when a row became available', () => {
    const later = row([1], { availableAt: 99 as EpochMicros })
    expect(dataDigest([later], [0.1])).toBe(dataDigest([row([1])], [0.1]))
  })
})
