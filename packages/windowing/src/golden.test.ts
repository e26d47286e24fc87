import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import {
  type Candle,
  type DecimalText,
  decimalText,
  type MarketSymbol,
  MICROS_PER_SECOND,
  parseSeconds,
  type Trade,
} from '@c1/market'
import { describe, expect, it } from 'vitest'
import { CandleWindows } from './candle-windows.ts'
import { ColumnarCandles } from './columnar/columnar-candles.ts'
import { krakenCandleLine } from './layout.ts'
import { advanceAll, candlesOf, tradeMessage } from './test-support/trades.ts'

const DATA = new URL('../../../../shared/data/kraken/', import.meta.url)
const XBTUSD = new URL('trades/XBTUSD_2018-05-08_2018-05-22.csv.gz', DATA)
const XBTUSD_HOURS = new URL('ohlcvt/XBTUSD_60_to_2019-05-31.csv.gz', DATA)
const XBTUSDT = new URL('rest/Trades_XBTUSDT_2025-11-10.json', DATA)
const XBTUSDT_MINUTES = new URL('rest/OHLC_XBTUSDT_1m_2025-11-10.json', DATA)
/** Hours that are cut by the edge of a stretch of the trades, by their start. */
const CUT_HOURS = [1525752000, 1526065200, 1526184000, 1526670000, 1526918400, 1527030000]
const BTC_USD = 'BTC/USD' as MarketSymbol

function xbtusdTrades(): Trade[] {
  const [, ...lines] = gunzipSync(readFileSync(XBTUSD)).toString().trimEnd().split('\n')
  return lines.map((line, index) => {
    const [time = '', price = '', volume = '', side] = line.split(',')
    return {
      symbol: BTC_USD,
      idSpace: 'file:xbtusd',
      tradeId: index + 1,
      eventTime: parseSeconds(time),
      price: price as DecimalText,
      quantity: volume as DecimalText,
      side: side === 'b' ? 'buy' : 'sell',
      orderType: undefined,
    }
  })
}

/** Lines of whole hours that differ from Kraken's own, and how many are the same. */
function compareHours(candles: readonly Candle[]): { same: number; different: string[] } {
  const official = new Set(gunzipSync(readFileSync(XBTUSD_HOURS)).toString().split('\n'))
  const lines = candles
    .filter(({ openTime }) => !CUT_HOURS.includes(openTime / MICROS_PER_SECOND))
    .map((candle) => krakenCandleLine(candle))
  const different = lines.filter((line) => !official.has(line))
  return { same: lines.length - different.length, different }
}

describe.skipIf(!existsSync(XBTUSD))('152,019 trades of XBTUSD of 2018 (skipped without ../shared/data)', () => {
  const end = 1_527_033_600 * MICROS_PER_SECOND

  it('give 250 of 250 whole hours exactly as Kraken wrote them, trade by trade', () => {
    const trades = xbtusdTrades()
    const last = trades.at(-1) as Trade
    const heartbeat = { ...last, eventTime: end as Trade['eventTime'], lastTradeId: last.tradeId }
    const events = advanceAll(new CandleWindows({ intervals: ['1h'] }), [
      ...trades.map(tradeMessage),
      { kind: 'heartbeat', heartbeat },
    ])
    expect(compareHours(candlesOf(events))).toEqual({ same: 250, different: [] })
  })

  it('give the same bytes for all intervals straight from the file', () => {
    const intervals = ['1m', '5m', '15m', '30m', '1h', '4h', '12h', '1d'] as const
    const layout = { header: true, columns: { time: 0, price: 1, volume: 2, side: 3, orderType: 4 }, count: 5 }
    const builder = new ColumnarCandles({ symbol: BTC_USD, intervals, layout })
    builder.push(gunzipSync(readFileSync(XBTUSD)))
    builder.end()
    const candles = [...builder.candles()]
    const hours = candles.filter(({ interval }) => interval === '1h')
    expect(compareHours(hours)).toEqual({ same: 250, different: [] })
    const trades = xbtusdTrades()
    const last = trades.at(-1) as Trade
    const heartbeat = {
      ...last,
      eventTime: (end + 86_400 * MICROS_PER_SECOND) as Trade['eventTime'],
      lastTradeId: last.tradeId,
    }
    const events = advanceAll(new CandleWindows({ intervals }), [
      ...trades.map(tradeMessage),
      { kind: 'heartbeat', heartbeat },
    ])
    expect(candles.map((candle) => JSON.stringify(candle))).toEqual(
      candlesOf(events).map((candle) => JSON.stringify(candle)),
    )
  })
})

type RestTrade = [price: string, volume: string, time: number, side: 'b' | 's', type: string, misc: string, id: number]
type RestCandle = [
  time: number,
  open: string,
  high: string,
  low: string,
  close: string,
  vwap: string,
  volume: string,
  count: number,
]

function xbtusdtTrades(): Trade[] {
  const { result } = JSON.parse(readFileSync(XBTUSDT, 'utf8')) as { result: { XBTUSDT: RestTrade[] } }
  return result.XBTUSDT.map(([price, volume, time, side, , , tradeId]) => ({
    symbol: 'BTC/USDT' as MarketSymbol,
    idSpace: 'venue',
    tradeId,
    eventTime: parseSeconds(String(time)),
    price: decimalText(price, 1),
    quantity: decimalText(volume, 8),
    side: side === 'b' ? 'buy' : 'sell',
    orderType: undefined,
  }))
}

describe.skipIf(!existsSync(XBTUSDT))('1,000 trades of XBTUSDT of 2025 (skipped without ../shared/data)', () => {
  it('give 273 of 273 minutes exactly as Kraken published them, with VWAP', () => {
    const trades = xbtusdtTrades()
    const last = trades.at(-1) as Trade
    // Kraken's candles were fetched four minutes after the last trade and show none after it.
    const eventTime = (last.eventTime + 60 * MICROS_PER_SECOND) as Trade['eventTime']
    const heartbeat = { ...last, eventTime, lastTradeId: last.tradeId }
    const events = advanceAll(new CandleWindows({ intervals: ['1m'] }), [
      ...trades.map(tradeMessage),
      { kind: 'heartbeat', heartbeat },
    ])
    const { result } = JSON.parse(readFileSync(XBTUSDT_MINUTES, 'utf8')) as { result: { XBTUSDT: RestCandle[] } }
    const official = new Map(result.XBTUSDT.map((candle) => [candle[0], candle]))
    const ours = candlesOf(events).map(({ openTime, open, high, low, close, vwap, volume, tradeCount }) => {
      return [openTime / MICROS_PER_SECOND, open, high, low, close, vwap, volume, tradeCount] as const
    })
    expect(ours).toHaveLength(273)
    expect(ours).toEqual(ours.map(([time]) => official.get(time)))
  })
})
