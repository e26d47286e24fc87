import { marketSymbol } from '@c1/market'
import type { Pair } from './pairs.ts'

/** The temperament of one synthetic market. */
export interface Character {
  /** The level to which the price returns over months, quote currency. */
  readonly anchorPrice: number
  /** Standard deviation of the one-minute log return, long-run. */
  readonly minuteVolatility: number
  /** Trades of an average day. */
  readonly tradesPerDay: number
  /** Standard deviation of the log of a minute's own activity: 0 is even, above 1 leaves many minutes empty. */
  readonly unevenness: number
  /** Median value of a taker order, quote currency. */
  readonly medianNotional: number
}

export interface Listing {
  readonly pair: Pair
  readonly character: Character
}

/** The synthetic markets, with Kraken's own names and decimals. KAVA/USD is thin: most of its minutes are empty. */
export const CATALOGUE: readonly Listing[] = [
  listing(
    ['BTC/USD', 'XXBTZUSD', 'XBTUSD', 'XXBT', 'ZUSD'],
    { priceDecimals: 1, costDecimals: 5, orderMin: '0.00005', costMin: '0.5' },
    { anchorPrice: 68_000, minuteVolatility: 8e-4, tradesPerDay: 86_400, unevenness: 0.4, medianNotional: 350 },
  ),
  listing(
    ['ETH/USD', 'XETHZUSD', 'ETHUSD', 'XETH', 'ZUSD'],
    { priceDecimals: 2, costDecimals: 5, orderMin: '0.002', costMin: '0.5' },
    { anchorPrice: 2_900, minuteVolatility: 9e-4, tradesPerDay: 52_000, unevenness: 0.45, medianNotional: 300 },
  ),
  listing(
    ['SOL/USD', 'SOLUSD', 'SOLUSD', 'SOL', 'ZUSD'],
    { priceDecimals: 2, costDecimals: 5, orderMin: '0.05', costMin: '0.5' },
    { anchorPrice: 150, minuteVolatility: 11e-4, tradesPerDay: 30_000, unevenness: 0.5, medianNotional: 220 },
  ),
  listing(
    ['XRP/USD', 'XXRPZUSD', 'XRPUSD', 'XXRP', 'ZUSD'],
    { priceDecimals: 5, costDecimals: 8, orderMin: '10', costMin: '0.5' },
    { anchorPrice: 1.1, minuteVolatility: 10e-4, tradesPerDay: 24_000, unevenness: 0.5, medianNotional: 200 },
  ),
  listing(
    ['DOGE/USD', 'XDGUSD', 'XDGUSD', 'XXDG', 'ZUSD'],
    { priceDecimals: 7, costDecimals: 9, orderMin: '60', costMin: '0.5' },
    { anchorPrice: 0.16, minuteVolatility: 12e-4, tradesPerDay: 12_000, unevenness: 0.6, medianNotional: 150 },
  ),
  listing(
    ['ETH/BTC', 'XETHXXBT', 'ETHXBT', 'XETH', 'XXBT'],
    { priceDecimals: 5, costDecimals: 10, orderMin: '0.002', costMin: '0.00002' },
    { anchorPrice: 0.043, minuteVolatility: 6e-4, tradesPerDay: 4_800, unevenness: 0.8, medianNotional: 0.004 },
  ),
  listing(
    ['BTC/USDT', 'XBTUSDT', 'XBTUSDT', 'XXBT', 'USDT'],
    { priceDecimals: 1, costDecimals: 5, orderMin: '0.00005', costMin: '0.5' },
    { anchorPrice: 68_000, minuteVolatility: 8e-4, tradesPerDay: 9_000, unevenness: 0.6, medianNotional: 250 },
  ),
  listing(
    ['KAVA/USD', 'KAVAUSD', 'KAVAUSD', 'KAVA', 'ZUSD'],
    { priceDecimals: 4, costDecimals: 5, orderMin: '7', costMin: '0.5' },
    { anchorPrice: 0.42, minuteVolatility: 10e-4, tradesPerDay: 320, unevenness: 1.5, medianNotional: 60 },
  ),
]

function listing(
  [symbol, restName, altname, restBase, restQuote]: [string, string, string, string, string],
  terms: Pick<Pair, 'priceDecimals' | 'costDecimals' | 'orderMin' | 'costMin'>,
  character: Character,
): Listing {
  const pair = { symbol: marketSymbol(symbol), restName, altname, restBase, restQuote, quantityDecimals: 8, ...terms }
  return { pair, character }
}
