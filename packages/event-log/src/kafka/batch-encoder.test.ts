import { compressionsAlgorithms, crc32c, Reader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type EncodableRecord, encodeBatch, encodeHeaders } from './batch-encoder.ts'
import { BatchDecoder } from './record-batches.ts'

const { bitmask, compressSync, decompressSync } = compressionsAlgorithms.lz4
const codec = { compress: compressSync, compression: bitmask, checksum: crc32c }
const YEAR_2100_MS = Date.UTC(2100, 0)

const bytes = fc.uint8Array({ maxLength: 300 })
const headers = fc.dictionary(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), {
  maxKeys: 4,
  noNullPrototype: true,
})
const record = fc.record({
  key: fc.string({ maxLength: 80 }),
  value: fc.oneof(bytes, fc.constant(new Uint8Array(10_000))),
  headers,
  timestampMs: fc.oneof(
    fc.integer({ min: 0, max: YEAR_2100_MS }),
    fc.integer({ min: 1_500_000_000_000, max: 1_500_000_000_100 }),
  ),
})
const identity = fc.record({
  producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  producerEpoch: fc.integer({ min: 0, max: 32_767 }),
  sequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
})

const encodable = (given: {
  key: string
  value: Uint8Array
  headers: Record<string, string>
  timestampMs: number
}): EncodableRecord => ({
  key: Buffer.from(given.key),
  value: given.value,
  headers: encodeHeaders(given.headers),
  timestampMs: given.timestampMs,
})

it('makes batches that another reader reads as they were given', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 150 }), identity, (records, who) => {
      const batch = readRecordsBatch(Reader.from(encodeBatch(records.map(encodable), who, codec)))
      expect(batch).toMatchObject({
        magic: 2,
        attributes: bitmask,
        producerId: who.producerId,
        producerEpoch: who.producerEpoch,
        firstSequence: who.sequence,
        lastOffsetDelta: records.length - 1,
        maxTimestamp: BigInt(Math.max(...records.map(({ timestampMs }) => timestampMs))),
      })
      const read = batch.records.map(({ headers, key, offsetDelta, timestampDelta, value }) => ({
        offset: offsetDelta,
        timestampMs: Number(batch.firstTimestamp + timestampDelta),
        key: key?.toString(),
        value: Uint8Array.from(value ?? []),
        headers: Object.fromEntries(headers.map(([name, text]) => [name?.toString(), text?.toString()])),
      }))
      const expected = records.map(({ headers, key, timestampMs, value }, offset) => ({
        offset,
        timestampMs,
        key: Buffer.from(key).toString(),
        value: Uint8Array.from(value),
        headers: decoded(headers),
      }))
      expect(read).toEqual(expected)
    }),
    { numRuns: 50 },
  )
})

it('makes batches with the checksum of what follows it', () => {
  const batch = encodeBatch(
    [encodable({ key: 'A/B', value: Buffer.from('x'), headers: {}, timestampMs: 0 })],
    { producerId: 1n, producerEpoch: 0, sequence: 0 },
    codec,
  )
  expect(batch.readUInt32BE(17)).toBe(castagnoli(batch.subarray(21)))
})

it.each(['__proto__', 'toString'])('keeps a header named %s', (name) => {
  const headers = Object.fromEntries([[name, 'kept']])
  const batch = encodeBatch(
    [encodable({ key: 'A/B', value: Buffer.from('x'), headers, timestampMs: 0 })],
    { producerId: 1n, producerEpoch: 0, sequence: 0 },
    codec,
  )
  const [decoded] = [...new BatchDecoder('trades.v1', (_, packed) => decompressSync(packed)).decode(0, 0, batch, [])]
  expect(Object.entries(decoded?.records[0]?.headers ?? {})).toEqual([[name, 'kept']])
})

it('is undone by the decoder', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), identity, (records, who) => {
      const bytes = encodeBatch(records.map(encodable), who, codec)
      const decoder = new BatchDecoder('trades.v1', (_, packed) => decompressSync(packed))
      const [batch] = [...decoder.decode(3, 0, bytes, [])]
      expect(batch?.next).toBe(records.length)
      expect(
        batch?.records.map(({ key, value, ...rest }) => ({ ...rest, key, value: Uint8Array.from(value) })),
      ).toEqual(
        records.map(({ headers, key, timestampMs, value }, offset) => ({
          key: Buffer.from(key).toString(),
          value: Uint8Array.from(value),
          timestamp: timestampMs * 1000,
          headers: decoded(headers),
          partition: 3,
          offset,
        })),
      )
    }),
    { numRuns: 50 },
  )
})

/** Lone surrogates do not survive UTF-8. */
function decoded(headers: Record<string, string>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, text]) => [
    Buffer.from(name).toString(),
    Buffer.from(text).toString(),
  ])
  return Object.fromEntries(entries)
}

/** CRC-32C by its definition, a bit at a time. */
function castagnoli(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
