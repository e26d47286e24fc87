import { decimalText, type EpochMicros, MICROS_PER_DAY, MICROS_PER_SECOND, marketSymbol, type Trade } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { implausibility, mostTradesIn, OUT_OF_ORDER, outOfPlace } from './plausibility.ts'

const NOW = 1_790_358_480_000_000

function trade(tradeId: number, eventTime = NOW): Trade {
  return {
    symbol: marketSymbol('BTC/USD'),
    idSpace: 'venue',
    tradeId,
    eventTime: eventTime as EpochMicros,
    price: decimalText('1.0'),
    quantity: decimalText('1.0'),
    side: 'buy',
    orderType: 'limit',
  }
}

describe('a trade alone', () => {
  it('is not true with an id that no market reaches, or a time that cannot be', () => {
    expect(implausibility(trade(10_000_000_000), NOW)).toBeUndefined()
    expect(implausibility(trade(10_000_000_001), NOW)).toContain('no market reaches')
    expect(implausibility(trade(1, 0), NOW)).toContain('before 1970')
    expect(implausibility(trade(1, -5), NOW)).toContain('before 1970')
    expect(implausibility(trade(1, NOW + 1), NOW)).toContain("ahead of the venue's clock")
    expect(implausibility(trade(1, 1), NOW)).toBeUndefined()
  })

  it('is not true with a price or a quantity of hundreds of digits', () => {
    expect(implausibility({ ...trade(1), price: decimalText('1e400') }, NOW)).toContain('price has 401 digits')
    expect(implausibility({ ...trade(1), quantity: decimalText('1e-400') }, NOW)).toContain('quantity has 402 digits')
    expect(implausibility({ ...trade(1), price: decimalText('1e20') }, NOW)).toBeUndefined()
  })
})

/** Ids of those that are out of place. */
const odd = (...trades: Trade[]): number[] => [...outOfPlace(trades)].map(({ tradeId }) => tradeId)

describe('among others a trade is out of place', () => {
  it('with a time that goes back, or ahead, by more than half an hour', () => {
    const old = trade(3, NOW - OUT_OF_ORDER - 1)
    const early = trade(3, NOW + OUT_OF_ORDER + 1)
    expect(odd(trade(1), trade(2), old, trade(4), trade(5))).toEqual([3])
    expect(odd(trade(1), trade(2), early, trade(4), trade(5))).toEqual([3])
    expect(odd(trade(1), trade(2), trade(3, NOW - OUT_OF_ORDER), trade(4), trade(5))).toEqual([])
  })

  it('with an id that leaps further than a market trades, first or last', () => {
    const second = NOW + MICROS_PER_SECOND
    const most = mostTradesIn(MICROS_PER_SECOND)
    expect(odd(trade(1), trade(2), trade(2 + most, second))).toEqual([])
    expect(odd(trade(1), trade(2), trade(3 + most, second))).toEqual([3 + most])
    expect(odd(trade(1, second), trade(109_116_693), trade(109_116_694))).toEqual([1])
  })

  it('not because its market was silent for years', () => {
    expect(
      odd(trade(1, NOW - 3000 * MICROS_PER_DAY), trade(2), trade(90_000_000, NOW + 4000 * MICROS_PER_DAY)),
    ).toEqual([])
  })

  it('whatever one of many says; those around it never are', () => {
    const oddity = fc.record({ id: fc.nat(20_000_000_000), time: fc.integer({ min: -NOW, max: 3 * NOW }) })
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 60 }), oddity, (count, { id, time }) => {
        const good = Array.from({ length: count }, (_, at) => trade(1000 + 2 * at, NOW + at * MICROS_PER_SECOND))
        const bad = trade(2 * Math.floor(id / 2) + 1, time)
        const all = [...good, bad].sort((a, b) => a.tradeId - b.tradeId)
        const kept = new Set([...outOfPlace(all)])
        expect(good.filter((each) => kept.has(each))).toEqual([])
      }),
    )
  })
})
