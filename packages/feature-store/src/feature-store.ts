import type { FeatureGroup, FeatureRow } from '@c1/features'
import type { EpochMicros, MarketSymbol } from '@c1/market'

/** Where feature rows live: offline (all of history, by time) and online (the newest row of each symbol). */
export interface FeatureStore {
  /**
   * Opens a group, creating it if it is new.
   *
   * @throws UsageError `group_mismatch` when the stored group of that name and version has other columns
   */
  group(group: FeatureGroup): Promise<FeatureGroupStore>
  /** The groups there are, newest version of each name last. */
  groups(): Promise<readonly FeatureGroup[]>
  close(): Promise<void>
}

export interface RowRange {
  readonly symbol: MarketSymbol
  /** `from <= eventTime < to`. */
  readonly from: EpochMicros
  readonly to: EpochMicros
  /** As it was known at this time: only rows with `availableAt <= knownAt`. Absent: the newest revision of each. */
  readonly knownAt?: EpochMicros
}

export interface FeatureGroupStore {
  readonly group: FeatureGroup
  /**
   * Writes rows by their key (symbol, eventTime, revision): writing one again changes nothing. They are readable by every
   * method at once; offline they are durable after `flush`.
   */
  write(rows: readonly FeatureRow[]): Promise<void>
  /** Resolves when all written rows are on disk. A store that takes long waits for `pause` between the parts of its work. */
  flush(pause?: () => Promise<void>): Promise<void>
  /** Rows by event time, one a window: the newest revision known. */
  range(range: RowRange): Promise<readonly FeatureRow[]>
  /**
   * What a point-in-time join sees at `time`: the row with the newest event time among those with
   * `eventTime <= time` and `availableAt <= time`, in its newest revision available by then.
   */
  asOf(symbol: MarketSymbol, time: EpochMicros): Promise<FeatureRow | undefined>
  /** The online vector: the row with the newest event time, in its newest revision. */
  latest(symbol: MarketSymbol): Promise<FeatureRow | undefined>
}
