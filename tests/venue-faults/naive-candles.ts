import { formatTime, intervalMicros, parseInterval, toUnits } from '@c1/market'
import type { TrueTrade } from '@c1/simulator'

/**
 * The candles of some trades, by id, in the most direct way there is: open time to last trade id as `c1 export candles` writes
 * them. Windows without a trade have none.
 */
export function naiveCandles(trades: readonly TrueTrade[], interval: string): string[] {
  const length = intervalMicros(parseInterval(interval))
  const windows = Map.groupBy(trades, ({ eventTime }) => Math.floor(eventTime / length) * length)
  return [...windows].map(([openTime, inside]) => naiveCandle(openTime, openTime + length, inside))
}

function naiveCandle(openTime: number, closeTime: number, trades: readonly TrueTrade[]): string {
  const [first, last] = [trades[0] as TrueTrade, trades.at(-1) as TrueTrade]
  const decimals = (text: string): number => text.split('.')[1]?.length ?? 0
  const [priceDecimals, quantityDecimals] = [decimals(first.price), decimals(first.quantity)]
  const priceOf = ({ price }: TrueTrade): bigint => toUnits(price, priceDecimals)
  const quantityOf = ({ quantity }: TrueTrade): bigint => toUnits(quantity, quantityDecimals)
  const sum = (numbers: readonly bigint[]): bigint => numbers.reduce((a, b) => a + b, 0n)
  const prices = trades.map(priceOf)
  const volume = sum(trades.map(quantityOf))
  const bought = sum(trades.filter(({ side }) => side === 'buy').map(quantityOf))
  const notional = sum(trades.map((trade) => priceOf(trade) * quantityOf(trade)))
  const price = (units: bigint): string => textOf(units, priceDecimals)
  return [
    formatTime(openTime as TrueTrade['eventTime']),
    formatTime(closeTime as TrueTrade['eventTime']),
    first.price,
    price(prices.reduce((a, b) => (a > b ? a : b))),
    price(prices.reduce((a, b) => (a < b ? a : b))),
    last.price,
    textOf(volume, quantityDecimals),
    price(notional / volume),
    trades.length,
    textOf(bought, quantityDecimals),
    first.tradeId,
    last.tradeId,
  ].join(',')
}

function textOf(units: bigint, decimals: number): string {
  const digits = String(units).padStart(decimals + 1, '0')
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}
