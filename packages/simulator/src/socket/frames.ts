import { type EpochMicros, formatTime, type MarketSymbol } from '@c1/market'
import type { Market } from '../market/market.ts'
import { assetsOf, type Pair } from '../market/pairs.ts'
import type { VenueTrade } from '../market/tape.ts'
import { priceText, quantityText } from '../wire.ts'

/** The trades of a frame. */
export interface TradeBatch {
  readonly type: 'snapshot' | 'update'
  readonly pair: Pair
  readonly trades: readonly VenueTrade[]
}

/** A frame on its way to a client, and what it is about. */
export interface Outgoing {
  readonly about: 'status' | 'heartbeat' | 'pong' | 'acknowledgement' | 'refusal' | 'trades' | 'instrument'
  readonly text: string
  readonly symbol?: MarketSymbol | undefined
  readonly batch?: TradeBatch
}

export const HEARTBEAT = '{"channel":"heartbeat"}'

/** Beyond 2^53 like the venue's, so that a client cannot use it as a number. */
const FIRST_CONNECTION_ID = 18_125_794_168_470_749_634n

/** The frame that opens every connection, and tells a change of the engine. @param connection its ordinal, from 0 */
export function statusFrame(connection: number, system: string): string {
  const id = FIRST_CONNECTION_ID + BigInt(connection)
  return `{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"${system}","api_version":"v2","connection_id":${id},"upcoming_maintenance":[],"emergency":[]}]}`
}

/** Prices and quantities are numbers with all of the pair's decimals, trailing zeros included. */
export function tradeFrame(batch: TradeBatch): Outgoing {
  const { type, pair, trades } = batch
  const text = tradeMessage(
    type,
    trades.map((trade) => tradeRow(trade, pair)),
  )
  return { about: 'trades', text, symbol: pair.symbol, batch }
}

export function tradeMessage(type: TradeBatch['type'], rows: readonly string[]): string {
  return `{"channel":"trade","type":"${type}","data":[${rows.join(',')}]}`
}

export function tradeRow(trade: VenueTrade, pair: Pair): string {
  const price = priceText(trade.priceUnits, pair)
  const quantity = quantityText(trade.quantityUnits, pair)
  return `{"symbol":"${pair.symbol}","side":"${trade.side}","price":${price},"qty":${quantity},"ord_type":"${trade.orderType}","trade_id":${trade.tradeId},"timestamp":"${formatTime(trade.time)}"}`
}

export function instrumentFrame(market: Market): string {
  const assets = [...new Set(market.pairs.flatMap(assetsOf))].map(assetItem)
  const pairs = market.pairs.map(pairItem)
  return `{"channel":"instrument","type":"snapshot","data":{"assets":[${assets.join(',')}],"pairs":[${pairs.join(',')}]}}`
}

function assetItem(id: string): string {
  return `{"id":"${id}","status":"enabled","precision":10,"precision_display":5,"borrowable":false,"collateral_value":1.00}`
}

function pairItem(pair: Pair): string {
  const [base, quote] = assetsOf(pair)
  const increment = priceText(1, pair)
  return `{"symbol":"${pair.symbol}","base":"${base}","quote":"${quote}","status":"online","qty_precision":${pair.quantityDecimals},"qty_increment":${quantityText(1, pair)},"price_precision":${pair.priceDecimals},"price_increment":${increment},"tick_size":${increment},"cost_precision":${pair.costDecimals},"cost_min":${pair.costMin},"qty_min":${pair.orderMin},"marginable":false,"has_index":false}`
}

/** What an answer to a request says beside its times. */
export interface Acknowledgement {
  readonly method?: string
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: string
  readonly symbol?: string
  readonly success?: boolean
}

/** An answer to a request; absent fields are left out, and `req_id` is echoed. */
export function answerFrame(
  answer: Acknowledgement,
  requestId: number | undefined,
  timeIn: EpochMicros,
  timeOut: EpochMicros,
): string {
  return JSON.stringify({
    ...answer,
    time_in: formatTime(timeIn),
    time_out: formatTime(timeOut),
    req_id: requestId,
  })
}
