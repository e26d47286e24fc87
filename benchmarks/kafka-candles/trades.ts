import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type EventLog, type LogRecord, TOPICS, tradesCodec } from '@c1/event-log'
import { decimalText, type EpochMicros, type MarketSymbol, parseTime, type Trade } from '@c1/market'
import { walk } from '../market.ts'

export const SYMBOLS: readonly string[] = [
  'BTC/USD',
  'BTC/EUR',
  'BTC/GBP',
  'BTC/JPY',
  'EOS/USD',
  'EOS/EUR',
  'EOS/GBP',
  'EOS/JPY',
]
const FILES = ['XBTUSD_2018-05-08_2018-05-22.csv.gz', 'EOSUSD_2018-05-07_2018-06-19.csv.gz']
const FOLDER = fileURLToPath(new URL('../../../shared/data/kraken/trades/', import.meta.url))
const BATCH = 1000

export const hasRealTrades: boolean = FILES.every((file) => existsSync(FOLDER + file))

/** Writes trades of eight symbols in the order of their time, as ingest-trades does; gives how many. */
export async function writeTrades(log: EventLog, count: number): Promise<number> {
  const codec = tradesCodec('kraken')
  const producer = await log.producer(TOPICS.trades)
  const trades = merged(count)
  for (let at = 0; at < trades.length; at += BATCH) {
    const records = trades.slice(at, at + BATCH).map((trade): LogRecord => codec.encode({ kind: 'trade', trade }))
    await producer.append(records)
  }
  await producer.close()
  return trades.length
}

function merged(count: number): Trade[] {
  const series = SYMBOLS.map((symbol, at) =>
    hasRealTrades ? realTrades(symbol, at < 4 ? 0 : 1) : madeTrades(symbol, at, count / 8),
  )
  const all = series.flat().sort((a, b) => a.eventTime - b.eventTime)
  return all.slice(0, count)
}

const files = new Map<number, readonly string[]>()

/** Two real series of 2018, each under four names. */
function realTrades(symbol: string, file: number): Trade[] {
  const lines =
    files.get(file) ??
    gunzipSync(readFileSync(FOLDER + FILES[file]))
      .toString()
      .trimEnd()
      .split('\n')
      .slice(1)
  files.set(file, lines)
  const trades = lines.map((line): Omit<Trade, 'tradeId'> => {
    const [seconds = '', price = '', volume = '', side, orderType] = line.split(',')
    return {
      symbol: symbol as MarketSymbol,
      idSpace: 'venue',
      eventTime: parseTime(new Date(Math.round(Number(seconds) * 1000)).toISOString()),
      price: decimalText(price),
      quantity: decimalText(volume),
      side: side === 'b' ? 'buy' : 'sell',
      orderType: orderType === 'm' ? 'market' : 'limit',
    }
  })
  return trades.sort((a, b) => a.eventTime - b.eventTime).map((trade, at) => ({ ...trade, tradeId: at + 1 }))
}

function madeTrades(symbol: string, seed: number, count: number): Trade[] {
  return [...walk(count, 10, seed)].map(({ price, quantity, side, time }, at) => ({
    symbol: symbol as MarketSymbol,
    idSpace: 'venue',
    tradeId: at + 1,
    eventTime: time as EpochMicros,
    price: decimalText(price.toFixed(1)),
    quantity: decimalText(quantity.toFixed(8)),
    side,
    orderType: 'limit',
  }))
}
