import type { MarketSymbol, Trade } from '@c1/market'
import { decimalText, UsageError } from '@c1/market'
import type { FaultSchedule } from './faults/schedule.ts'
import { unserved } from './faults/trade-faults.ts'
import { type Market, tapeOf } from './market/market.ts'
import type { Pair } from './market/pairs.ts'
import { priceText, quantityText } from './wire.ts'

/** A trade as it happened, whatever faults made of it on the wire. */
export interface TrueTrade extends Trade {
  readonly side: NonNullable<Trade['side']>
  readonly orderType: NonNullable<Trade['orderType']>
  /** Where the venue never serves it; absent for all others. */
  readonly unserved?: 'rest' | 'everywhere'
}

/**
 * The trades with ids from `first` to `last`, both included, of the past and of the future: a pure function of market,
 * script and symbol.
 *
 * @throws UsageError `symbol_unlisted`
 */
export function trueTrades(
  market: Market,
  faults: FaultSchedule,
  symbol: MarketSymbol,
  first: number,
  last: number,
): TrueTrade[] {
  const pair = listedPair(market, symbol)
  return tapeOf(market, pair)
    .read(first, last)
    .map((trade) => {
      const where = unserved(faults, pair, trade)
      return {
        symbol,
        idSpace: 'venue',
        tradeId: trade.tradeId,
        eventTime: trade.time,
        price: decimalText(priceText(trade.priceUnits, pair)),
        quantity: decimalText(quantityText(trade.quantityUnits, pair)),
        side: trade.side,
        orderType: trade.orderType,
        ...(where !== undefined && { unserved: where }),
      }
    })
}

/** @throws UsageError `symbol_unlisted` */
export function listedPair(market: Market, symbol: MarketSymbol): Pair {
  const pair = market.pairs.find((pair) => pair.symbol === symbol)
  if (pair !== undefined) return pair
  const listed = market.pairs.map((pair) => pair.symbol).join(', ')
  throw new UsageError('symbol_unlisted', `The simulator does not list ${symbol}: choose from ${listed}.`)
}
