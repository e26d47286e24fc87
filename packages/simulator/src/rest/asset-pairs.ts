import type { Market } from '../market/market.ts'
import { findPair, type NamedPair, oldSpelling, type Pair } from '../market/pairs.ts'
import { priceText } from '../wire.ts'
import { type Parameters, Refusal, UNKNOWN_PAIR } from './answer.ts'

/** `AssetPairs`: all pairs, or those named in `pair=a,b`, under their internal names. @throws Refusal */
export function assetPairsAnswer(market: Market, parameters: Parameters): string {
  const asked = parameters.get('pair')
  const named =
    asked === null ? market.pairs.map(underInternalName) : asked.split(',').map((name) => find(market, name))
  return JSON.stringify(Object.fromEntries(named.map(({ key, pair }) => [key, description(pair)])))
}

function underInternalName(pair: Pair): NamedPair {
  return { pair, key: pair.restName }
}

function find(market: Market, spelling: string): NamedPair {
  const named = findPair(market.pairs, spelling.trim())
  if (named === undefined) throw new Refusal(UNKNOWN_PAIR)
  return named
}

function description(pair: Pair): Record<string, unknown> {
  return {
    altname: pair.altname,
    wsname: oldSpelling(pair.symbol),
    aclass_base: 'currency',
    base: pair.restBase,
    aclass_quote: 'currency',
    quote: pair.restQuote,
    lot: 'unit',
    cost_decimals: pair.costDecimals,
    pair_decimals: pair.priceDecimals,
    lot_decimals: pair.quantityDecimals,
    lot_multiplier: 1,
    leverage_buy: [],
    leverage_sell: [],
    fees: [],
    fees_maker: [],
    fee_volume_currency: 'ZUSD',
    margin_call: 80,
    margin_stop: 40,
    ordermin: pair.orderMin,
    costmin: pair.costMin,
    tick_size: priceText(1, pair),
    status: 'online',
    execution_venue: 'international',
  }
}
