import type { DecimalText } from './decimal.ts'
import type { MarketSymbol } from './instrument.ts'
import type { Interval } from './interval.ts'
import type { EpochMicros } from './time.ts'

/** `provisional` while its window is open, `final` once nothing more is expected of it. */
export type CandleState = 'provisional' | 'final'

/**
 * Open, high, low, close and volume (OHLCV) of the half-open event-time window `[openTime, closeTime)`.
 *
 * A window without trades has no candle. Open and close are the prices of the lowest and highest trade id.
 */
export interface Candle {
  readonly symbol: MarketSymbol
  readonly interval: Interval
  readonly openTime: EpochMicros
  /** The first instant that is not part of it: `openTime` plus the interval. */
  readonly closeTime: EpochMicros
  readonly open: DecimalText
  readonly high: DecimalText
  readonly low: DecimalText
  readonly close: DecimalText
  /** Sum of quantities, base currency, exact. */
  readonly volume: DecimalText
  /** Sum of price x quantity over volume, cut (not rounded) to the price's decimals, as Kraken does. */
  readonly vwap: DecimalText
  readonly tradeCount: number
  /** Volume of the trades whose taker bought; absent where the source tells no side. */
  readonly buyVolume: DecimalText | undefined
  readonly firstTradeId: number
  readonly lastTradeId: number
  /** 1 for the first final candle of a window; a correction makes the next one. 0 while provisional. */
  readonly revision: number
  readonly state: CandleState
  /** True where the trade ids prove that no trade of the window is missing, false where one is; absent where ids are unknown. */
  readonly complete: boolean | undefined
}
