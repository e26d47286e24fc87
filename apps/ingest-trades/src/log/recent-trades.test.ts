import { type DecimalText, type EpochMicros, type MarketSymbol, marketSymbol, type Trade } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { RecentTrades } from './recent-trades.ts'

const TRADE: Trade = {
  symbol: marketSymbol('BTC/USD'),
  idSpace: 'venue',
  tradeId: 7,
  eventTime: 1_000 as EpochMicros,
  price: '84000.1' as DecimalText,
  quantity: '0.50000000' as DecimalText,
  side: 'buy',
  orderType: 'limit',
}

function remembering(...trades: Trade[]): RecentTrades {
  const recent = new RecentTrades()
  for (const trade of trades) recent.remember(trade)
  return recent
}

describe('a trade that comes again', () => {
  it.each<[string, Partial<Trade>]>([
    ['price', { price: '84000.2' as DecimalText }],
    ['quantity', { quantity: '0.50000001' as DecimalText }],
    ['time', { eventTime: 1_002 as EpochMicros }],
    ['side', { side: 'sell' }],
    ['order type', { orderType: 'market' }],
  ])('with another %s contradicts what is remembered, which is told once', (_, changes) => {
    const recent = remembering(TRADE)
    expect(recent.contradictedBy({ ...TRADE, ...changes })).toBe(TRADE)
    expect(recent.contradictedBy({ ...TRADE, ...changes })).toBeUndefined()
    expect(recent.contradictedBy({ ...TRADE, price: '1.0' as DecimalText })).toBe(TRADE)
  })

  it.each<[string, Partial<Trade>]>([
    ['nothing else', {}],
    ['the same in other digits', { quantity: '0.5' as DecimalText }],
    ['a time that differs as REST differs', { eventTime: 999 as EpochMicros }],
    ['less', { side: undefined, orderType: undefined }],
  ])('and says %s contradicts nothing', (_, changes) => {
    expect(remembering(TRADE).contradictedBy({ ...TRADE, ...changes })).toBeUndefined()
  })

  it('is compared while it is one of the newest few thousand of its symbol, fewer when there are many symbols', () => {
    const run = Array.from({ length: 4097 }, (_, at) => ({ ...TRADE, tradeId: at + 1 }))
    const recent = remembering(...run)
    const other = (tradeId: number, symbol = TRADE.symbol): Trade => ({ ...TRADE, symbol, tradeId, side: 'sell' })
    expect(recent.contradictedBy(other(1))).toBeUndefined()
    expect(recent.contradictedBy(other(2))).toBeDefined()
    for (let at = 0; at < 1999; at++) recent.remember({ ...TRADE, symbol: `S${at}/USD` as MarketSymbol })
    expect(recent.contradictedBy(other(3990))).toBeUndefined()
    expect(recent.contradictedBy(other(4060))).toBeDefined()
  })

  it('is compared with newer ones remembered, whatever older history came after', () => {
    const recent = remembering({ ...TRADE, tradeId: 5000 }, { ...TRADE, tradeId: 5000 - 4096 })
    expect(recent.contradictedBy({ ...TRADE, tradeId: 5000, side: 'sell' })).toBeDefined()
  })
})
