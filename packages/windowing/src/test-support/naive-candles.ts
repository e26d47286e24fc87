import {
  type Candle,
  type DecimalText,
  decimalsOf,
  type EpochMicros,
  fromUnits,
  type Interval,
  intervalMicros,
  type Trade,
  toUnits,
  windowOpenTime,
} from '@c1/market'

/** The slow, obvious way: sort by id, group by window, add up in `bigint`. Duplicates must not be among the trades. */
export function naiveCandles(trades: readonly Trade[], interval: Interval, complete: boolean | undefined): Candle[] {
  const sorted = [...trades].sort((a, b) => a.tradeId - b.tradeId)
  const windows = Map.groupBy(sorted, ({ eventTime }) => windowOpenTime(eventTime, interval))
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([openTime, trades]) => naiveCandle(openTime, trades, interval, complete))
}

function naiveCandle(
  openTime: EpochMicros,
  trades: readonly Trade[],
  interval: Interval,
  complete: boolean | undefined,
): Candle {
  const priceDecimals = Math.max(...trades.map(({ price }) => decimalsOf(price)))
  const quantityDecimals = Math.max(...trades.map(({ quantity }) => decimalsOf(quantity)))
  const prices = trades.map(({ price }) => toUnits(price, priceDecimals))
  const quantities = trades.map(({ quantity }) => toUnits(quantity, quantityDecimals))
  const sorted = [...prices].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const volume = sum(quantities)
  const notional = sum(prices.map((price, index) => price * (quantities[index] as bigint)))
  const bought = sum(quantities.filter((_, index) => trades[index]?.side === 'buy'))
  const sided = trades.every(({ side }) => side !== undefined)
  const price = (units: bigint | undefined): DecimalText => fromUnits(units as bigint, priceDecimals)
  return {
    symbol: (trades[0] as Trade).symbol,
    interval,
    openTime,
    closeTime: (openTime + intervalMicros(interval)) as EpochMicros,
    open: price(prices[0]),
    high: price(sorted.at(-1)),
    low: price(sorted[0]),
    close: price(prices.at(-1)),
    volume: fromUnits(volume, quantityDecimals),
    vwap: price(volume === 0n ? prices.at(-1) : notional / volume),
    tradeCount: trades.length,
    buyVolume: sided ? fromUnits(bought, quantityDecimals) : undefined,
    firstTradeId: (trades[0] as Trade).tradeId,
    lastTradeId: (trades.at(-1) as Trade).tradeId,
    revision: 1,
    state: 'final',
    complete,
  }
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}
