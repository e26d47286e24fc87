import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, type Listing } from './catalogue.ts'
import { MARKET_BIRTH } from './days.ts'
import { SyntheticTape } from './synthetic-tape.ts'
import type { VenueTrade } from './tape.ts'

const YEAR = 365 * MICROS_PER_DAY

function listing(symbol: string): Listing {
  return CATALOGUE.find(({ pair }) => pair.symbol === symbol) as Listing
}

function open(symbol: string, seed = 1, activity = 1): SyntheticTape {
  return new SyntheticTape(listing(symbol), { kind: 'signal', seed, activity })
}

function at(offset: number): EpochMicros {
  return (MARKET_BIRTH + offset) as EpochMicros
}

function between(tape: SyntheticTape, from: EpochMicros, to: EpochMicros): VenueTrade[] {
  return tape.read(tape.lastIdBefore(from) + 1, tape.lastIdBefore(to))
}

const anySymbol = fc.constantFrom(...CATALOGUE.map(({ pair }) => pair.symbol as string))

describe('a synthetic tape', () => {
  it('gives the same trades whatever was asked before', () => {
    const anyTime = fc.integer({ min: 0, max: 2 * YEAR })
    fc.assert(
      fc.property(
        anySymbol,
        fc.integer(),
        anyTime,
        fc.array(anyTime, { maxLength: 3 }),
        (symbol, seed, time, others) => {
          const fresh = open(symbol, seed)
          const used = open(symbol, seed)
          for (const other of others) between(used, at(other), at(other + MICROS_PER_MINUTE))
          const trades = between(fresh, at(time), at(time + 10 * MICROS_PER_MINUTE))
          expect(between(used, at(time), at(time + 10 * MICROS_PER_MINUTE))).toEqual(trades)
          for (const trade of trades.slice(0, 3))
            expect(open(symbol, seed).read(trade.tradeId, trade.tradeId)).toEqual([trade])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('numbers trades densely from 1 and never goes back in time, across minutes and days', () => {
    for (const symbol of ['DOGE/USD', 'KAVA/USD']) {
      const tape = open(symbol)
      const trades = tape.read(1, tape.lastIdBefore(at(3 * MICROS_PER_DAY)))
      expect(trades.map((trade) => trade.tradeId)).toEqual(trades.map((_, index) => index + 1))
      const times = trades.map((trade) => trade.time + trade.nanos / 1000)
      expect(times.every((time, index) => index === 0 || time >= (times[index - 1] as number))).toBe(true)
    }
  })

  it('is dense over the midnight of a far day', () => {
    fc.assert(
      fc.property(anySymbol, fc.integer({ min: 1, max: 800 }), (symbol, day) => {
        const tape = open(symbol)
        const midnight = at(day * MICROS_PER_DAY)
        const last = tape.lastIdBefore(midnight)
        const trades = tape.read(last - 20, last + 21)
        expect(trades).toHaveLength(42 - Math.max(0, 21 - last))
        for (const trade of trades) expect(trade.time < midnight).toBe(trade.tradeId <= last)
      }),
      { numRuns: 30 },
    )
  })

  it('counts the trades before a time as a scan does', () => {
    const from = at(400 * MICROS_PER_DAY + 23 * MICROS_PER_HOUR)
    const tape = open('SOL/USD')
    const trades = between(tape, from, at(400 * MICROS_PER_DAY + 25 * MICROS_PER_HOUR))
    const before = tape.lastIdBefore(from)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * MICROS_PER_HOUR }), fc.nat(trades.length - 1), (offset, index) => {
        const times = [from + offset, trades[index]?.time as number, (trades[index]?.time as number) + 1]
        for (const time of times) {
          const scanned = trades.filter((trade) => trade.time < time).length
          expect(tape.lastIdBefore(time as EpochMicros)).toBe(before + scanned)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('has nothing before its birth', () => {
    const tape = open('BTC/USD')
    expect(tape.lastIdBefore(at(-1))).toBe(0)
    expect(tape.lastIdBefore(at(0))).toBe(0)
    expect(tape.read(-5, 0)).toEqual([])
    expect(tape.read(-5, 2).map((trade) => trade.tradeId)).toEqual([1, 2])
  })

  it('is another market for another seed and another symbol', () => {
    const prices = [open('BTC/USD', 1), open('BTC/USD', 2), open('BTC/USDT', 1)].map((tape) =>
      tape
        .read(1, 20)
        .map((trade) => trade.priceUnits)
        .join(),
    )
    expect(new Set(prices).size).toBe(3)
  })

  it('keeps its price plausible over years', () => {
    const tape = open('BTC/USD', 3)
    for (let week = 1; week < 150; week += 1) {
      const last = tape.lastIdBefore(at(week * 7 * MICROS_PER_DAY))
      const price = (tape.read(last, last)[0]?.priceUnits as number) / 10
      expect(price).toBeGreaterThan(68_000 / 6)
      expect(price).toBeLessThan(68_000 * 6)
    }
  })

  it('keeps the path of the price when activity multiplies its trades', () => {
    const [calm, busy] = [open('BTC/USD'), open('BTC/USD', 1, 5)]
    const hours = Array.from({ length: 24 }, (_, hour) => at(30 * MICROS_PER_DAY + hour * MICROS_PER_HOUR))
    for (const hour of hours) {
      const prices = [calm, busy].map((tape) => {
        const last = tape.lastIdBefore(hour)
        return tape.read(last, last)[0]?.priceUnits as number
      })
      expect(Math.abs(Math.log((prices[0] as number) / (prices[1] as number)))).toBeLessThan(0.003)
    }
    const counts = [calm, busy].map((tape) => tape.lastIdBefore(at(60 * MICROS_PER_DAY)))
    expect((counts[1] as number) / (counts[0] as number)).toBeCloseTo(5, 2)
  })
})

describe('the trades of a synthetic tape', () => {
  const from = at(500 * MICROS_PER_DAY)
  const week = 7 * MICROS_PER_DAY

  it('fill every minute of a large market and few of a thin one', () => {
    const minutesWithTrades = (symbol: string) => {
      const trades = between(open(symbol), from, at(501 * MICROS_PER_DAY))
      return new Set(trades.map((trade) => Math.floor(trade.time / MICROS_PER_MINUTE))).size
    }
    expect(minutesWithTrades('BTC/USD')).toBeGreaterThan(1430)
    expect(minutesWithTrades('KAVA/USD')).toBeLessThan(720)
    expect(minutesWithTrades('KAVA/USD')).toBeGreaterThan(30)
  })

  it('are fewer in quiet hours', () => {
    const trades = between(open('ETH/BTC'), from, (from + week) as EpochMicros)
    const hourOf = (trade: VenueTrade) => Math.floor((trade.time % MICROS_PER_DAY) / MICROS_PER_HOUR)
    const night = trades.filter((trade) => hourOf(trade) >= 1 && hourOf(trade) < 6).length
    const day = trades.filter((trade) => hourOf(trade) >= 13 && hourOf(trade) < 18).length
    expect(day).toBeGreaterThan(1.5 * night)
  })

  it('come in sweeps of one instant, side and order type', () => {
    const trades = between(open('BTC/USD'), from, (from + MICROS_PER_HOUR) as EpochMicros)
    const pairs = trades.slice(1).map((trade, index) => [trades[index] as VenueTrade, trade] as const)
    const sweeps = pairs.filter(([a, b]) => a.time === b.time && a.nanos === b.nanos)
    expect(sweeps.length).toBeGreaterThan(trades.length / 10)
    for (const [a, b] of sweeps) expect([a.side, a.orderType]).toEqual([b.side, b.orderType])
  })

  it('cluster: their counts of ten seconds vary more than independent arrivals would', () => {
    const trades = between(open('BTC/USD'), from, (from + MICROS_PER_HOUR) as EpochMicros)
    const counts = new Array<number>(360).fill(0)
    for (const trade of trades) {
      const slot = Math.floor((trade.time - from) / 10e6)
      counts[slot] = (counts[slot] as number) + 1
    }
    const mean = trades.length / 360
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 360
    expect(variance / mean).toBeGreaterThan(2)
  })

  it('have both sides, both order types, digits below the microsecond, and whole positive steps', () => {
    const trades = between(open('XRP/USD'), from, (from + 6 * MICROS_PER_HOUR) as EpochMicros)
    expect(new Set(trades.map((trade) => `${trade.side} ${trade.orderType}`)).size).toBe(4)
    expect(new Set(trades.map((trade) => trade.nanos)).size).toBeGreaterThan(500)
    for (const { priceUnits, quantityUnits, nanos } of trades) {
      expect(Number.isSafeInteger(priceUnits) && priceUnits > 0).toBe(true)
      expect(Number.isSafeInteger(quantityUnits) && quantityUnits > 0).toBe(true)
      expect(Number.isInteger(nanos) && nanos >= 0 && nanos < 1000).toBe(true)
    }
  })
})
