import { type EpochMicros, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'
import { beforeEach, describe, expect, it } from 'vitest'
import { VenueTime } from './venue-time.ts'

const LOCAL = 1_790_358_480_000_000
const VENUE = LOCAL - 3 * MICROS_PER_HOUR
let clock: VenueTime

/** The venue says so `seconds` after the start of our clock. */
const says = (venueTime: number, seconds: number): boolean =>
  clock.observe(Math.round(venueTime) as EpochMicros, (LOCAL + seconds * MICROS_PER_SECOND) as EpochMicros)
const latest = (seconds: number): number => clock.latest((LOCAL + seconds * MICROS_PER_SECOND) as EpochMicros) - VENUE

beforeEach(() => {
  clock = new VenueTime()
})

describe("the venue's clock", () => {
  it('bounds nothing before its first word, then trades to five minutes and two seconds ahead of it', () => {
    expect(latest(0)).toBe(Number.POSITIVE_INFINITY)
    says(VENUE, 0)
    expect(latest(0)).toBe(302 * MICROS_PER_SECOND)
    expect(latest(60)).toBe(362 * MICROS_PER_SECOND)
  })

  it('is not believed when one word is an hour off', () => {
    for (const wrong of [MICROS_PER_HOUR, -MICROS_PER_HOUR, 9e15]) {
      clock = new VenueTime()
      says(VENUE, 0)
      expect(says(VENUE + 10 * MICROS_PER_SECOND, 10)).toBe(true)
      expect(says(VENUE + wrong, 20)).toBe(false)
      expect(says(VENUE + 30 * MICROS_PER_SECOND, 30)).toBe(true)
      expect(latest(30)).toBe(332 * MICROS_PER_SECOND)
    }
  })

  it('is followed when it was set, after three words that go on from each other', () => {
    const set = (seconds: number) => says(VENUE + MICROS_PER_HOUR + seconds * MICROS_PER_SECOND, seconds)
    says(VENUE, 0)
    expect([10, 20, 30, 40].map(set)).toEqual([false, false, true, true])
    expect(latest(40)).toBe(MICROS_PER_HOUR + 342 * MICROS_PER_SECOND)
  })

  it('is followed in a market that runs faster than real time', () => {
    for (const speed of [2, 60, 3600]) {
      clock = new VenueTime()
      const words = [0, 0.5, 1, 1.5, 2].map((seconds) => says(VENUE + speed * seconds * MICROS_PER_SECOND, seconds))
      expect(words.slice(3)).toEqual([true, true])
      expect(latest(2)).toBe(speed * 2 * MICROS_PER_SECOND + 5 * MICROS_PER_MINUTE + speed * 2 * MICROS_PER_SECOND)
    }
  })
})
