import type { EpochMicros, IdRange, IdSpace, MarketMessage, Trade } from '@c1/market'
import { marketSymbol } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { madeTrade } from '../test-support.ts'
import { TradeLedger } from './ledger.ts'

const BTC = marketSymbol('BTC/USD')

const trade = (id: number, idSpace: IdSpace = 'venue'): Trade => madeTrade(BTC, id, id * 10, idSpace)

/** The ids of a range are not served. */
function exception(first: number, last: number): MarketMessage {
  const times = { from: (first * 10 - 10) as EpochMicros, to: (last * 10 + 10) as EpochMicros }
  return { kind: 'outage', outage: { symbol: BTC, ...times, firstTradeId: first, lastTradeId: last } }
}

const idsOf = ({ first, last }: IdRange): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

/** Ids that follow each other, as first and last of each run. */
function runs(ids: ReadonlySet<number>): { first: number; last: number; from: number; to: number }[] {
  const found: { first: number; last: number; from: number; to: number }[] = []
  for (const id of [...ids].sort((a, b) => a - b)) {
    const run = found.at(-1)
    if (run?.last === id - 1) Object.assign(run, { last: id, to: id * 10 })
    else found.push({ first: id, last: id, from: id * 10, to: id * 10 })
  }
  return found
}

describe('the ledger', () => {
  it('knows each id once, in any order, and restores to the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), fc.nat(60), (ids, cut) => {
        const seen = new Set<number>()
        let ledger = new TradeLedger()
        for (const [at, id] of ids.entries()) {
          if (at === cut) ledger = TradeLedger.restore(JSON.parse(JSON.stringify(ledger)))
          expect(ledger.add(trade(id))).toBe(!seen.has(id))
          seen.add(id)
        }
        const spans = runs(seen)
        expect(ledger.spans(BTC, 'venue')).toEqual(spans)
        expect(ledger.hasHole(BTC)).toBe(spans.length > 1)
        expect(ledger.newest(BTC)?.id).toBe(spans.at(-1)?.last)
      }),
    )
  })

  it('tells every hole with the times of the trades around it', () => {
    const ledger = new TradeLedger()
    for (const id of [1, 2, 5, 9]) ledger.add(trade(id))
    expect(ledger.holes(BTC)).toEqual([
      { first: 3, last: 4, after: 20, before: 50, since: 50 },
      { first: 6, last: 8, after: 50, before: 90, since: 90 },
    ])
  })

  it('keeps the ids of each file apart', () => {
    const ledger = new TradeLedger()
    expect([trade(1), trade(1, 'file:a'), trade(1, 'file:b')].map((each) => ledger.add(each))).toEqual([
      true,
      true,
      true,
    ])
    expect(ledger.others(BTC, 'file:a')).toHaveLength(2)
    expect(ledger.hasHole(BTC)).toBe(false)
  })

  it('takes ids that are stated as not served for no hole, and their trades all the same, like the naive set', () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 40 }).map((id) => ({ first: id, last: id, isTrade: true })),
      fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(5)).map(([first, more]) => {
        return { first, last: first + more, isTrade: false }
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, cut) => {
        const known = new Set<number>()
        const excepted = new Set<number>()
        let ledger = new TradeLedger()
        for (const [at, { first, last, isTrade }] of steps.entries()) {
          if (at === cut) ledger = TradeLedger.restore(JSON.parse(JSON.stringify(ledger)))
          if (isTrade) expect(ledger.observe({ kind: 'trade', trade: trade(first) })).toBe(!known.has(first))
          else {
            const fresh = idsOf({ first, last }).filter((id) => !known.has(id) && !excepted.has(id))
            expect(ledger.observe(exception(first, last))).toBe(fresh.length > 0)
            for (const id of fresh) excepted.add(id)
          }
          if (isTrade) known.add(first)
          if (isTrade) excepted.delete(first)
        }
        expect(ledger.exceptions(BTC).flatMap(idsOf)).toEqual([...excepted].sort((a, b) => a - b))
        const ids = runs(new Set([...known, ...excepted])).map(({ first, last }) => ({ first, last }))
        expect(ledger.spans(BTC, 'venue').map(({ first, last }) => ({ first, last }))).toEqual(ids)
      }),
    )
  })

  it('keeps the times around an exception while it shrinks', () => {
    const ledger = new TradeLedger()
    for (const id of [1, 5]) ledger.add(trade(id))
    ledger.observe(exception(2, 4))
    ledger.add(trade(3))
    expect(ledger.exceptions(BTC)).toEqual([
      { first: 2, last: 2, from: 10, to: 50 },
      { first: 4, last: 4, from: 10, to: 50 },
    ])
    expect(ledger.holes(BTC)).toEqual([])
  })

  it('remembers since when a hole was open, when it was closed and what filled it', () => {
    const ledger = new TradeLedger()
    const clock = (time: number) => time as EpochMicros
    ledger.add(trade(1), 'live', clock(1000))
    ledger.add(trade(6), 'live', clock(2000))
    ledger.add(trade(9), 'live', clock(3000))
    ledger.add(trade(2), 'history', clock(4000))
    ledger.add(trade(5), 'live', clock(4000))
    ledger.add(trade(4), 'history', clock(4000))
    expect(ledger.holes(BTC)).toMatchObject([
      { first: 3, last: 3, since: 2000 },
      { first: 7, last: 8, since: 3000 },
    ])
    ledger.observe(exception(3, 3), undefined, clock(5000))
    ledger.add(trade(8), 'archive', clock(6000))
    ledger.add(trade(7), 'archive', clock(7000))
    const repairs = [
      { first: 2, last: 5, since: 2000, at: 5000, by: ['history', 'live', 'exception'] },
      { first: 7, last: 8, since: 3000, at: 7000, by: ['archive'] },
    ]
    expect(ledger.repairs(BTC)).toEqual(repairs)
    expect(ledger.repaired(BTC)).toBe(2)
    expect(TradeLedger.restore(JSON.parse(JSON.stringify(ledger))).repairs(BTC)).toEqual(repairs)
  })

  it('read again from the log alone takes the time of the newest trade for the clock', () => {
    const ledger = new TradeLedger()
    for (const id of [5, 9, 1]) ledger.add(trade(id))
    expect(ledger.holes(BTC)).toMatchObject([
      { first: 2, since: 90 },
      { first: 6, since: 90 },
    ])
  })

  it('tells with its shape that holes may have changed, which trades in order never do', () => {
    const ledger = new TradeLedger()
    const changes = [1, 2, 3, 6, 7, 6, 5, 4].map((id) => {
      const before = ledger.shape(BTC)
      ledger.add(trade(id))
      return ledger.shape(BTC) !== before
    })
    expect(changes).toEqual([true, false, false, true, false, false, true, true])
  })

  it('counts the duplicates that it refuses, of each symbol', () => {
    const ledger = new TradeLedger()
    for (const each of [trade(1), trade(1), { ...trade(1), symbol: marketSymbol('ETH/USD') }, trade(1)])
      ledger.add(each)
    expect(['BTC/USD', 'ETH/USD'].map((symbol) => ledger.duplicates(marketSymbol(symbol)))).toEqual([2, 0])
  })

  it('knows up to when the feed was alive from trades and heartbeats', () => {
    const ledger = new TradeLedger()
    expect(ledger.aliveTo(BTC)).toBeUndefined()
    ledger.add(trade(3))
    expect(ledger.aliveTo(BTC)).toBe(30)
    const heartbeat = { symbol: BTC, idSpace: 'venue', eventTime: 60 as EpochMicros, lastTradeId: 3 } as const
    ledger.observe({ kind: 'heartbeat', heartbeat })
    expect(TradeLedger.restore(JSON.parse(JSON.stringify(ledger))).aliveTo(BTC)).toBe(60)
    ledger.add(trade(7))
    expect(ledger.aliveTo(BTC)).toBe(70)
  })

  it('refuses what is no ledger', () => {
    expect(() => TradeLedger.restore({})).toThrow('not of the format trade-ledger/3')
  })
})
