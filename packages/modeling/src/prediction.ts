import type { EpochMicros, MarketSymbol } from '@c1/market'

/** What a model said of the log return of a symbol's price from `asOf` to `asOf + horizon`. */
export interface Prediction {
  readonly symbol: MarketSymbol
  /** The market's clock when it was made. */
  readonly madeAt: EpochMicros
  /** `closeTime` of the newest candle it used. */
  readonly asOf: EpochMicros
  /** Microseconds. */
  readonly horizon: number
  /** Name of the registered model, and the version of it that was in force at `asOf`. */
  readonly model: string
  readonly version: number
  /** The kind of that version: `elastic-net`, `no-change`, ... */
  readonly kind: string
  /** Predicted log return. */
  readonly value: number
  /** The interval that holds the outcome with probability `coverage`. */
  readonly lower: number
  readonly upper: number
  readonly coverage: number
  /** True when it was made after the next candle had closed (a crash, a repair, history): never counted as live. */
  readonly late: boolean
  /** SHA-256 of the feature vector, first 16 hex digits. */
  readonly vectorDigest: string
  readonly firstTradeId: number
  readonly lastTradeId: number
}

/** What happened instead. Its key is the prediction's: symbol, asOf, horizon, model, version. */
export interface Outcome {
  readonly symbol: MarketSymbol
  readonly asOf: EpochMicros
  readonly horizon: number
  readonly model: string
  readonly version: number
  /** The log return that happened: last price at or before `asOf + horizon` over that at `asOf`. */
  readonly outcome: number
  /** Predicted minus actual. */
  readonly error: number
  readonly covered: boolean
  /** The target: with which probability the interval was meant to hold the outcome. */
  readonly coverage: number
  /** Copied from the prediction like `coverage`, so that a live score needs this record only. */
  readonly late: boolean
}
