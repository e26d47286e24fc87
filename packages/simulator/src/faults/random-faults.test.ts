import { type MarketSymbol, parseTime } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { FAULT_KINDS } from './catalogue.ts'
import { randomFaults } from './random-faults.ts'
import { readFaults } from './read-faults.ts'

const START = parseTime('2026-03-04T10:25:00Z')
const LISTED = ['BTC/USD', 'ETH/USD'] as MarketSymbol[]
const MINUTE = 60_000_000

const read = (seed: number, unserved = false) =>
  readFaults(randomFaults({ seed, unserved }, LISTED), { start: START, listed: LISTED })

describe('a random schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(randomFaults({ seed: 7 }, LISTED)).toEqual(randomFaults({ seed: 7 }, LISTED))
    expect(randomFaults({ seed: 8 }, LISTED)).not.toEqual(randomFaults({ seed: 7 }, LISTED))
  })

  it('has several faults a minute, of every kind but the unserved, in any twelve hours of a day', () => {
    const faults = read(7)
    const minutes = Map.groupBy(faults, ({ from }) => Math.floor((from - START) / MINUTE))
    expect(minutes.size).toBe(24 * 60)
    const half = faults.filter(({ from }) => from < START + 720 * MINUTE)
    expect(new Set(half.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS.filter((kind) => kind !== 'unserved')))
    expect(faults.length / minutes.size).toBeGreaterThan(3)
  })

  it('of some minutes is how a longer one begins', () => {
    const short = randomFaults({ seed: 7, minutes: 3 }, LISTED)
    expect(randomFaults({ seed: 7 }, LISTED).slice(0, short.length)).toEqual(short)
    const times = readFaults(short, { start: START, listed: LISTED }).map(({ from }) =>
      Math.floor((from - START) / MINUTE),
    )
    expect(new Set(times)).toEqual(new Set([0, 1, 2]))
  })

  it('leaves the end of each minute calm', () => {
    for (const { from, to } of read(11)) {
      expect((from - START) % MINUTE).toBeLessThanOrEqual(40_000_000)
      expect(to - from).toBeLessThanOrEqual(15_000_000)
    }
  })

  it('has trades that are never served only when asked, beside the same other faults', () => {
    const others = read(7, true).filter(({ kind }) => kind !== 'unserved')
    expect(read(7, true).length).toBeGreaterThan(others.length)
    expect(others.length).toBe(read(7).length)
  })
})
