import { type DecimalText, emptyUnitTrade, type Side } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Accumulator, accumulatorOf, addTrade, NarrowAccumulator, type TradeFigures } from './accumulator.ts'
import { makeCandle } from './make-candle.ts'
import { naiveCandles } from './test-support/naive-candles.ts'
import { MIDNIGHT, SYMBOL, trade } from './test-support/trades.ts'
import { readUnits } from './units.ts'
import { WideAccumulator } from './wide-accumulator.ts'

/** Text of a number with up to `digits` digits and up to `decimals` of them after the point. */
function decimals(digits: number, decimals: number): fc.Arbitrary<DecimalText> {
  return fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) - 1n }), fc.nat({ max: decimals }))
    .map(([n, point]) => {
      const text = n.toString().padStart(point + 1, '0')
      return (point === 0 ? text : `${text.slice(0, -point)}.${text.slice(-point)}`) as DecimalText
    })
}

const figures: fc.Arbitrary<Omit<TradeFigures, 'tradeId'>> = fc.record({
  price: fc.oneof(decimals(7, 1), decimals(15, 10), decimals(20, 12)),
  quantity: fc.oneof(decimals(10, 8), decimals(15, 8), decimals(25, 8)),
  side: fc.constantFrom<Side | undefined>('buy', 'sell', undefined),
})

/** Trades of one window with ids from 1, in any order. */
const trades = fc
  .array(figures, { minLength: 1, maxLength: 12 })
  .map((rows) => rows.map((row, index) => ({ tradeId: index + 1, ...row })))
  .chain((rows) => fc.shuffledSubarray(rows, { minLength: rows.length }))

/** Adds a trade as `CandleWindows` does: in integers where they hold it. */
function addText(sums: Accumulator, row: TradeFigures): Accumulator {
  const units = emptyUnitTrade()
  return readUnits({ ...trade(row.tradeId, 0), ...row }, units) ? addTrade(sums, units) : sums.merge(accumulatorOf(row))
}

function candleOf(sums: Accumulator | undefined) {
  const frame = { symbol: SYMBOL, level: 0, openTime: MIDNIGHT, revision: 1, state: 'final', complete: true } as const
  return makeCandle(frame, sums as Accumulator)
}

function oracle(rows: readonly TradeFigures[]) {
  return naiveCandles(
    rows.map(({ tradeId, ...fields }) => trade(tradeId, 0, fields)),
    '1m',
    true,
  )[0]
}

const merged = (rows: readonly TradeFigures[]): Accumulator =>
  rows.map(accumulatorOf).reduce((sums, one) => sums.merge(one))

describe('an accumulator', () => {
  it('adds trades in any order to what sorting and adding in bigint gives', () => {
    const property = fc.property(trades, ([first, ...others]) => {
      const sums = others.reduce<Accumulator>(addText, accumulatorOf(first as TradeFigures))
      expect(candleOf(sums)).toEqual(oracle([first as TradeFigures, ...others]))
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('merges to the same whatever the grouping and the side', () => {
    const property = fc.property(trades, fc.nat(), fc.nat(), (rows, a, b) => {
      const [i = 0, j = 0] = [a % (rows.length + 1), b % (rows.length + 1)].sort((a, b) => a - b)
      const parts = [rows.slice(0, i), rows.slice(i, j), rows.slice(j)].filter((part) => part.length > 0).map(merged)
      const left = parts.reduce((sums, part) => sums.merge(part))
      const right = parts.reduceRight((sums, part) => part.merge(sums))
      const swapped = parts.reduce((sums, part) => part.merge(sums))
      expect(candleOf(left)).toEqual(oracle(rows))
      expect(candleOf(right)).toEqual(candleOf(left))
      expect(candleOf(swapped)).toEqual(candleOf(left))
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('does not change what it merges', () => {
    const property = fc.property(trades, trades, (a, b) => {
      const sums = merged(a)
      const other = merged(b)
      const before = [candleOf(sums), candleOf(other)]
      sums.merge(other)
      expect([candleOf(sums), candleOf(other)]).toEqual(before)
    })
    fc.assert(property, { numRuns: 50 })
  })

  it('stays exact when a sum of many reaches 2^53, and is wide only then', () => {
    const row = { price: '99999.9' as DecimalText, quantity: '99999.99999999' as DecimalText, side: 'buy' } as const
    let sums: Accumulator = accumulatorOf({ tradeId: 1, ...row })
    for (let tradeId = 2; tradeId <= 900; tradeId++) sums = addText(sums, { tradeId, ...row })
    expect(sums).toBeInstanceOf(NarrowAccumulator)
    for (let tradeId = 901; tradeId <= 1000; tradeId++) sums = addText(sums, { tradeId, ...row })
    expect(sums).toBeInstanceOf(WideAccumulator)
    expect(candleOf(sums)).toMatchObject({
      volume: '99999999.99999000',
      buyVolume: '99999999.99999000',
      vwap: '99999.9',
    })
  })

  it('cuts the volume-weighted price, also just below the next step', () => {
    const rows = [
      { tradeId: 1, price: '2.0', quantity: '0.99999999', side: 'buy' },
      { tradeId: 2, price: '1.9', quantity: '0.00000001', side: 'buy' },
    ] as TradeFigures[]
    expect(candleOf(merged(rows)).vwap).toBe('1.9')
  })
})
