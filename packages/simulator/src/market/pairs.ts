import type { MarketSymbol } from '@c1/market'

/** A listed pair with each of the spellings and decimals that Kraken's answers give. */
export interface Pair {
  readonly symbol: MarketSymbol
  /** Key in REST answers (`XXBTZUSD`): irregular, never computed from the symbol. */
  readonly restName: string
  /** Also the stem of archive files (`XBTUSD`). */
  readonly altname: string
  readonly restBase: string
  readonly restQuote: string
  readonly priceDecimals: number
  readonly quantityDecimals: number
  readonly costDecimals: number
  readonly orderMin: string
  readonly costMin: string
}

/** Base and quote in the WebSocket v2 spelling. */
export function assetsOf(pair: Pair): [base: string, quote: string] {
  const [base = '', quote = ''] = pair.symbol.split('/')
  return [base, quote]
}

const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ['BTC', 'XBT'],
  ['DOGE', 'XDG'],
])
const NEW_NAMES: ReadonlyMap<string, string> = new Map([...OLD_NAMES].map(([v2, old]) => [old, v2]))

/** The WebSocket v1 spelling, REST's `wsname`: v2 renamed two assets. */
export function oldSpelling(symbol: string): string {
  return renameAssets(symbol, OLD_NAMES)
}

/** The v2 spelling of a v1 name: the inverse of `oldSpelling`. */
export function newSpelling(name: string): string {
  return renameAssets(name, NEW_NAMES)
}

function renameAssets(pair: string, names: ReadonlyMap<string, string>): string {
  return pair
    .split('/')
    .map((asset) => names.get(asset) ?? asset)
    .join('/')
}

/** How REST and WebSocket name a pair that was asked for. */
export interface NamedPair {
  readonly pair: Pair
  /** The key under which REST answers. */
  readonly key: string
}

/**
 * Finds a pair by what REST accepts: internal name, altname in any letter case, or the v2 form, which is then also the
 * key of the answer. The v1 form (`XBT/USD`) is refused, as the venue does.
 */
export function findPair(pairs: readonly Pair[], spelling: string): NamedPair | undefined {
  const wanted = spelling.toUpperCase()
  for (const pair of pairs) {
    if (wanted === pair.symbol) return { pair, key: pair.symbol }
    if (wanted === pair.restName || wanted === pair.altname) return { pair, key: pair.restName }
  }
  return undefined
}
