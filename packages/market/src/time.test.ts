import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MalformedError } from './errors.ts'
import {
  type EpochMicros,
  epochMicros,
  formatSpan,
  formatTime,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  parseSeconds,
  parseSpan,
  parseTime,
  systemTime,
} from './time.ts'

/** Every exact time, from 1684 to 2255. */
const times = fc.maxSafeInteger().map((micros) => micros as EpochMicros)
const two = (value: number): string => String(value).padStart(2, '0')

describe('formatTime', () => {
  it('writes what Date writes, with three more digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: -9e12, max: 9e12 }), fc.nat({ max: 999 }), (millis, micros) => {
        const oracle = new Date(millis).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)
        expect(formatTime(epochMicros(millis * 1000 + micros))).toBe(oracle)
      }),
    )
  })

  it('counts forward from the second before 1970', () => {
    expect(formatTime(epochMicros(-1))).toBe('1969-12-31T23:59:59.999999Z')
    expect(formatTime(epochMicros(0))).toBe('1970-01-01T00:00:00.000000Z')
  })
})

describe('parseTime', () => {
  it('reads back every time that formatTime writes', () => {
    fc.assert(
      fc.property(times, (time) => {
        expect(parseTime(formatTime(time))).toBe(time)
      }),
    )
  })

  it('agrees with Date on offsets', () => {
    const offset = fc.tuple(fc.constantFrom('+', '-'), fc.nat({ max: 23 }), fc.nat({ max: 59 }))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), offset, (second, [sign, hours, minutes]) => {
        const text = `${new Date(second * 1000).toISOString().slice(0, 19)}${sign}${two(hours)}:${two(minutes)}`
        expect(parseTime(text)).toBe(Date.parse(text) * 1000)
      }),
    )
  })

  it('cuts digits beyond microseconds, also before 1970', () => {
    expect(parseTime('2025-11-10T13:00:00.1234569Z')).toBe(parseTime('2025-11-10T13:00:00.123456Z'))
    expect(parseTime('1969-12-31T23:59:59.9999999Z')).toBe(-1)
  })

  it.each([
    ['2025-11-10', '2025-11-10T00:00:00.000000Z'],
    ['2025-11-10 13:00:00', '2025-11-10T13:00:00.000000Z'],
    ['2025-11-10t13:00:00,5z', '2025-11-10T13:00:00.500000Z'],
    ['2025-11-10T13:00:00.25+02:00', '2025-11-10T11:00:00.250000Z'],
    ['2024-02-29T23:59:59-00:30', '2024-03-01T00:29:59.000000Z'],
  ])('reads %s as %s', (text, utc) => {
    expect(formatTime(parseTime(text))).toBe(utc)
  })

  it.each([
    '',
    'yesterday',
    '2025-11-10T13:00Z',
    '2025-11-10T13:00:00.Z',
    '2025-11-10Z',
    '25-11-10',
    ' 2025-11-10',
    '1762779600',
  ])('refuses %j and shows how to write a time', (text) => {
    expect(() => parseTime(text)).toThrow(
      new MalformedError('time_malformed', `"${text}" is not a time: expected like 2025-11-10T13:00:00.123456Z.`, {
        details: { text },
      }),
    )
  })

  it.each([
    '2025-02-30',
    '1900-02-29',
    '2025-13-01',
    '2025-11-10T13:60:00Z',
    '2016-12-31T23:59:60Z',
    '2025-01-01T00:00:00+24:00',
  ])('refuses %s, which does not exist', (text) => {
    expect(() => parseTime(text)).toThrow(`"${text}" is not a time: expected a date that exists.`)
  })

  it('refuses hour 24', () => {
    expect(() => parseTime('2025-11-10T24:00:00Z')).toThrow(MalformedError)
  })

  it('refuses a date whose microseconds are not exact', () => {
    expect(() => parseTime('9999-12-31')).toThrow('"9999-12-31" is not a time: expected a date from 1685 to 2254.')
    expect(() => parseTime('0001-01-01')).toThrow(MalformedError)
  })
})

describe('parseSeconds', () => {
  it('agrees with whole-number arithmetic', () => {
    const fraction = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 12 })
    fc.assert(
      fc.property(fc.nat({ max: 9_000_000_000 }), fraction, (seconds, digits) => {
        const oracle = (BigInt(`${seconds}${digits.padEnd(12, '0')}`) / 1_000_000n).toString()
        expect(String(parseSeconds(`${seconds}.${digits}`))).toBe(oracle)
      }),
    )
  })

  it('reads archive and REST spellings', () => {
    expect(parseSeconds('1525752700.0295')).toBe(1_525_752_700_029_500)
    expect(parseSeconds('1525752700')).toBe(1_525_752_700_000_000)
    expect(parseSeconds('1762779600.123456789')).toBe(1_762_779_600_123_456)
  })

  it.each(['', '-1', '1.5e9', '.5', '1 ', '999999999999', '1525752700029500000'])('refuses %j', (text) => {
    expect(() => parseSeconds(text)).toThrow(expect.objectContaining({ code: 'time_malformed' }))
  })
})

describe('epochMicros', () => {
  it('takes whole numbers and refuses what cannot be exact', () => {
    expect(epochMicros(1_762_779_600_123_456)).toBe(1_762_779_600_123_456)
    for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => epochMicros(value)).toThrow(MalformedError)
    }
  })
})

describe('systemTime', () => {
  afterEach(() => vi.restoreAllMocks())

  /** It may differ from the host's clock by a tenth of a second before it is set anew. */
  function expectHostTime(): void {
    const before = Date.now()
    const millis = systemTime() / 1000
    expect(millis).toBeGreaterThan(before - 102)
    expect(millis).toBeLessThan(Date.now() + 102)
  }

  it('is the host clock in whole microseconds', () => {
    expect(Number.isSafeInteger(systemTime())).toBe(true)
    expectHostTime()
  })

  it('is right again after the machine slept', () => {
    const slept = Date.now() + 8 * 3_600_000
    const wall = vi.spyOn(Date, 'now').mockReturnValue(slept)
    expect(Math.abs(systemTime() / 1000 - slept)).toBeLessThan(1)
    wall.mockRestore()
    expectHostTime()
  })
})

describe('spans', () => {
  const lengths = {
    s: MICROS_PER_SECOND,
    m: MICROS_PER_MINUTE,
    h: MICROS_PER_HOUR,
    d: MICROS_PER_DAY,
    w: 7 * MICROS_PER_DAY,
  }

  it('are read as count times unit', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), fc.constantFrom('s', 'm', 'h', 'd', 'w'), (count, unit) => {
        expect(parseSpan(`${count}${unit}`)).toBe(count * lengths[unit])
      }),
    )
  })

  it('are written in the longest unit that divides them, and read back', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000_000 }), (seconds) => {
        const text = formatSpan(seconds * MICROS_PER_SECOND)
        expect(parseSpan(text)).toBe(seconds * MICROS_PER_SECOND)
        const shorter = Object.entries(lengths).filter(([, length]) => (seconds * MICROS_PER_SECOND) % length === 0)
        if (seconds > 0) expect(text.at(-1)).toBe(shorter.at(-1)?.[0])
      }),
    )
  })

  it.each([
    [0, '0s'],
    [90 * MICROS_PER_SECOND, '90s'],
    [5 * MICROS_PER_MINUTE, '5m'],
    [24 * MICROS_PER_HOUR, '1d'],
    [30 * MICROS_PER_DAY, '30d'],
  ])('%d microseconds are %s', (micros, text) => {
    expect(formatSpan(micros)).toBe(text)
  })

  it.each(['', '5', 'm', '-5m', '1.5h', '5 m', '5M', '5ms', '1y', '99999999999999w'])('refuse %j', (text) => {
    expect(() => parseSpan(text)).toThrow(
      new MalformedError('span_malformed', `"${text}" is not a span of time: write it like 90s, 5m, 24h or 7d.`, {
        details: { text },
      }),
    )
  })
})
