import { basename } from 'node:path'
import { readArchive } from '@c1/kraken'
import {
  type DecimalText,
  decimalsOf,
  type EpochMicros,
  type MarketSymbol,
  MICROS_PER_HOUR,
  type Trade,
  toUnits,
  trimDecimal,
  UsageError,
} from '@c1/market'
import type { Market } from './market.ts'
import type { Pair } from './pairs.ts'
import { replayPair, symbolOf } from './replay-pair.ts'
import { ReplayTape } from './replay-tape.ts'
import type { VenueTrade } from './tape.ts'

export interface ReplayOptions {
  /** Any spelling; default: from the file's name. */
  readonly symbol?: string
  /** Microseconds that are over at the start; default 12 hours, or half of a shorter file. */
  readonly history?: number
}

export interface Replay {
  readonly market: Market
  /** Where the history ends. */
  readonly start: EpochMicros
}

/**
 * A market of one pair with the trades of a file, which are held in memory. After the last one it is silent.
 *
 * The file's trade ids are kept when they are dense; else, and where it has none, the rows are numbered from 1. A row
 * without side is a buy, without order type a limit order. A row earlier than the one before it gets that one's time,
 * because a venue's time does not go back.
 *
 * @throws UsageError `symbol_malformed`, `symbol_needed`, `replay_empty`, and what `readArchive` throws
 */
export async function replayMarket(path: string, { symbol, history }: ReplayOptions): Promise<Replay> {
  const market = symbolOf(symbol ?? basename(path))
  if (market === undefined) throw symbolNeeded(path, symbol)
  const rows = await readRows(path, market)
  const pair = replayPair(market, mostDecimals(rows, 'price'), mostDecimals(rows, 'quantity'))
  const [first, ...others] = venueTrades(rows, pair)
  if (first === undefined) throw new UsageError('replay_empty', `${path} holds no trade of ${market} to replay.`)
  const end = others.at(-1)?.time ?? first.time
  const usual = Math.min(12 * MICROS_PER_HOUR, Math.floor((end - first.time) / 2))
  const tapes = new Map([[market, new ReplayTape([first, ...others])]])
  return {
    market: { pairs: [pair], tapes, birth: first.time },
    start: (first.time + (history ?? usual)) as EpochMicros,
  }
}

async function readRows(path: string, market: MarketSymbol): Promise<Trade[]> {
  const rows: Trade[] = []
  for await (const { trades } of readArchive(path, { market })) for (const trade of trades) rows.push(trade)
  return rows
}

/** The decimals that a column uses; REST rows are padded with zeros, which do not count. */
function mostDecimals(rows: readonly Trade[], column: 'price' | 'quantity'): number {
  return rows.reduce((most, row) => Math.max(most, decimalsOf(trimDecimal(row[column]))), 0)
}

function venueTrades(rows: readonly Trade[], pair: Pair): VenueTrade[] {
  const firstId = denseFirstId(rows) ?? 1
  let time = Number.NEGATIVE_INFINITY
  return rows.map((row, index) => {
    time = Math.max(time, row.eventTime)
    return {
      tradeId: firstId + index,
      time: time as EpochMicros,
      nanos: 0,
      priceUnits: units(row.price, pair.priceDecimals),
      quantityUnits: units(row.quantity, pair.quantityDecimals),
      side: row.side ?? 'buy',
      orderType: row.orderType ?? 'limit',
    }
  })
}

function denseFirstId(rows: readonly Trade[]): number | undefined {
  const first = rows[0]?.tradeId ?? 1
  const dense = rows.every((row, index) => row.idSpace === 'venue' && row.tradeId === first + index)
  return dense ? first : undefined
}

function units(text: DecimalText, decimals: number): number {
  return Number(toUnits(text, decimals))
}

function symbolNeeded(path: string, symbol: string | undefined): UsageError {
  return symbol === undefined
    ? new UsageError('symbol_needed', `${path} does not name its market: give a symbol such as BTC/USD.`)
    : new UsageError('symbol_malformed', `"${symbol}" is not a symbol: write base and quote like BTC/USD.`)
}
