import type { Candle, EpochMicros, MarketSymbol } from '@c1/market'
import type { LateWindows } from './late-windows.ts'

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
   * Final windows that are no longer in memory changed, by a trade that came late. `CandleWindows.reviseFromLog` gives their next
   * revisions; without it their candles stay as they were.
   */
  | { readonly kind: 'late'; readonly late: LateWindows }

export const NOTHING: readonly CandleEvent[] = []
