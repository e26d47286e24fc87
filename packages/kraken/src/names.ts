import type { Instrument, MarketSymbol } from '@c1/market'

/** Assets whose WebSocket v2 name differs from the older one, which REST, v1 and the archive files keep. */
const OLD_TO_V2: ReadonlyMap<string, string> = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
])
const V2_TO_OLD: ReadonlyMap<string, string> = new Map([...OLD_TO_V2].map(([old, v2]) => [v2, old]))

/** The v2 symbol of a v1 name (`wsname`): `XBT/USD` is `BTC/USD`. v2 refuses the v1 spelling. */
export function symbolOfWsname(wsname: string): string {
  return renameAssets(wsname, OLD_TO_V2)
}

/**
 * The name to ask REST with. `altname` is the first alias of an instrument read from AssetPairs; without one the v2 symbol
 * is asked for, which REST takes nowadays. The v1 spelling with a slash is refused there.
 */
export function restName(instrument: Instrument): string {
  return instrument.aliases.find((alias) => !alias.includes('/')) ?? instrument.symbol
}

/** Every spelling by which a market's archive member may be named, upper case, without separators. */
export function archiveNames(market: Instrument | MarketSymbol): ReadonlySet<string> {
  const [symbol, aliases] = typeof market === 'string' ? [market, []] : [market.symbol, market.aliases]
  return new Set([symbol, renameAssets(symbol, V2_TO_OLD), ...aliases].map(plainName))
}

/** Upper case, without the slash or dash between base and quote. */
export function plainName(name: string): string {
  return name.toUpperCase().replace(/[/-]/, '')
}

function renameAssets(pair: string, names: ReadonlyMap<string, string>): string {
  return pair
    .split('/')
    .map((asset) => names.get(asset) ?? asset)
    .join('/')
}
