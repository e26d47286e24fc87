import { type Candle, intervalMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FilledCandle, fillFlat } from './flat-filling.ts'
import { naiveCandles } from './test-support/naive-candles.ts'
import { MIDNIGHT, MINUTE, trade } from './test-support/trades.ts'

const ALL = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER }

/** One-minute candles of trades at these minutes after midnight, by id. */
function candlesAt(minutes: Readonly<Record<number, number>>, ids: 'known' | 'unknown' = 'known'): Candle[] {
  const trades = Object.entries(minutes).map(([id, minute]) =>
    trade(Number(id), minute * MINUTE, { price: `10${id}.5` }),
  )
  return naiveCandles(trades, '1m', ids === 'known' ? true : undefined)
}

/** Minute, ids and whether it is filled, of each row. */
function inShort(rows: Iterable<FilledCandle>): string[] {
  return [...rows].map((row) => `${(row.openTime - MIDNIGHT) / MINUTE} ${row.filled ? 'filled' : row.firstTradeId}`)
}

describe('flat filling', () => {
  it('gives a row to each window without trades between two candles whose ids join', () => {
    const rows = [...fillFlat(candlesAt({ 1: 0, 2: 3 }), ALL)]
    expect(inShort(rows)).toEqual(['0 1', '1 filled', '2 filled', '3 2'])
    expect(rows[1]).toEqual({
      symbol: 'BTC/USD',
      interval: '1m',
      openTime: MIDNIGHT + MINUTE,
      closeTime: MIDNIGHT + 2 * MINUTE,
      open: '101.5',
      high: '101.5',
      low: '101.5',
      close: '101.5',
      volume: '0.00000000',
      vwap: '0.0',
      tradeCount: 0,
      buyVolume: '0.00000000',
      firstTradeId: undefined,
      lastTradeId: undefined,
      revision: 1,
      state: 'final',
      complete: true,
      filled: true,
    })
    expect(rows[0]).toEqual({ ...candlesAt({ 1: 0 })[0], filled: false })
  })

  it('gives nothing where ids are missing: an outage is no silence', () => {
    expect(inShort(fillFlat(candlesAt({ 1: 0, 2: 2, 4: 5, 5: 7 }), ALL))).toEqual([
      '0 1',
      '1 filled',
      '2 2',
      '5 4',
      '6 filled',
      '7 5',
    ])
  })

  it('gives nothing between rows of a file without ids and rows with the ids of the venue', () => {
    const candles = [...candlesAt({ 1: 0 }, 'unknown'), ...candlesAt({ 2: 3 })]
    expect(inShort(fillFlat(candles, ALL))).toEqual(['0 1', '3 2'])
  })

  it('leaves complete empty where ids are unknown', () => {
    const rows = [...fillFlat(candlesAt({ 1: 0, 2: 2 }, 'unknown'), ALL)]
    expect(rows.map(({ complete, filled }) => [filled, complete])).toEqual([
      [false, undefined],
      [true, undefined],
      [false, undefined],
    ])
  })

  it('gives every row of the range, and only those, whichever way the candles come', () => {
    const steps = fc.array(fc.constantFrom(0, 1, 1, 2, 7), { minLength: 1, maxLength: 12 })
    const property = fc.property(steps, fc.nat({ max: 40 }), fc.nat({ max: 40 }), (steps, a, b) => {
      const times = steps.map((_, index) => steps.slice(0, index + 1).reduce<number>((sum, step) => sum + step, 0))
      const candles = candlesAt(Object.fromEntries(times.map((minute, index) => [index + 1, minute])))
      const range = { from: MIDNIGHT + Math.min(a, b) * MINUTE - 1, to: MIDNIGHT + Math.max(a, b) * MINUTE }
      const rows = [...fillFlat(candles, range)]
      const [first = 0, last = 0] = [times.at(0), times.at(-1)]
      const wanted = Array.from({ length: last - first + 1 }, (_, index) => MIDNIGHT + (first + index) * MINUTE)
      expect(rows.map(({ openTime }) => openTime)).toEqual(
        wanted.filter((time) => range.from <= time && time < range.to),
      )
      expect([...fillFlat(candles.toReversed(), range)]).toEqual(rows.toReversed())
      expect(rows.every(({ closeTime, openTime }) => closeTime - openTime === intervalMicros('1m'))).toBe(true)
    })
    fc.assert(property)
  })
})
