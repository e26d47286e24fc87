import type { DecimalText } from './decimal.ts'
import type { MarketSymbol } from './instrument.ts'
import type { EpochMicros } from './time.ts'
import type { IdRange } from './trade-ids.ts'

/** The taker's side: the one whose order met a resting one. */
export type Side = 'buy' | 'sell'
export type OrderType = 'market' | 'limit'

/**
 * What numbers a trade: `venue` for the venue's own dense ids; `file:<digest>` for the ordinals of an archive file whose
 * rows have none. Ids of different spaces say nothing of each other.
 */
export type IdSpace = 'venue' | `file:${string}`

/** One execution. */
export interface Trade {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  /** Dense and ascending per symbol within its `idSpace`. */
  readonly tradeId: number
  /** The venue's clock. Not unique: trades of one instant are ordered by `tradeId`. */
  readonly eventTime: EpochMicros
  /** Quote currency per unit of base, with the venue's decimals. */
  readonly price: DecimalText
  /** Units of base, with the venue's decimals. */
  readonly quantity: DecimalText
  /** Absent where the source has none (3-column archive files). */
  readonly side: Side | undefined
  readonly orderType: OrderType | undefined
}

/**
 * The feed was alive at `eventTime`: every trade up to and including `lastTradeId` happened before `eventTime`, and every
 * later one at or after it. This is how time passes in a silent market, and how the start of a back-fill is known to be
 * complete: the first trade it brought is `lastTradeId + 1`.
 */
export interface Heartbeat {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  readonly eventTime: EpochMicros
  /** 0 when the market has had no trade yet. */
  readonly lastTradeId: number
}

/**
 * The feed was not alive from `from` to `to`. Its trades, if any, are repaired from history.
 *
 * With ids (both or none) it is a stated exception: the venue does not serve its trades `firstTradeId` to `lastTradeId`,
 * which happened from `from` to `to`, the times of the trades around them. One that turns up later is taken all the same.
 */
export interface Outage {
  readonly symbol: MarketSymbol
  readonly from: EpochMicros
  readonly to: EpochMicros
  readonly firstTradeId?: number
  readonly lastTradeId?: number
}

/** The ids that an outage states as not served; undefined where it states none. */
export function unservedIds({ firstTradeId, lastTradeId }: Outage): IdRange | undefined {
  if (firstTradeId === undefined || lastTradeId === undefined) return undefined
  return { first: firstTradeId, last: lastTradeId }
}

/** What travels on the trades topic, in one ordered stream per symbol. */
export type MarketMessage =
  | { readonly kind: 'trade'; readonly trade: Trade }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'outage'; readonly outage: Outage }
