import { type DecimalText, type EpochMicros, marketSymbol, type Trade } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { proveIds, type RowFile, type TradesFrom } from './prove-ids.ts'

const FIRST_ID = 1_000_001

/** Trades of a market that often trades the same quantity at the same price within a second. */
const market = (most: number) =>
  fc
    .array(
      fc.record({
        pause: fc.oneof(
          { weight: 6, arbitrary: fc.constant(0) },
          { weight: 3, arbitrary: fc.nat(3_000_000) },
          fc.nat(90_000_000),
        ),
        price: fc.nat(2),
        quantity: fc.nat(1),
      }),
      { minLength: 1, maxLength: most },
    )
    .map((steps) => {
      let time = 1_525_752_700_500_000
      return steps.map(({ pause, price, quantity }, index) => {
        time += pause
        return tradeOf(FIRST_ID + index, time, `900${price}.1`, `0.${quantity + 1}`)
      })
    })

function tradeOf(tradeId: number, time: number, price: string, quantity: string): Trade {
  return {
    symbol: marketSymbol('BTC/USD'),
    idSpace: 'venue',
    tradeId,
    eventTime: time as EpochMicros,
    price: price as DecimalText,
    quantity: quantity as DecimalText,
    side: 'buy',
    orderType: 'limit',
  }
}

/** Trades as the rows of a file: whole seconds, and ordinals for ids. */
function rowsOf(trades: readonly Trade[]): Trade[] {
  return trades.map((trade, index) => ({
    ...trade,
    idSpace: 'file:0123456789ab',
    tradeId: index + 1,
    eventTime: (Math.floor(trade.eventTime / 1e6) * 1e6) as EpochMicros,
    side: undefined,
    orderType: undefined,
  }))
}

function fileOf(rows: readonly Trade[]): RowFile {
  return {
    rows: rows.length,
    sample: async (ordinals, length) => ordinals.map((ordinal) => rows.slice(ordinal - 1, ordinal - 1 + length)),
  }
}

function venueOf(trades: readonly Trade[]): TradesFrom & { calls: number } {
  const venue = async (time: EpochMicros, count: number): Promise<readonly Trade[]> => {
    venue.calls += 1
    return trades.filter(({ eventTime }) => eventTime >= time).slice(0, count)
  }
  venue.calls = 0
  return venue
}

/** For each row the id of the trade that it is proven to be. */
function idsOf(proven: Awaited<ReturnType<typeof proveIds>>['proven'], rows: number): (number | undefined)[] {
  return Array.from({ length: rows }, (_, index) => {
    const stretch = proven.find(({ from, to }) => from <= index + 1 && index + 1 <= to)
    return stretch && index + 1 + stretch.offset
  })
}

/** A market of so many trades, a few each second, that a page does not hold it. */
function longMarket(count: number): Trade[] {
  const trades: Trade[] = []
  let time = 1_525_752_700_500_000
  for (let index = 0; index < count; index += 1) {
    time += ((index * 7919) % 13) * 100_000
    trades.push(tradeOf(FIRST_ID + index, time, `900${index % 3}.1`, `0.${1 + ((index * 31) % 7)}`))
  }
  return trades
}

const whole = (from: number, to: number, offset: number) => [{ from, to, offset }]

describe('ids are proven', () => {
  it('for every row of a part of the market, wherever it is cut out', async () => {
    const property = fc.asyncProperty(market(60), fc.nat(60), fc.nat(60), async (trades, a, b) => {
      const [from, to] = [Math.min(a, b) % trades.length, (Math.max(a, b) % trades.length) + 1]
      const rows = rowsOf(trades.slice(from, Math.max(to, from + 1)))
      const { proven } = await proveIds(fileOf(rows), venueOf(trades))
      for (const [index, id] of idsOf(proven, rows.length).entries()) {
        if (id !== undefined) expect(id).toBe(FIRST_ID + from + index)
      }
      // Only rows of a single second can be cut out in more than one way.
      const seconds = new Set(rows.map(({ eventTime }) => eventTime))
      if (seconds.size > 1) expect(proven).toEqual(whole(1, rows.length, FIRST_ID + from - 1))
    })
    await fc.assert(property, { numRuns: 500 })
  })

  it('by a few pages, however many rows there are', async () => {
    const trades = longMarket(60_000)
    const venue = venueOf(trades)
    const { places, proven } = await proveIds(fileOf(rowsOf(trades.slice(7, 50_007))), venue)
    expect(proven).toEqual(whole(1, 50_000, FIRST_ID + 6))
    expect(venue.calls).toBe(16)
    expect(places).toBe(16)
  })

  it('on both sides of a trade that the file lacks, and of a row that is no trade', async () => {
    const trades = longMarket(60_000)
    for (const [at, dropped, added] of [
      [33_333, 1, 0],
      [3, 1, 0],
      [49_900, 2, 0],
      [20_001, 0, 1],
      [40_404, 0, 3],
      [27_182, 1, 1],
    ] as const) {
      const stranger = tradeOf(0, (trades[at] as Trade).eventTime, '1234.5', '9')
      const kept = [...trades.slice(0, at), ...Array(added).fill(stranger), ...trades.slice(at + dropped, 50_000)]
      const { proven } = await proveIds(fileOf(rowsOf(kept)), venueOf(trades))
      const ids = idsOf(proven, kept.length)
      const expected = kept.map((trade) => (trade === stranger ? undefined : trade.tradeId))
      const different = ids.flatMap((id, index) => (id === expected[index] ? [] : [index]))
      // Where as many rows are strange as trades are missing, the count between two places fits all the same.
      const between = dropped === added && dropped > 0 ? 1 : 0
      expect([at, different.length]).toEqual([at, between])
    }
  })

  it('past a row that could not be read: its place stays free', async () => {
    const trades = longMarket(3000)
    const rows = rowsOf(trades)
    rows.splice(1500, 1)
    const file = { ...fileOf(rows), rows: 3000 }
    expect((await proveIds(file, venueOf(trades))).proven).toEqual(whole(1, 3000, FIRST_ID - 1))
  })

  it('for none of the rows of another market, with one look at each place', async () => {
    const trades = longMarket(20_000)
    const others = trades.map((trade) => ({ ...trade, price: '1.5' as DecimalText }))
    const venue = venueOf(trades)
    expect((await proveIds(fileOf(rowsOf(others)), venue)).proven).toEqual([])
    expect(venue.calls).toBe(16)
  })
})
