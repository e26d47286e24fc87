import type { EpochMicros } from '@c1/market'
import { expect, it } from 'vitest'
import { VenueClock } from './venue-clock.ts'

const at = (micros: number) => micros as EpochMicros

it('the local clock stands in until the venue was heard', () => {
  expect(new VenueClock(() => at(500)).now()).toBe(500)
})

it('the newest observation shifts the local clock', () => {
  let local = at(1_000)
  const clock = new VenueClock(() => local)
  clock.observe(at(900), at(1_000))
  clock.observe(at(4_000), at(1_010))
  local = at(1_020)
  expect(clock.now()).toBe(4_010)
})

it('the clock is never before a trade that was seen, and an older trade changes nothing', () => {
  const clock = new VenueClock(() => at(1_000))
  clock.observeTrade(at(7_000))
  clock.observeTrade(at(6_000))
  expect(clock.now()).toBe(7_000)
})
