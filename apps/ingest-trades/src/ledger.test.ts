import type { DecimalText, EpochMicros, IdSpace, Trade } from '@c1/market'
import { marketSymbol } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TradeLedger } from './ledger.ts'

const BTC = marketSymbol('BTC/USD')

function trade(tradeId: number, idSpace: IdSpace = 'venue'): Trade {
  return {
    symbol: BTC,
    idSpace,
    tradeId,
    eventTime: (tradeId * 10) as EpochMicros,
    price: '1.0' as DecimalText,
    quantity: '1' as DecimalText,
    side: 'buy',
    orderType: 'market',
  }
}

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

  it('tells every hole with the time of the trade before it', () => {
    const ledger = new TradeLedger()
    for (const id of [1, 2, 5, 9]) ledger.add(trade(id))
    expect(ledger.holes(BTC)).toEqual([
      { first: 3, last: 4, after: 20 },
      { first: 6, last: 8, after: 50 },
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

  it('refuses what is no ledger', () => {
    expect(() => TradeLedger.restore({})).toThrow('not a list of spans')
  })
})
