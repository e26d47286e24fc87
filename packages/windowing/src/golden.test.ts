import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import {
  type Candle,
  compareDecimals,
  type DecimalText,
  decimalText,
  type Interval,
  type MarketMessage,
  type MarketSymbol,
  MICROS_PER_SECOND,
  parseSeconds,
  type Trade,
  toUnits,
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

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Each block of so many trades in any order, every trade of it twice. */
function tangled(trades: readonly Trade[], block: number): MarketMessage[] {
  const next = random(7)
  const messages: MarketMessage[] = []
  for (let from = 0; from < trades.length; from += block) {
    const arriving = trades.slice(from, from + block).flatMap((trade) => [trade, trade])
    for (let at = arriving.length - 1; at > 0; at--) {
      const other = Math.floor(next() * (at + 1))
      ;[arriving[at], arriving[other]] = [arriving[other] as Trade, arriving[at] as Trade]
    }
    messages.push(...arriving.map(tradeMessage))
  }
  return messages
}

/** What comes out where the windows are killed at 100 places, each time to go on from a checkpoint taken there. */
function killedOften(messages: readonly MarketMessage[], intervals: readonly Interval[]): Candle[] {
  const next = random(11)
  const kills = new Set(Array.from({ length: 100 }, () => Math.floor(next() * messages.length)))
  let windows = new CandleWindows({ intervals })
  return messages.flatMap((message, at) => {
    if (kills.has(at)) windows = CandleWindows.restore(windows.checkpoint(), { intervals })
    return candlesOf(windows.advance(message))
  })
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

  it('give 250 of 250 whole hours in any order, every trade twice, killed at 100 places', () => {
    // Numbered by the venue, as live trades are, so that order is by id: a file's rows are in order by themselves.
    const trades = xbtusdTrades().map((trade): Trade => ({ ...trade, idSpace: 'venue' }))
    const [first, last] = [trades[0] as Trade, trades.at(-1) as Trade]
    const before = { ...first, lastTradeId: first.tradeId - 1 }
    const after = { ...last, eventTime: end as Trade['eventTime'], lastTradeId: last.tradeId }
    const messages: MarketMessage[] = [
      { kind: 'heartbeat', heartbeat: before },
      ...tangled(trades, 5000),
      { kind: 'heartbeat', heartbeat: after },
    ]
    const candles = killedOften(messages, ['1h'])
    expect(candles.every(({ complete, revision }) => complete === true && revision === 1)).toBe(true)
    expect(compareHours(candles)).toEqual({ same: 250, different: [] })
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
  const trades = existsSync(XBTUSDT) ? xbtusdtTrades() : []
  const last = trades.at(-1) as Trade

  /** Kraken's candles were fetched four minutes after the last trade and show none after it. */
  function end(): MarketMessage {
    const eventTime = (last.eventTime + 60 * MICROS_PER_SECOND) as Trade['eventTime']
    return { kind: 'heartbeat', heartbeat: { ...last, eventTime, lastTradeId: last.tradeId } }
  }

  it('give 273 of 273 minutes exactly as Kraken published them, with VWAP', () => {
    const events = advanceAll(new CandleWindows({ intervals: ['1m'] }), [...trades.map(tradeMessage), end()])
    expectKrakens(candlesOf(events))
  })

  it('give them in any order, every trade twice, killed at 100 places', () => {
    const messages = [...tangled(trades, trades.length), end()]
    expectKrakens(killedOften(messages, ['1m']))
  })

  function expectKrakens(candles: readonly Candle[]): void {
    const { result } = JSON.parse(readFileSync(XBTUSDT_MINUTES, 'utf8')) as { result: { XBTUSDT: RestCandle[] } }
    const official = new Map(result.XBTUSDT.map((candle) => [candle[0], candle]))
    const ours = candles.map(({ openTime, open, high, low, close, vwap, volume, tradeCount }) => {
      return [openTime / MICROS_PER_SECOND, open, high, low, close, vwap, volume, tradeCount] as const
    })
    expect(ours).toHaveLength(273)
    expect(ours).toEqual(ours.map(([time]) => official.get(time)))
  }
})

describe.skipIf(!existsSync(XBTUSD_HOURS))("Kraken's hours of XBTUSD (skipped without ../shared/data)", () => {
  const DAY = 86_400

  it('rolled up to days equal a direct computation over the hours', () => {
    const hours = gunzipSync(readFileSync(XBTUSD_HOURS)).toString().trimEnd().split('\n')
    // `1E+1` is how Kraken writes a volume of ten.
    const rows = hours.map((line) => {
      const [time = '', ...figures] = line.split(',')
      return [time, ...figures.map((figure) => decimalText(figure))] as const
    })
    // Four trades an hour, at its quarters, that have its prices; the first one has all of its volume.
    const trades = rows.flatMap(([time, open, high, low, close, volume], hour) =>
      [open, high, low, close].map((price, quarter): MarketMessage => {
        return tradeMessage({
          symbol: BTC_USD,
          idSpace: 'file:hours',
          tradeId: hour * 4 + quarter + 1,
          eventTime: ((Number(time) + quarter * 900) * MICROS_PER_SECOND) as Trade['eventTime'],
          price: price as DecimalText,
          quantity: (quarter === 0 ? volume : '0') as DecimalText,
          side: undefined,
          orderType: undefined,
        })
      }),
    )
    const days = candlesOf(advanceAll(new CandleWindows({ intervals: ['1d'] }), trades))
    const byDay = Map.groupBy(rows, ([time]) => Math.floor(Number(time) / DAY) * DAY)
    const expected = [...byDay].slice(0, -1).map(([day, rows]) => {
      const column = (at: number) => rows.map((row) => row[at] as DecimalText)
      const ordered = (at: number) => column(at).toSorted(compareDecimals)
      const volume = column(5).reduce((sum, text) => sum + toUnits(text, 12), 0n)
      const [open, high, low, close] = [column(1)[0], ordered(2).at(-1), ordered(3)[0], column(4).at(-1)]
      return [day, ...[open, high, low, close].map((text) => Number(text)), volume]
    })
    const found = days.map(({ openTime, open, high, low, close, volume }) => {
      const prices = [open, high, low, close].map(Number)
      return [openTime / MICROS_PER_SECOND, ...prices, toUnits(volume, 12)]
    })
    expect(found.length).toBeGreaterThan(1000)
    expect(found).toEqual(expected)
  })
})
