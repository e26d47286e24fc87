import { UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { detectLayout } from './layout.ts'

const layout = (...lines: string[]) => detectLayout(lines, 'XBTUSD.csv')

describe('the layout of an archive file', () => {
  it('is time, price and volume in three columns', () => {
    const expected = { header: false, columns: { time: 0, price: 1, volume: 2 }, count: 3 }
    expect(layout('1672531436,90.540000,1.10448420')).toEqual(expected)
    expect(layout('1672531436.0295,90.54,1')).toEqual(expected)
  })

  it('is that of REST in six or seven', () => {
    const columns = { price: 0, volume: 1, time: 2, side: 3, orderType: 4 }
    expect(layout('90.54,1.1,1672531436.1,b,l,')).toEqual({ header: false, columns, count: 6 })
    expect(layout('90.54,1.1,1672531436,s,m,,17')).toEqual({
      header: false,
      columns: { ...columns, tradeId: 6 },
      count: 7,
    })
  })

  it('has no trade ids where the first row has none', () => {
    for (const id of ['0', '', 'None']) {
      expect(layout(`90.54,1.1,1672531436,s,m,,${id}`)).toMatchObject({ count: 7, columns: { time: 2 } })
      expect(layout(`90.54,1.1,1672531436,s,m,,${id}`).columns).not.toHaveProperty('tradeId')
    }
  })

  it('is what a header names', () => {
    expect(layout('time,price,volume,side,ordertype', '1525752700.0295,9431.1,2.02,b,m')).toEqual({
      header: true,
      columns: { time: 0, price: 1, volume: 2, side: 3, orderType: 4 },
      count: 5,
    })
    expect(layout('Price,Volume,Timestamp,Type,OrderType,Misc,TradeID', '9431.1,2.02,1525752700,b,m,,5')).toEqual({
      header: true,
      columns: { price: 0, volume: 1, time: 2, side: 3, orderType: 4, tradeId: 6 },
      count: 7,
    })
    expect(layout('trade_id,timestamp,amount,price,side,type').columns).toEqual({
      tradeId: 0,
      time: 1,
      volume: 2,
      price: 3,
      side: 4,
      orderType: 5,
    })
  })

  it('is that of the rows where the header names another number of columns', () => {
    expect(layout('Price,Volume,Timestamp,Type,OrderType,TradeID', '9431.1,2.02,1525752700,b,m,,5')).toEqual({
      header: true,
      columns: { price: 0, volume: 1, time: 2, side: 3, orderType: 4, tradeId: 6 },
      count: 7,
    })
  })

  it.each([
    ['candles', ['1381093200,122.0,122.0,122.0,122.0,0.1,1']],
    ['a time in milliseconds', ['1672531436000,90.54,1.1']],
    ['a time in milliseconds under a header', ['time,price,volume', '1672531436000,90.54,1.1']],
    ['no time', ['price,volume', '90.54,1.1']],
    ['four columns', ['1672531436,90.54,1.1,b']],
    ['rows that fit no layout', ['time,price,volume,side', '1,2']],
    ['nothing', []],
  ])('is refused with %s', (_, lines) => {
    expect(() => layout(...lines)).toThrow(UsageError)
  })

  it('is refused with a word on the file and on what was expected, in printable text', () => {
    expect(() => layout('\x89PNG\r\x1a')).toThrow(
      'XBTUSD.csv is not a file of Kraken trades: it starts with "?PNG??". Expected rows of time,price,volume or',
    )
  })
})
