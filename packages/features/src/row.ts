import type { EpochMicros, Interval, MarketSymbol } from '@c1/market'

/** What a group of features written together looks like to a store: its name, version, interval and columns in order. */
export interface FeatureGroup {
  readonly name: string
  readonly version: number
  readonly interval: Interval
  readonly features: readonly FeatureColumn[]
}

export interface FeatureColumn {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly role: 'input' | 'label'
}

/** The features of one symbol at the close of one final candle. */
export interface FeatureRow {
  readonly symbol: MarketSymbol
  /** `closeTime` of the newest candle it was computed from. */
  readonly eventTime: EpochMicros
  /** The first moment at which the row could be used: `eventTime` for a first revision, later for a correction. */
  readonly availableAt: EpochMicros
  /** 1 for the first, one more for each correction of a candle it was computed from. */
  readonly revision: number
  /** The trade ids of the candles in its look-back. */
  readonly firstTradeId: number
  readonly lastTradeId: number
  /** In the order of the group's columns; NaN where the inputs do not determine a feature. */
  readonly values: readonly number[]
}
