import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from './errors.ts'
import { INTERVALS, intervalMicros, parseInterval, windowOpenTime } from './interval.ts'
import { type EpochMicros, epochMicros, formatSpan, MICROS_PER_MINUTE, parseTime } from './time.ts'

const interval = fc.constantFrom(...INTERVALS)
const time = fc.maxSafeInteger().map((micros) => micros as EpochMicros)

/** The start of a window by whole-number division, which rounds towards zero. */
function naiveOpenTime(time: bigint, length: bigint): bigint {
  const inside = ((time % length) + length) % length
  return time - inside
}

describe('intervals', () => {
  it('stand shortest first, and each is named by its length', () => {
    const lengths = INTERVALS.map(intervalMicros)
    expect(lengths).toStrictEqual(lengths.toSorted((a, b) => a - b))
    expect(lengths.map(formatSpan)).toStrictEqual([...INTERVALS])
  })

  it('are whole multiples of a minute', () => {
    expect(INTERVALS.filter((interval) => intervalMicros(interval) % MICROS_PER_MINUTE !== 0)).toStrictEqual([])
  })

  it('are read by name', () => {
    expect(INTERVALS.map(parseInterval)).toStrictEqual([...INTERVALS])
  })

  it.each(['', '2m', '60m', '1H', '24h', 'toString'])(
    'do not include %j, and the error names those there are',
    (text) => {
      expect(() => parseInterval(text)).toThrow(
        new UsageError(
          'interval_unknown',
          `Unknown interval "${text}". Choose from 1m, 5m, 15m, 30m, 1h, 4h, 12h, 1d.`,
        ),
      )
    },
  )
})

describe('windowOpenTime', () => {
  it('agrees with whole-number division for every exact time', () => {
    fc.assert(
      fc.property(time, interval, (time, interval) => {
        const oracle = naiveOpenTime(BigInt(time), BigInt(intervalMicros(interval)))
        expect(BigInt(windowOpenTime(time, interval))).toBe(oracle)
      }),
    )
  })

  it('gives half-open windows: the start is in, the end is in the next', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), interval, (index, interval) => {
        const length = intervalMicros(interval)
        const open = epochMicros(index * length)
        expect(windowOpenTime(open, interval)).toBe(index * length)
        expect(windowOpenTime(epochMicros(open + length - 1), interval)).toBe(index * length)
        expect(windowOpenTime(epochMicros(open + length), interval)).toBe((index + 1) * length)
      }),
    )
  })

  it('aligns to UTC days', () => {
    expect(windowOpenTime(parseTime('2025-11-10T23:59:59.999999Z'), '1d')).toBe(parseTime('2025-11-10'))
    expect(windowOpenTime(parseTime('1969-12-31T23:59:59.999999Z'), '4h')).toBe(parseTime('1969-12-31T20:00:00Z'))
  })
})
