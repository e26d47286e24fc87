import type { MarketSymbol } from './instrument.ts'
import type { EpochMicros } from './time.ts'
import type { IdSpace, Side } from './trade.ts'

/**
 * A trade in integers, which is how windows add trades up. A reader of a stream fills one and the same object for each trade: who
 * takes it may keep what it holds, never the object.
 *
 * `price` is a count of `10^-priceDecimals`, `quantity` one of `10^-quantityDecimals`, both exact: a trade with a figure of more
 * digits than a `number` holds stays decimal text (`Trade`).
 */
export interface UnitTrade {
  symbol: MarketSymbol
  idSpace: IdSpace
  tradeId: number
  eventTime: EpochMicros
  price: number
  priceDecimals: number
  quantity: number
  quantityDecimals: number
  side: Side | undefined
}

/** One to be filled, which stands for no trade yet. */
export function emptyUnitTrade(): UnitTrade {
  return {
    symbol: '' as MarketSymbol,
    idSpace: 'venue',
    tradeId: 0,
    eventTime: 0 as EpochMicros,
    price: 0,
    priceDecimals: 0,
    quantity: 0,
    quantityDecimals: 0,
    side: undefined,
  }
}
