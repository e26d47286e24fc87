import { describe, expect, it } from 'vitest'
import { Coverage, rangesBeyond } from './coverage.ts'

const BEGINNING = Number.NEGATIVE_INFINITY

/** `7-9 [101,130)`: ids and proven time of each span, with `*` where it is anchored. */
function spansOf(coverage: Coverage): string[] {
  return coverage.spans.map(({ first, last, from, to, anchored }) => {
    return `${first}-${last} [${from === BEGINNING ? '' : from},${to})${anchored ? '*' : ''}`
  })
}

describe('coverage', () => {
  it('of one trade proves no time, and of trade 1 all before it', () => {
    const coverage = new Coverage()
    coverage.addTrade(7, 100)
    expect(spansOf(coverage)).toEqual(['7-7 [101,100)*'])
    const start = new Coverage()
    start.addTrade(1, 100)
    expect(spansOf(start)).toEqual(['1-1 [,100)*'])
  })

  it('grows by neighbours on either side and joins across a filled hole', () => {
    const coverage = new Coverage()
    for (const [id, time] of [
      [7, 100],
      [8, 110],
      [6, 90],
      [10, 130],
      [9, 120],
    ] as const)
      coverage.addTrade(id, time)
    expect(spansOf(coverage)).toEqual(['6-10 [91,130)*'])
  })

  it('anchors the lowest span, and a lower one that comes later too, not one above a hole', () => {
    const coverage = new Coverage()
    for (const [id, time] of [
      [20, 200],
      [30, 300],
      [10, 100],
    ] as const)
      coverage.addTrade(id, time)
    expect(spansOf(coverage)).toEqual(['10-10 [101,100)*', '20-20 [201,200)*', '30-30 [301,300)'])
  })

  it('takes a heartbeat before the trades around it or after', () => {
    const before = new Coverage()
    before.addHeartbeat(6, 95)
    before.addTrade(7, 100)
    const after = new Coverage()
    after.addTrade(7, 100)
    after.addHeartbeat(6, 95)
    expect(spansOf(before)).toEqual(['7-7 [95,100)*'])
    expect(spansOf(after)).toEqual(spansOf(before))
    after.addTrade(6, 90)
    after.addHeartbeat(7, 500)
    expect(spansOf(after)).toEqual(['6-7 [91,500)*'])
  })

  it('joins what a heartbeat said between two trades', () => {
    const coverage = new Coverage()
    coverage.addHeartbeat(7, 105)
    coverage.addHeartbeat(7, 107)
    expect(spansOf(coverage)).toEqual(['8-7 [105,107)*'])
    coverage.addTrade(8, 110)
    coverage.addTrade(7, 100)
    expect(spansOf(coverage)).toEqual(['7-8 [101,110)*'])
  })

  it('learns nothing from a heartbeat that came too late', () => {
    const coverage = new Coverage()
    for (const [id, time] of [
      [6, 90],
      [7, 100],
      [8, 110],
    ] as const)
      coverage.addTrade(id, time)
    coverage.addHeartbeat(7, 500)
    expect(spansOf(coverage)).toEqual(['6-8 [91,110)*'])
  })

  it('never takes back proven time when a trade goes back', () => {
    const coverage = new Coverage()
    for (const [id, time] of [
      [1, 100],
      [2, 90],
    ] as const)
      coverage.addTrade(id, time)
    expect(spansOf(coverage)).toEqual(['1-2 [,100)*'])
  })

  it('knows an id at any age', () => {
    const coverage = new Coverage()
    for (const id of [1, 2, 3, 9]) coverage.addTrade(id, id)
    expect([0, 1, 3, 4, 8, 9, 10].map((id) => coverage.has(id))).toEqual([false, true, true, false, false, true, false])
    coverage.addHeartbeat(5, 5)
    expect([5, 6].map((id) => coverage.has(id))).toEqual([false, false])
  })

  it('says up to which id a span can only grow', () => {
    const coverage = new Coverage()
    const span = coverage.addTrade(1, 1)
    expect(coverage.limitAbove(span)).toBe(Number.POSITIVE_INFINITY)
    coverage.addTrade(9, 9)
    expect(coverage.limitAbove(span)).toBe(8)
  })
})

describe('an exception', () => {
  const between = { from: 100, to: 130 }

  it('joins the trades around it, and its ids are not there', () => {
    const coverage = new Coverage()
    coverage.addTrade(7, 100)
    coverage.addTrade(10, 130)
    expect(coverage.addException({ first: 8, last: 9 }, between)).toBe(true)
    expect(spansOf(coverage)).toEqual(['7-10 [101,130)*'])
    expect([7, 8, 9, 10].map((id) => coverage.has(id))).toEqual([true, false, false, true])
  })

  it('makes incomplete what holds an instant from the trade before it to the trade after', () => {
    const coverage = new Coverage()
    coverage.addException({ first: 8, last: 9 }, between)
    const lacks = (from: number, to: number) => coverage.lacks({ from, to })
    expect([lacks(0, 100), lacks(0, 101), lacks(110, 111), lacks(130, 131), lacks(131, 140)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ])
  })

  it('shrinks by each trade that comes after all, and is gone with the last one', () => {
    const coverage = new Coverage()
    coverage.addException({ first: 8, last: 10 }, between)
    coverage.addTrade(9, 110)
    expect(coverage.exceptions.map(({ missing }) => missing)).toEqual([
      [
        { first: 8, last: 8 },
        { first: 10, last: 10 },
      ],
    ])
    coverage.addTrade(8, 105)
    coverage.addTrade(10, 120)
    expect(coverage.exceptions).toEqual([])
    expect(coverage.lacks(between)).toBe(false)
    expect(spansOf(coverage)).toEqual(['8-10 [101,130)*'])
  })

  it('is about what is missing when it comes, and nothing when all is there', () => {
    const coverage = new Coverage()
    for (const id of [7, 8, 10]) coverage.addTrade(id, id)
    expect(coverage.addException({ first: 8, last: 9 }, between)).toBe(true)
    expect(coverage.exceptions.map(({ missing }) => missing)).toEqual([[{ first: 9, last: 9 }]])
    expect(coverage.addException({ first: 7, last: 8 }, between)).toBe(false)
    expect(coverage.addException({ first: 8, last: 9 }, between)).toBe(false)
  })
})

describe('rangesBeyond', () => {
  it('is what lies in none of the known ranges', () => {
    const known = [
      { from: 10, to: 20 },
      { from: 30, to: 40 },
    ]
    const gained = (from: number, to: number) => rangesBeyond([{ from, to }], known).map(({ from, to }) => [from, to])
    expect(gained(0, 50)).toEqual([
      [0, 10],
      [20, 30],
      [40, 50],
    ])
    expect(gained(10, 40)).toEqual([[20, 30]])
    expect(gained(BEGINNING, 15)).toEqual([[BEGINNING, 10]])
    expect(gained(12, 18)).toEqual([])
    expect(gained(20, 30)).toEqual([[20, 30]])
  })

  it('takes ranges in any order that overlap, which times that go back make', () => {
    const known = [
      { from: 30, to: 40 },
      { from: 10, to: 35 },
    ]
    const ranges = [
      { from: 20, to: 50 },
      { from: 0, to: 25 },
    ]
    expect(rangesBeyond(ranges, known)).toEqual([
      { from: 0, to: 10 },
      { from: 40, to: 50 },
    ])
    expect(rangesBeyond(known, known)).toEqual([])
  })
})
