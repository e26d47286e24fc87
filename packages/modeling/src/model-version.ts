import type { EpochMicros, MarketSymbol } from '@c1/market'

/** Errors of one candidate over the out-of-sample rows of the walk-forward folds. */
export interface CandidateScore {
  readonly kind: string
  readonly baseline: boolean
  /** Rows scored. */
  readonly count: number
  /** Mean squared and mean absolute error of the log return. */
  readonly mse: number
  readonly mae: number
  /** 1 - mse / mse(no change): above 0 is better than saying "no change". */
  readonly skill: number
  /** Of `skill`, taking the mse of "no change" as known. */
  readonly skillStandardError: number
  /** Mean difference of squared error, best baseline minus candidate: above 0 is better than the best baseline. */
  readonly mseDifference: number
  /** Aware of overlapping labels (see `meanWithError`). */
  readonly mseDifferenceStandardError: number
  /** `mseDifference` over its standard error; 0 where they do not differ. */
  readonly tStatistic: number
}

/** How a version came to be. Everything in it is a deterministic function of the rows and the settings. */
export interface ModelCard {
  readonly symbol: MarketSymbol
  readonly interval: string
  /** Microseconds. */
  readonly horizon: number
  /** The inputs' names, in the order in which the model takes their values. */
  readonly features: readonly string[]
  readonly firstEventTime: EpochMicros
  readonly lastEventTime: EpochMicros
  readonly rowCount: number
  /** SHA-256 over the rows it learned from. */
  readonly dataDigest: string
  readonly folds: number
  /** Microseconds between the last training row's event time and the first test row's: at least `purge + embargo`. */
  readonly purge: number
  readonly embargo: number
  /** Out-of-sample rows that some candidate could not answer (a missing value): no candidate is scored on them. */
  readonly unscored: number
  readonly scores: readonly CandidateScore[]
  /** The kind that was promoted, and why, in one sentence. */
  readonly champion: string
  readonly reason: string
  readonly codeVersion: string
  /** `kraken`, `simulator-...` or `replay-...`: where its data came from. */
  readonly source: string
}

/** One trained version of a model. */
export interface ModelVersion {
  /** `BTC-USD-return-1m`: the symbol, the target and the horizon. */
  readonly name: string
  /** 1, 2, 3 ... in the order of `cutOff`. */
  readonly version: number
  /** No row with a later event time, and no label known later, took part. */
  readonly cutOff: EpochMicros
  /** It makes the predictions with `asOf` at or after this, until the next version's. */
  readonly effectiveFrom: EpochMicros
  readonly kind: string
  /** What `FittedModel.toJSON` gave. */
  readonly model: unknown
  /** Out-of-sample quantiles of outcome - value: the prediction interval is `[value + errorLower, value + errorUpper]`. */
  readonly errorLower: number
  readonly errorUpper: number
  readonly coverage: number
  readonly card: ModelCard
}
