import { type EpochMicros, MICROS_PER_MINUTE, MICROS_PER_SECOND, marketSymbol } from '@c1/market'
import { beforeEach, describe, expect, it } from 'vitest'
import { TradeLedger } from '../ledger/ledger.ts'
import { madeTrade } from '../test-support.ts'
import { HoleWatch } from './hole-watch.ts'

const BTC = marketSymbol('BTC/USD')
let ledger: TradeLedger
let watch: HoleWatch
let now: EpochMicros
const pass = (micros: number): void => {
  now = (now + micros) as EpochMicros
}
const add = (...ids: number[]): void => {
  for (const id of ids) ledger.add(madeTrade(BTC, id, id * 10), 'live', now)
}
/** A walk from trade 2 to beyond the hole of 3 to 8, or not as far. */
const asked = (reached: number) => watch.asked(BTC, { after: 20 as EpochMicros, wanted: 8, reached })

beforeEach(() => {
  ledger = new TradeLedger()
  now = 1_000_000 as EpochMicros
  watch = new HoleWatch({ ledger, now: () => now, hostNow: () => now })
  add(1, 2, 9)
})

describe('a watched hole', () => {
  it('is as old as the hole that it is left of', () => {
    watch.look(BTC)
    const since = now
    pass(5)
    add(5)
    expect(watch.look(BTC)).toEqual([])
    expect(watch.holes(BTC).map((hole) => [hole.first, hole.last, hole.since])).toEqual([
      [3, 4, since],
      [6, 8, since],
    ])
  })

  it('is one of thousands, each as old as what it is left of, and those that closed are told', () => {
    const ids = Array.from({ length: 5000 }, (_, at) => 20 + 10 * at)
    add(...ids)
    watch.look(BTC)
    const since = now
    pass(7)
    add(...ids.flatMap((id) => (id % 20 === 0 ? [id + 5] : Array.from({ length: 9 }, (_, at) => id + 1 + at))))
    const closed = watch.look(BTC)
    expect(closed.map(({ first }) => first)).toEqual(
      ids
        .filter((id) => id % 20 !== 0)
        .map((id) => id + 1)
        .slice(0, -1),
    )
    expect(watch.holes(BTC).slice(2, 4)).toMatchObject([
      { first: 21, last: 24, since },
      { first: 26, last: 29, since },
    ])
  })

  it('that may be among rows that cannot be read is believed to be missing after ten minutes only', () => {
    watch.look(BTC)
    const doubted = () => watch.asked(BTC, { after: 20 as EpochMicros, wanted: 8, reached: 9, isDoubtful: true })
    expect(doubted()).toEqual([])
    pass(10 * MICROS_PER_MINUTE - 1)
    expect(doubted()).toEqual([])
    pass(1)
    expect(doubted()).toMatchObject([{ first: 3, last: 8 }])
  })

  it('is told once when it is closed', () => {
    watch.look(BTC)
    add(3, 4, 5, 6, 7, 8)
    expect(watch.look(BTC)).toMatchObject([{ first: 3, last: 8 }])
    expect(watch.look(BTC)).toEqual([])
  })

  it('is due at once, then after ever longer, at most five seconds', () => {
    watch.look(BTC)
    const delays = [
      watch.holes(BTC)[0]?.dueAt,
      ...Array.from({ length: 7 }, () => asked(0) && watch.holes(BTC)[0]?.dueAt),
    ]
    expect(delays.map((dueAt) => ((dueAt ?? 0) - now) / MICROS_PER_SECOND)).toEqual([0, 0.3, 0.6, 1.2, 2.4, 4.8, 5, 5])
  })

  it('is not served when history left it out twice, a minute apart, with what lies beyond it', () => {
    watch.look(BTC)
    expect(asked(9)).toEqual([])
    pass(MICROS_PER_MINUTE - 1)
    expect(asked(9)).toEqual([])
    pass(1)
    expect(asked(9)).toMatchObject([{ first: 3, last: 8 }])
  })

  it('may be served yet while history does not reach beyond it', () => {
    watch.look(BTC)
    asked(2)
    pass(10 * MICROS_PER_MINUTE)
    expect(asked(2)).toEqual([])
    expect(asked(9)).toEqual([])
    pass(MICROS_PER_MINUTE)
    expect(asked(8)).toEqual([])
    expect(asked(9)).toHaveLength(1)
  })

  it('is not meant by a walk that began after it', () => {
    watch.look(BTC)
    watch.asked(BTC, { after: 21 as EpochMicros, wanted: 8, reached: 9 })
    expect(watch.holes(BTC)[0]).toMatchObject({ asked: 0, passedAt: undefined })
  })
})
