import { describe, expect, it } from 'vitest'
import type { CandleRow, PredictionRow } from '../src/wire.ts'
import { type Market, NO_MARKET, reduce } from './market.ts'

const candle = (openTime: string, changes: Partial<CandleRow> = {}) =>
  ({ openTime, revision: 1, state: 'final', tradeCount: 5, ...changes }) as CandleRow
const prediction = (asOf: string, outcome: number | null = null) =>
  ({ asOf, model: 'm', version: 1, outcome }) as PredictionRow

const withCandles = (...candles: CandleRow[]): Market =>
  candles.reduce((market, candle) => reduce(market, { kind: 'candle', candle }), NO_MARKET)

describe('what the page knows', () => {
  it('keeps candles in order of time, whatever order they come in', () => {
    const { candles } = withCandles(candle('3'), candle('1'), candle('2'))
    expect(candles.map(({ openTime }) => openTime)).toEqual(['1', '2', '3'])
  })

  it('takes a final candle over a provisional one, and a later revision over both', () => {
    const open = candle('1', { revision: 0, state: 'provisional', tradeCount: 9 })
    expect(withCandles(candle('1'), open).candles).toEqual([candle('1')])
    expect(withCandles(open, candle('1'), candle('1', { revision: 2 })).candles).toMatchObject([{ revision: 2 }])
  })

  it('takes the provisional candle with more trades', () => {
    const open = (tradeCount: number) => candle('1', { revision: 0, state: 'provisional', tradeCount })
    expect(withCandles(open(3), open(2)).candles).toMatchObject([{ tradeCount: 3 }])
  })

  it('keeps what the stream told while older rows were read', () => {
    const market = reduce(withCandles(candle('1', { revision: 2 }), candle('2')), {
      kind: 'prediction',
      prediction: prediction('1', 0.5),
    })
    const rows = { candles: [candle('0'), candle('1')], predictions: [prediction('0'), prediction('1')] }
    const read = reduce(market, { kind: 'rows', ...rows })
    expect(read.candles.map(({ openTime, revision }) => [openTime, revision])).toEqual([
      ['0', 1],
      ['1', 2],
      ['2', 1],
    ])
    expect(read.predictions.map(({ outcome }) => outcome)).toEqual([null, 0.5])
    expect(read.loaded).toBe(true)
  })
})
