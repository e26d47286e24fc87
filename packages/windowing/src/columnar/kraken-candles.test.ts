import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { candleRows } from './candle-rows.ts'
import { ColumnarCandles } from './columnar-candles.ts'

/** Recorded from Kraken, beside the repository; not part of it. */
const DATA = new URL('../../../../../shared/data/kraken/', import.meta.url)
const XBTUSD = new URL('trades/XBTUSD_2018-05-08_2018-05-22.csv.gz', DATA)
const XBTUSDT = new URL('rest/Trades_XBTUSDT_2025-11-10.json', DATA)
const XBTUSDT_MINUTES = new URL('rest/OHLC_XBTUSDT_1m_2025-11-10.json', DATA)

type RestTrade = readonly [
  price: string,
  volume: string,
  time: number,
  side: string,
  type: string,
  misc: string,
  id: number,
]
type RestCandle = readonly [time: number, ...texts: string[], count: number]

describe.skipIf(!existsSync(XBTUSDT))('1,000 trades of a stored REST answer (skipped without ../shared/data)', () => {
  it('give 273 of 273 minutes exactly as Kraken published them, with VWAP', () => {
    const layout = {
      header: false,
      columns: { price: 0, volume: 1, time: 2, side: 3, orderType: 4, tradeId: 6 },
      count: 7,
    }
    const builder = new ColumnarCandles({ symbol: 'BTC/USDT' as MarketSymbol, intervals: ['1m'], layout })
    const { result } = JSON.parse(readFileSync(XBTUSDT, 'utf8')) as { result: { XBTUSDT: RestTrade[] } }
    builder.push(new TextEncoder().encode(result.XBTUSDT.map((row) => `${row.join()}\n`).join('')))
    builder.end()
    const minutes = JSON.parse(readFileSync(XBTUSDT_MINUTES, 'utf8')) as { result: { XBTUSDT: RestCandle[] } }
    const official = new Map(minutes.result.XBTUSDT.map((candle) => [candle[0], candle]))
    // The first minute is cut by the start of the answer.
    const ours = [...builder.candles(1)].slice(1).map((candle) => {
      const { close, high, low, open, openTime, tradeCount, volume, vwap } = candle
      return [openTime / MICROS_PER_SECOND, open, high, low, close, vwap, volume, tradeCount]
    })
    expect(builder.rejected.count).toBe(0)
    expect(ours).toHaveLength(273)
    expect(ours).toEqual(ours.map(([time]) => official.get(time as number)))
  })
})

describe.skipIf(!existsSync(XBTUSD))('152,019 trades of XBTUSD of 2018 (skipped without ../shared/data)', () => {
  it('give the same rows written at once as one by one, which golden.test.ts compares with the other path', () => {
    const layout = { header: true, columns: { time: 0, price: 1, volume: 2, side: 3, orderType: 4 }, count: 5 }
    const builder = new ColumnarCandles({ symbol: 'BTC/USD' as MarketSymbol, intervals: ['1m', '1h', '1d'], layout })
    builder.push(gunzipSync(readFileSync(XBTUSD)))
    builder.end()
    const plan = builder.rowsPlan() ?? expect.fail('The rows are not written at once.')
    const rows = [...candleRows(plan)].map((part) => new TextDecoder().decode(part)).join('')
    const values = rows
      .trimEnd()
      .split('\n')
      .map((row) => row.split(','))
    const candles = [...builder.candles()].map((candle) => [
      candle.interval,
      ...[candle.open, candle.high, candle.low, candle.close, candle.volume, candle.vwap],
      String(candle.tradeCount),
      candle.buyVolume,
      ...[candle.firstTradeId, candle.lastTradeId].map(String),
    ])
    expect(values.map((row) => [row[1], ...row.slice(4, 14)])).toEqual(candles)
  })
})
