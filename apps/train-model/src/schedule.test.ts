import type { EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstCutOff, nextCutOff, trainingSchedule } from './schedule.ts'

const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
const at = (minutes: number): EpochMicros => (minutes * MINUTE) as EpochMicros

describe('the training schedule', () => {
  const schedule = trainingSchedule(HOUR, MINUTE)

  it('begins with the newest cut-off whose version can serve at the start', () => {
    expect(firstCutOff(schedule, at(125))).toBe(at(120))
    expect(firstCutOff(schedule, at(121))).toBe(at(120))
    expect(firstCutOff(schedule, (at(121) - 1) as EpochMicros)).toBe(at(60))
  })

  it('goes on every hour with a version, and sooner without one', () => {
    expect(nextCutOff(schedule, at(120), true)).toBe(at(180))
    expect(nextCutOff(schedule, at(125), true)).toBe(at(180))
    expect(nextCutOff(schedule, at(120), false)).toBe(at(125))
  })

  it('never tries more often than it trains, nor than candles close', () => {
    expect(trainingSchedule(2 * MINUTE, MINUTE).retry).toBe(2 * MINUTE)
    expect(trainingSchedule(24 * HOUR, HOUR).retry).toBe(HOUR)
  })

  it('always moves on, to a multiple that is at most one step away', () => {
    const times = fc.tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 600 }), fc.boolean())
    fc.assert(
      fc.property(times, ([minutes, every, hasVersion]) => {
        const schedule = trainingSchedule(every * MINUTE, MINUTE)
        const step = hasVersion ? schedule.every : schedule.retry
        const next = nextCutOff(schedule, at(minutes), hasVersion)
        expect(next % step).toBe(0)
        expect(next).toBeGreaterThan(at(minutes))
        expect(next - at(minutes)).toBeLessThanOrEqual(step)
      }),
    )
  })
})
