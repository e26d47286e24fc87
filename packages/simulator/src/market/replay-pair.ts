import { type MarketSymbol, marketSymbol } from '@c1/market'
import { CATALOGUE } from './catalogue.ts'
import { findPair, newSpelling, oldSpelling, type Pair } from './pairs.ts'

const QUOTES = 'USDT|USDC|USD|EUR|GBP|CAD|AUD|CHF|JPY|XBT|BTC|ETH'
const NAME = new RegExp(`(?:^|[^A-Z0-9])([A-Z0-9]{2,12}?)[-_/]?(${QUOTES})(?![A-Z0-9])`)
const ANY_SYMBOL = /^[A-Z0-9.]+\/[A-Z0-9.]+$/

const PAIRS = CATALOGUE.map(({ pair }) => pair)

/** The market that a spelling or a file's name tells of: `XBTUSD_2018.csv.gz` is BTC/USD. */
export function symbolOf(text: string): MarketSymbol | undefined {
  const upper = text.toUpperCase()
  const [stem = ''] = upper.split('.', 1)
  for (const word of [upper, ...stem.split(/[^A-Z0-9]+/)]) {
    const named = findPair(PAIRS, word)
    if (named !== undefined) return named.pair.symbol
  }
  if (ANY_SYMBOL.test(upper)) return marketSymbol(newSpelling(upper))
  const [, base, quote] = NAME.exec(stem) ?? []
  return base === undefined || quote === undefined ? undefined : marketSymbol(newSpelling(`${base}/${quote}`))
}

/** The listed pair, with more decimals where the file needs them; one made up from the symbol where it is not listed. */
export function replayPair(symbol: MarketSymbol, priceDecimals: number, quantityDecimals: number): Pair {
  const pair = PAIRS.find((pair) => pair.symbol === symbol) ?? unlistedPair(symbol)
  return {
    ...pair,
    priceDecimals: Math.max(pair.priceDecimals, priceDecimals),
    quantityDecimals: Math.max(pair.quantityDecimals, quantityDecimals),
  }
}

function unlistedPair(symbol: MarketSymbol): Pair {
  const [base = '', quote = ''] = oldSpelling(symbol).split('/')
  return {
    symbol,
    restName: base + quote,
    altname: base + quote,
    restBase: base,
    restQuote: quote,
    priceDecimals: 0,
    quantityDecimals: 8,
    costDecimals: 10,
    orderMin: '0.00000001',
    costMin: '0.00000001',
  }
}
