export type { Overlap } from './archive/archive-overlap.ts'
export { type ImportFinding, type ImportOptions, type ImportProgress, importArchive } from './archive/import-archive.ts'
export type { TradesFrom } from './archive/prove-ids.ts'
export {
  Backfill,
  type BackfilledRange,
  type BackfillOptions,
  type BackfillProgress,
  type BackfillRange,
  isFetched,
} from './history/backfill.ts'
export type { Progress } from './history/history-progress.ts'
export type { WatchedHole } from './history/hole-watch.ts'
export type { IngestStatus, SymbolCompleteness } from './ingest-status.ts'
export { Ingest, type IngestOptions } from './ingest-trades.ts'
export { type Completeness, completenessOf } from './ledger/completeness.ts'
export { type Hole, type LedgerException, type Repair, TradeLedger, type Via } from './ledger/ledger.ts'
export type { OpenOutage } from './ledger/open-outages.ts'
export { type ForeignWriterOptions, watchForeignWriters } from './log/foreign-writers.ts'
export { readLedger, type StoredLedger } from './log/stored-ledger.ts'
export { TradeLog, type TradeLogOptions } from './log/trade-log.ts'
