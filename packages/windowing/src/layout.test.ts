import type { Candle, DecimalText, EpochMicros, MarketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { CANDLE_COLUMNS, candleLine, krakenCandleLine } from './layout.ts'

const decimal = (text: string): DecimalText => text as DecimalText
const CANDLE: Candle = {
  symbol: 'BTC/USD' as MarketSymbol,
  interval: '1h',
  openTime: 1_525_755_600_000_000 as EpochMicros,
  closeTime: 1_525_759_200_000_000 as EpochMicros,
  open: decimal('122.00000'),
  high: decimal('123.45000'),
  low: decimal('100.00000'),
  close: decimal('122.10000'),
  volume: decimal('10.50000000'),
  vwap: decimal('121.98765'),
  tradeCount: 3,
  buyVolume: decimal('0.00000001'),
  firstTradeId: 7,
  lastTradeId: 9,
  revision: 1,
  state: 'final',
  complete: true,
}

describe('a candle as a line', () => {
  it('of C1 has the columns in their order, times in ISO 8601 and numbers as they are', () => {
    expect(CANDLE_COLUMNS.join()).toBe(
      'symbol,interval,openTime,closeTime,open,high,low,close,volume,vwap,tradeCount,buyVolume,firstTradeId,lastTradeId,revision,state,complete',
    )
    expect(candleLine(CANDLE)).toBe(
      'BTC/USD,1h,2018-05-08T05:00:00.000000Z,2018-05-08T06:00:00.000000Z,122.00000,123.45000,100.00000,122.10000,10.50000000,121.98765,3,0.00000001,7,9,1,final,true',
    )
  })

  it('of C1 leaves empty what is absent, and says false', () => {
    const bare = { ...CANDLE, buyVolume: undefined, complete: undefined }
    expect(candleLine(bare)).toMatch(/,3,,7,9,1,final,$/)
    expect(candleLine({ ...bare, complete: false })).toMatch(/,final,false$/)
  })

  it('of Kraken has no trailing zeros but always one decimal', () => {
    expect(krakenCandleLine(CANDLE)).toBe('1525755600,122.0,123.45,100.0,122.1,10.5,3')
    expect(krakenCandleLine({ ...CANDLE, open: decimal('122'), volume: decimal('0.00000000') })).toBe(
      '1525755600,122.0,123.45,100.0,122.1,0.0,3',
    )
  })
})
