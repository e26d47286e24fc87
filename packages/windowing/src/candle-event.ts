import type { Candle, EpochMicros, Interval, MarketSymbol } from '@c1/market'

/** What the windows tell when something became final. */
export type CandleEvent =
  /** A final candle: revision 1 when its window closes, a later one when a late trade changed it. */
  | { readonly kind: 'candle'; readonly candle: Candle }
  /**
   * A one-minute window closed empty. Of consecutive empty windows that close together only the newest is told, so a long
   * silence is one event, and everything before `eventTime` (the window's close) is known.
   */
  | { readonly kind: 'heartbeat'; readonly symbol: MarketSymbol; readonly eventTime: EpochMicros }
  /**
   * A trade that belongs into final windows which are no longer in memory, of these intervals. Their candles lack it until they
   * are derived again from the log; the windows still in memory were revised.
   */
  | {
      readonly kind: 'late'
      readonly symbol: MarketSymbol
      readonly tradeId: number
      readonly intervals: readonly Interval[]
    }

export const NOTHING: readonly CandleEvent[] = []
