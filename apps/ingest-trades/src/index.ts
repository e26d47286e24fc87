export type { Overlap } from './archive-overlap.ts'
export {
  Backfill,
  type BackfilledRange,
  type BackfillOptions,
  type BackfillProgress,
  type BackfillRange,
  isFetched,
} from './backfill.ts'
export { type Completeness, completenessOf } from './completeness.ts'
export { type ForeignWriterOptions, watchForeignWriters } from './foreign-writers.ts'
export type { Progress } from './history-progress.ts'
export type { WatchedHole } from './hole-watch.ts'
export { type ImportFinding, type ImportOptions, type ImportProgress, importArchive } from './import-archive.ts'
export type { IngestStatus, SymbolCompleteness } from './ingest-status.ts'
export { Ingest, type IngestOptions } from './ingest-trades.ts'
export { type Hole, type LedgerException, type Repair, TradeLedger, type Via } from './ledger.ts'
export type { OpenOutage } from './open-outages.ts'
export type { TradesFrom } from './prove-ids.ts'
export { readLedger, type StoredLedger, TradeLog, type TradeLogOptions } from './trade-log.ts'
