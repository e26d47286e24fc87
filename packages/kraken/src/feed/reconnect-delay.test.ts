import type { EpochMicros } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { ReconnectDelay } from './reconnect-delay.ts'

const at = (seconds: number) => (seconds * 1_000_000) as EpochMicros

describe('the delay before the next connection', () => {
  it('is short twice, then grows to half a minute', () => {
    const delay = new ReconnectDelay(() => 0)
    const delays = Array.from({ length: 7 }, () => delay.lost(at(0)))
    expect(delays).toEqual([1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 30_000])
  })

  it('starts again only after a connection that held for 30 s', () => {
    const delay = new ReconnectDelay(() => 0)
    for (let failure = 0; failure < 3; failure += 1) delay.lost(at(0))
    delay.opened(at(100))
    expect(delay.lost(at(129))).toBe(10_000)
    delay.opened(at(200))
    expect(delay.lost(at(230))).toBe(1_000)
  })

  it('has up to 750 ms on top', () => {
    expect(new ReconnectDelay(() => 0.9999).lost(at(0))).toBe(1_750)
  })

  it('is at least 5 s while the venue is in maintenance', () => {
    const delay = new ReconnectDelay(() => 0)
    delay.venueIs(false)
    const delays = Array.from({ length: 4 }, () => delay.lost(at(0)))
    expect(delays).toEqual([5_000, 5_000, 5_000, 10_000])
    delay.venueIs(true)
    delay.opened(at(100))
    expect(delay.lost(at(130))).toBe(1_000)
  })
})
