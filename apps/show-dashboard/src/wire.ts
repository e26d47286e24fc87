/**
 * The JSON of the HTTP API, as the page reads it. Imports nothing, so that the page's program can use it.
 *
 * Times are ISO 8601 UTC with six decimals, prices and volumes decimal text, spans like `1m`, `null` is "unknown".
 */

export interface Origin {
  /** `kraken`, `simulator`, `replay-NAME`. */
  readonly source: string
  readonly simulated: boolean
}

export interface CandleRow extends Origin {
  readonly symbol: string
  readonly interval: string
  readonly openTime: string
  readonly closeTime: string
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
  readonly vwap: string
  readonly tradeCount: number
  readonly buyVolume: string | null
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly revision: number
  readonly state: 'provisional' | 'final'
  readonly complete: boolean | null
}

/** With `fill=flat`: a candle, or a flat row for a window without trades, whose ids are null. */
export interface FilledCandleRow extends Omit<CandleRow, 'firstTradeId' | 'lastTradeId'> {
  readonly firstTradeId: number | null
  readonly lastTradeId: number | null
  readonly filled: boolean
}

export interface PredictionRow extends Origin {
  readonly symbol: string
  readonly madeAt: string
  readonly asOf: string
  readonly horizon: string
  readonly model: string
  readonly version: number
  /** Log returns. */
  readonly value: number
  readonly lower: number
  readonly upper: number
  readonly coverage: number
  readonly outcome: number | null
  readonly error: number | null
  readonly covered: boolean | null
  readonly kind: string
  readonly late: boolean
  readonly vectorDigest: string
  readonly firstTradeId: number
  readonly lastTradeId: number
}

export interface ScoreRow {
  readonly model: string
  readonly count: number
  readonly mse: number
  readonly mae: number
  readonly noChangeMse: number
  readonly noChangeMae: number
  readonly skill: number
  readonly skillStandardError: number | null
  readonly coverage: number
  readonly targetCoverage: number
}

export interface SymbolRow extends Origin {
  readonly symbol: string
  readonly base: string
  readonly quote: string
  readonly priceDecimals: number | null
  readonly quantityDecimals: number | null
  readonly status: string | null
  readonly intervals: readonly string[]
  readonly lastEventTime: string | null
}

export interface CandidateRow {
  readonly kind: string
  readonly baseline: boolean
  readonly count: number
  readonly mse: number
  readonly mae: number
  readonly skill: number
  readonly skillStandardError: number
}

export interface ModelRow extends Origin {
  readonly name: string
  readonly version: number
  readonly kind: string
  readonly symbol: string
  readonly interval: string
  readonly horizon: string
  readonly cutOff: string
  readonly effectiveFrom: string
  readonly inForce: boolean
  readonly errorLower: number
  readonly errorUpper: number
  readonly coverage: number
  readonly features: readonly string[]
  readonly firstEventTime: string
  readonly lastEventTime: string
  readonly rowCount: number
  readonly dataDigest: string
  readonly folds: number
  readonly scores: readonly CandidateRow[]
  readonly champion: string
  readonly reason: string
  readonly codeVersion: string
  /** Over all versions of the name; null before its first outcome. */
  readonly liveScore: ScoreRow | null
}

/** What the trade log has of a symbol, and what it has not. */
export interface CompletenessRow extends Origin {
  readonly symbol: string
  readonly trades: number
  /** Up to here nothing is missing but the exceptions; null while there are no ids. */
  readonly completeToId: number | null
  readonly completeToTime: string | null
  /** Ids that are missing between two trades. */
  readonly holes: readonly HoleRow[]
  /** Ids that the venue does not serve, with the times of the trades around them. */
  readonly exceptions: readonly ExceptionRow[]
  /** The newest times without a feed, oldest first. */
  readonly outages: readonly OutageRow[]
  /** Holes that were filled ever. */
  readonly repaired: number
  /** Trades that came again and were refused. */
  readonly duplicates: number
  /** How much of the history is fetched, 0 to 1. */
  readonly backfill: number
  /** Trades of the history that are yet to be fetched; null while that is not known. */
  readonly backfillTradesLeft: number | null
  /** Until the history of all symbols is fetched; null while that is not known. */
  readonly backfillSecondsLeft: number | null
  /** Of the whole process: all symbols share it. */
  readonly budget: BudgetRow
}

export interface HoleRow {
  readonly firstTradeId: number
  readonly lastTradeId: number
  /** When it was seen first, by the market's clock. */
  readonly since: string
  /** How often history was asked for it. */
  readonly asked: number
}

export interface OutageRow {
  readonly from: string
  /** Null while it lasts. */
  readonly to: string | null
  /** Whether all of its trades are there. */
  readonly repaired: boolean
}

/** Calls to the venue's REST interface. */
export interface BudgetRow {
  readonly calls: number
  /** Of these, refused because they came too fast. */
  readonly refused: number
  readonly spacingSeconds: number
  /** The venue takes no call before, by the host's clock; null where it takes them. */
  readonly heldUntil: string | null
}

export interface ExceptionRow {
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly from: string
  readonly to: string
}

/** A completeness row in brief, for the stream. */
export interface CompletenessStatus {
  readonly completeToId: number | null
  readonly holes: number
  readonly exceptions: number
  /** Whether the feed is lost, or trades of the time when it was are missing yet. */
  readonly outage: boolean
  /** 0 to 1. */
  readonly backfill: number
  readonly backfillSecondsLeft: number | null
}

export interface SymbolStatus {
  readonly symbol: string
  readonly lastEventTime: string | null
  readonly ageSeconds: number | null
  /** One for each model name that has outcomes. */
  readonly scores: readonly ScoreRow[]
  /** Why there is no prediction yet, where the role knows. */
  readonly waitingFor: string | null
  /** Null where the trades are written by another process. */
  readonly completeness: CompletenessStatus | null
}

export interface ProgressRow {
  readonly symbol: string
  readonly done: number
  readonly total: number
}

/** The data of the `status` event. */
export interface StatusRow extends Origin {
  readonly marketTime: string
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly progress: readonly ProgressRow[]
  readonly symbols: readonly SymbolStatus[]
  /** True when events were missed that cannot be sent any more: read the rows again. */
  readonly reset: boolean
}
