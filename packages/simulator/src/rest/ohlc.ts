import { type EpochMicros, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'
import { type Market, tapeOf } from '../market/market.ts'
import { findPair, type Pair } from '../market/pairs.ts'
import type { Tape, VenueTrade } from '../market/tape.ts'
import { priceText, quantityText } from '../wire.ts'
import { invalidArguments, type Parameters, Refusal, UNKNOWN_PAIR } from './answer.ts'

/** Minutes. The venue also has 240 to 21600; here those would re-draw months of trades for one answer. */
const INTERVALS = ['1', '5', '15', '30', '60']
const COMMITTED_ROWS = 720

/**
 * `OHLC`: the latest 720 committed candles and, as the last row, the running one. Windows without trades are flat.
 * `since` is exclusive on the start. Other requests are served between windows, since an hourly answer reads 30 days.
 *
 * @throws Refusal
 */
export async function ohlcAnswer(market: Market, now: EpochMicros, parameters: Parameters): Promise<string> {
  const named = findPair(market.pairs, parameters.get('pair') ?? '')
  if (named === undefined) throw new Refusal(UNKNOWN_PAIR)
  const interval = parameters.get('interval') ?? '1'
  if (!INTERVALS.includes(interval)) throw invalidArguments('interval')
  const since = readSince(parameters.get('since'))
  const length = Number(interval) * MICROS_PER_MINUTE
  const running = Math.floor(now / length) * length
  const rows: string[] = []
  for await (const { openTime, row } of candleRows(tapeOf(market, named.pair), named.pair, now, length)) {
    if (openTime / MICROS_PER_SECOND > since) rows.push(row)
  }
  return `{${JSON.stringify(named.key)}:[${rows.join(',')}],"last":${(running - length) / MICROS_PER_SECOND}}`
}

async function* candleRows(
  tape: Tape,
  pair: Pair,
  now: EpochMicros,
  length: number,
): AsyncGenerator<{ openTime: number; row: string }> {
  const running = Math.floor(now / length) * length
  let openTime = running - COMMITTED_ROWS * length
  let previous = tape.lastIdBefore(openTime as EpochMicros)
  let close = tape.read(previous, previous)[0]?.priceUnits
  for (; openTime <= running; openTime += length) {
    const end = Math.min(openTime + length, now) as EpochMicros
    const last = tape.lastIdBefore(end)
    const trades = tape.read(previous + 1, last)
    previous = last
    close = trades.at(-1)?.priceUnits ?? close
    if (close !== undefined) yield { openTime, row: candleRow(openTime, trades, close, pair) }
    await new Promise(setImmediate)
  }
}

function candleRow(openTime: number, trades: readonly VenueTrade[], close: number, pair: Pair): string {
  const prices = trades.map((trade) => trade.priceUnits)
  const open = prices[0] ?? close
  const high = prices.reduce((most, price) => Math.max(most, price), open)
  const low = prices.reduce((least, price) => Math.min(least, price), open)
  const volume = trades.reduce((sum, trade) => sum + BigInt(trade.quantityUnits), 0n)
  const texts = [open, high, low, close].map((units) => `"${priceText(units, pair)}"`).join(',')
  const vwap = priceText(truncatedVwap(trades, volume), pair)
  const seconds = openTime / MICROS_PER_SECOND
  return `[${seconds},${texts},"${vwap}","${quantityText(volume, pair)}",${trades.length}]`
}

/** Cut, not rounded, to the price's decimals; zero for a window without trades. */
function truncatedVwap(trades: readonly VenueTrade[], volume: bigint): bigint {
  if (volume === 0n) return 0n
  const value = trades.reduce(
    (sum, { priceUnits, quantityUnits }) => sum + BigInt(priceUnits) * BigInt(quantityUnits),
    0n,
  )
  return value / volume
}

function readSince(text: string | null): number {
  if (text === null || text === '') return Number.NEGATIVE_INFINITY
  if (!/^\d+$/.test(text)) throw invalidArguments('since')
  return Number(text)
}
