import type { EpochMicros, MarketSymbol } from '@c1/market'
import { CATALOGUE } from './catalogue.ts'
import { MARKET_BIRTH } from './days.ts'
import type { Pair } from './pairs.ts'
import { type SyntheticOptions, SyntheticTape } from './synthetic-tape.ts'
import type { Tape } from './tape.ts'

/** All that the venue lists. */
export interface Market {
  readonly pairs: readonly Pair[]
  readonly tapes: ReadonlyMap<MarketSymbol, Tape>
  /** Before it there is nothing. */
  readonly birth: EpochMicros
}

/** The synthetic market. Its pairs are independent of each other: ETH/BTC does not follow ETH/USD and BTC/USD. */
export function syntheticMarket(options: SyntheticOptions): Market {
  const tapes = CATALOGUE.map((listing) => [listing.pair.symbol, new SyntheticTape(listing, options)] as const)
  return { pairs: CATALOGUE.map(({ pair }) => pair), tapes: new Map(tapes), birth: MARKET_BIRTH }
}

/** The tape of a listed pair. */
export function tapeOf(market: Market, pair: Pair): Tape {
  return market.tapes.get(pair.symbol) as Tape
}
