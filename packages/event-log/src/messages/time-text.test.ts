import { type EpochMicros, formatTime, parseTime } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimeText } from './time-text.ts'

/** Some near each other, as in a topic, so that the remembered minute is used, left and entered again. */
const times = fc.array(
  fc
    .oneof(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.integer({ min: 59_000_000, max: 121_000_000 }))
    .map((time) => time as EpochMicros),
)

describe('the text of times', () => {
  it('is as formatTime writes it', () => {
    const text = new TimeText()
    fc.assert(
      fc.property(times, (times) => {
        expect(times.map((time) => text.format(time))).toEqual(times.map(formatTime))
      }),
    )
  })

  it('is read as parseTime reads it', () => {
    const text = new TimeText()
    fc.assert(
      fc.property(times, (times) => {
        expect(times.map(formatTime).map((time) => text.parse(time))).toEqual(times)
      }),
    )
  })

  it('of any other form is not read, whatever was read before', () => {
    fc.assert(
      fc.property(times, fc.nat({ max: 26 }), fc.string({ minLength: 1, maxLength: 1 }), (times, at, character) => {
        const text = new TimeText()
        for (const time of times) text.parse(formatTime(time))
        for (const time of times.map(formatTime)) {
          const changed = time.slice(0, at) + character + time.slice(at + 1)
          expect(text.parse(changed)).toBe(canonical(changed))
        }
      }),
    )
  })
})

function canonical(text: string): EpochMicros | undefined {
  try {
    const time = parseTime(text)
    return formatTime(time) === text ? time : undefined
  } catch {
    return undefined
  }
}
