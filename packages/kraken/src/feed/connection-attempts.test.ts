import type { EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionAttempts } from './connection-attempts.ts'

const at = (ms: number) => (1_790_358_480_000_000 + ms * 1000) as EpochMicros

describe('the budget of connection attempts', () => {
  it('spaces attempts by 250 ms', () => {
    const attempts = new ConnectionAttempts()
    expect([0, 0, 100, 250, 251].map((ms) => attempts.take(at(ms)))).toEqual([0, 250, 150, 0, 249])
  })

  it('has 120 places in 10 minutes', () => {
    const attempts = new ConnectionAttempts()
    for (let attempt = 0; attempt < 120; attempt += 1) expect(attempts.take(at(attempt * 1000))).toBe(0)
    expect(attempts.take(at(120_000))).toBe(480_000)
    expect(attempts.take(at(599_999))).toBe(1)
    expect(attempts.take(at(600_000))).toBe(0)
    expect(attempts.take(at(600_500))).toBe(500)
  })

  it('keeps any 10 minutes within it, however many connections ask, and lets each of them through in the end', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { minLength: 300, maxLength: 300 }), (pauses) => {
        const attempts = new ConnectionAttempts()
        let now = 0
        const taken = pauses.map((pause) => {
          now += pause
          for (let wait = attempts.take(at(now)); wait > 0; wait = attempts.take(at(now))) now += wait
          return now
        })
        for (const [index, time] of taken.entries()) {
          expect((taken[index + 1] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThanOrEqual(250)
          expect((taken[index + 120] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThanOrEqual(600_000)
        }
      }),
      { numRuns: 30 },
    )
  })
})
