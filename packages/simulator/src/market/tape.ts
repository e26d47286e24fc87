import type { EpochMicros, OrderType, Side } from '@c1/market'

/** One execution as the simulated venue keeps it: times to the nanosecond, prices and quantities in whole steps. */
export interface VenueTrade {
  readonly tradeId: number
  readonly time: EpochMicros
  /** Nanoseconds beyond `time`, 0 to 999. */
  readonly nanos: number
  /** Price in units of `10^-priceDecimals`. */
  readonly priceUnits: number
  /** Quantity in units of `10^-quantityDecimals`. */
  readonly quantityUnits: number
  readonly side: Side
  readonly orderType: OrderType
}

/** Every trade of one market, past and future. Ids are dense, and time never decreases with the id. */
export interface Tape {
  /** Id of the market's first trade. */
  readonly firstId: number
  /** Id of the newest trade before `time`; `firstId - 1` when there is none. */
  lastIdBefore(time: EpochMicros): number
  /** The trades from `first` to `last`, both included, ascending. Ids that the tape does not hold are left out. */
  read(first: number, last: number): VenueTrade[]
}
