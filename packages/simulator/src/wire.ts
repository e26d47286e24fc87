import { fromUnits, MICROS_PER_SECOND } from '@c1/market'
import type { Pair } from './market/pairs.ts'
import type { VenueTrade } from './market/tape.ts'

/** How REST pads prices in Trades: five decimals at least. */
const REST_PRICE_DECIMALS = 5

/** Price as text with the pair's decimals; a JSON number on the WebSocket. */
export function priceText(units: number | bigint, pair: Pair): string {
  return fromUnits(units, pair.priceDecimals)
}

export function quantityText(units: number | bigint, pair: Pair): string {
  return fromUnits(units, pair.quantityDecimals)
}

/** `30243.4` is `30243.40000` in REST Trades. */
export function paddedPriceText(units: number, pair: Pair): string {
  const padding = Math.max(REST_PRICE_DECIMALS - pair.priceDecimals, 0)
  return priceText(units, pair) + (pair.priceDecimals === 0 ? '.' : '') + '0'.repeat(padding)
}

/** The exact time as a count of nanoseconds, 19 digits at present. */
export function nanosText({ time, nanos }: Pick<VenueTrade, 'time' | 'nanos'>): string {
  return `${time}${String(nanos).padStart(3, '0')}`
}

/** REST's time of a trade: seconds as a JSON number, cut to 100 ns, without trailing zeros. */
export function secondsText({ time, nanos }: VenueTrade): string {
  const seconds = Math.floor(time / MICROS_PER_SECOND)
  const tenths = (time - seconds * MICROS_PER_SECOND) * 10 + Math.floor(nanos / 100)
  return tenths === 0 ? `${seconds}` : `${seconds}.${String(tenths).padStart(7, '0').replace(/0+$/, '')}`
}
