import { type Instrument, marketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { asksForAll, onlineSymbols } from './symbols.ts'

const listed = (symbol: string, status: Instrument['status']): Instrument => ({
  symbol: marketSymbol(symbol),
  base: '',
  quote: '',
  priceDecimals: 1,
  quantityDecimals: 8,
  status,
  aliases: [],
})

describe('--symbols all', () => {
  it('is every market that the venue has open', () => {
    expect([['all'], ['ALL'], ['ALL/USD'], ['all', 'BTC/USD'], []].map(asksForAll)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
    expect(onlineSymbols([listed('BTC/USD', 'online'), listed('OLD/USD', 'restricted')])).toEqual(['BTC/USD'])
  })
})
