import type { Candle, DecimalText, EpochMicros, MarketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { krakenCandleLine } from './layout.ts'

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
  it('of Kraken has no trailing zeros but always one decimal', () => {
    expect(krakenCandleLine(CANDLE)).toBe('1525755600,122.0,123.45,100.0,122.1,10.5,3')
    expect(krakenCandleLine({ ...CANDLE, open: decimal('122'), volume: decimal('0.00000000') })).toBe(
      '1525755600,122.0,123.45,100.0,122.1,0.0,3',
    )
  })
})
