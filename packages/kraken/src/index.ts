export type { ArchiveColumns, ArchiveLayout } from './archive/layout.ts'
export type { ArchiveProgress } from './archive/members.ts'
export { type OpenedArchive, openArchive } from './archive/open.ts'
export {
  ARCHIVE_START,
  type ArchiveBatch,
  type ArchiveBlock,
  type ArchivePlace,
  type ReadArchiveOptions,
  readArchive,
  readBlocks,
} from './archive/read.ts'
export type { RejectedLine } from './archive/row-columns.ts'
export type { ConnectionState } from './feed/connection-states.ts'
export type { FeedEvent } from './feed/events.ts'
export { KrakenFeed, type KrakenFeedOptions } from './feed/feed.ts'
export type { OpenSocket, Socket, SocketListener } from './feed/socket.ts'
export { archiveNames } from './names.ts'
export { implausible, mostTradesIn, OUT_OF_ORDER, outOfPlace } from './plausibility.ts'
export type { BudgetState } from './rest/call-budget.ts'
export { KrakenRest, type KrakenRestOptions } from './rest/client.ts'
export { type Cursor, cursorAt } from './rest/cursor.ts'
export type { TradesPage } from './rest/trades-page.ts'
export { sleep, systemTimers, type Timers } from './timers.ts'
export { VenueClock } from './venue-clock.ts'
export type { VenueStatus } from './venue-status.ts'
export type { MalformedRow } from './wire/malformed-row.ts'
