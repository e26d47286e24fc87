/** The topics, each written by one role. Values are JSON objects; the version changes when a reader must. */
export const TOPICS = {
  /** ingest-trades: trades, heartbeats and outages, told apart by the header `c1-kind`. */
  trades: 'trades.v1',
  /** build-candles: final candles, and a heartbeat for a one-minute window that closed without a trade. */
  candles: 'candles.v1',
  /** compute-features: rows, and a heartbeat for a candle or empty window that gave none (not warm). */
  features: 'features.v1',
  /** serve-predictions. */
  predictions: 'predictions.v1',
  /** serve-predictions. */
  outcomes: 'outcomes.v1',
  /** ingest-trades: what could not be read, with its raw bytes and the reason. */
  deadLetters: 'dead-letters.v1',
} as const
/** Where folds keep their newest checkpoints when any machine may take them over. Not data: it can be made again. */
export const CHECKPOINTS_TOPIC = 'checkpoints.v1'
export type Topic = (typeof TOPICS)[keyof typeof TOPICS]

/** Something from outside that was not what its format promises. Its log value is this as JSON, `raw` in base64. */
export interface DeadLetter {
  /** `kraken-websocket`, `kraken-rest`, the archive file's name, or `trade-log` for a trade that contradicts the stored one. */
  readonly origin: string
  /** A `C1Error` code. */
  readonly code: string
  readonly reason: string
  /** The bytes as they came, at most 64 KiB of them. */
  readonly raw: Uint8Array
}
