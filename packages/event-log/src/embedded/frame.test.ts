import type { EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogRecord, RecordRun } from '../event-log.ts'
import { recordsOf } from '../record-run.ts'
import { decodeRecords, encodeFrame, encodeRunFrame, holdsLaterFrame, isIntact, readHeader } from './frame.ts'

const record: fc.Arbitrary<LogRecord> = fc.record({
  key: fc.oneof(fc.constantFrom('BTC/USD', 'ETH/USD'), fc.string({ unit: 'grapheme' })),
  value: fc.uint8Array({ maxLength: 100 }),
  timestamp: fc.maxSafeInteger().map((time) => time as EpochMicros),
  headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' }), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
})

describe('a frame', () => {
  it('gives back any records that it was made from', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.nat(), (records, baseOffset) => {
        const bytes = encodeFrame(records, baseOffset, 5 as EpochMicros)
        const header = readHeader(bytes, 0, baseOffset)
        if (typeof header === 'string') throw new Error(header)
        expect(header).toEqual({ length: bytes.length, count: records.length, baseOffset, appendedAt: 5 })
        expect(isIntact(bytes, 0, header)).toBe(true)
        const expected = records.map((record, index) => ({ ...record, partition: 0, offset: baseOffset + index }))
        expect(decodeRecords(bytes, 0, header).map(withPlainValue)).toEqual(expected.map(withPlainValue))
      }),
    )
  })

  it('of a run is the frame of its records, byte for byte', () => {
    const values = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(record, values, fc.nat(), ({ key, headers, timestamp }, values, baseOffset) => {
        const run: RecordRun = {
          key,
          headers,
          count: values.length,
          timestamps: Float64Array.from(values, (_, index) => timestamp + index),
          values: Buffer.concat(values),
          lengths: Uint32Array.from(values, ({ length }) => length),
        }
        const appendedAt = 5 as EpochMicros
        const frame = encodeRunFrame(run, baseOffset, appendedAt)
        expect(frame.equals(encodeFrame(recordsOf(run), baseOffset, appendedAt))).toBe(true)
      }),
    )
  })

  it('is these bytes, and every later version reads them', () => {
    const headers = { 'c1-kind': 'trade' }
    const records = [
      { key: 'A/B', value: Buffer.from('one'), timestamp: 1_000_000 as EpochMicros, headers },
      { key: 'A/B', value: Buffer.from('two'), timestamp: 2_000_000 as EpochMicros, headers },
    ]
    expect(
      encodeFrame(records, 7, 3_000_000 as EpochMicros)
        .toString('hex')
        .match(/.{1,64}/g),
    ).toEqual([
      '4331423178000000a0e862b9020000000000000000001c400000000060e34641',
      '260000000100000003000000412f4201000000130000007b2263312d6b696e64',
      '223a227472616465227d00000000000000000000000080842e41030000000000',
      '0000000000000000000080843e41030000006f6e6574776f',
    ])
  })

  it('is partial at every length short of its own, and never intact with a flipped bit', () => {
    const bytes = encodeFrame(
      [{ key: 'A/B', value: Buffer.from('one'), timestamp: 1 as EpochMicros, headers: {} }],
      3,
      4 as EpochMicros,
    )
    for (let length = 1; length < bytes.length; length += 1) {
      expect(readHeader(bytes.subarray(0, length), 0, 3)).toBe('partial')
    }
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const header = readHeader(flipped, 0, 3)
      expect(typeof header === 'object' && isIntact(flipped, 0, header)).toBe(false)
    }
  })

  it('is found behind bytes that are none, unless it is of earlier records', () => {
    const bytes = encodeFrame(
      [{ key: 'A/B', value: Buffer.from('C1B1C1B1'), timestamp: 1 as EpochMicros, headers: {} }],
      9,
      4 as EpochMicros,
    )
    const behind = Buffer.concat([Buffer.from('C1C1B1 and more'), bytes])
    expect(holdsLaterFrame(behind, 8)).toBe(true)
    expect(holdsLaterFrame(behind, 9)).toBe(false)
    expect(holdsLaterFrame(behind.subarray(0, -1), 8)).toBe(false)
    expect(holdsLaterFrame(bytes, 8)).toBe(false)
  })

  it('refuses a batch that is too large to be read whole', () => {
    const value = new Uint8Array(1024 * 1024)
    const records = Array.from({ length: 65 }, () => ({ key: 'A/B', value, timestamp: 0 as EpochMicros, headers: {} }))
    expect(() => encodeFrame(records, 0, 0 as EpochMicros)).toThrow('A batch of 65 records takes 68158797 bytes')
  })
})

function withPlainValue(record: LogRecord): object {
  return { ...record, value: [...record.value], headers: { ...record.headers } }
}
