import { ARCHIVE_START, type ArchiveBlock } from '@c1/kraken'
import {
  C1Error,
  type EpochMicros,
  gatherColumns,
  hasId,
  type Instrument,
  MalformedError,
  type MarketSymbol,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  type Stretch,
  sliceColumns,
  type TradeColumns,
} from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import type { TradeLog } from '../log/trade-log.ts'
import type { ProvenRows } from './align-rows.ts'
import { type ArchiveFile, archiveFiles, countRows, placeOf, type ReadProgress } from './archive-file.ts'
import { ArchiveOverlap, type EarlierFile, type Overlap } from './archive-overlap.ts'
import { type ArchiveRecord, ArchiveRecords } from './archive-records.ts'
import { DayDigests } from './day-digests.ts'
import { proveIds, type TradesFrom } from './prove-ids.ts'

export interface ImportOptions {
  readonly trades: TradeLog
  /** Where the import goes on after it was killed. */
  readonly checkpoints: CheckpointStore
  readonly market: Instrument | MarketSymbol
  /** The venue, to prove the ids of rows that have none; without it they stay unknown. */
  readonly venue?: TradesFrom | undefined
  readonly signal: AbortSignal
  readonly onProgress: (progress: ImportProgress) => void
  readonly onFinding?: (finding: ImportFinding) => void
}

export interface ImportProgress {
  /** `survey` reads the file to prove its ids. */
  readonly stage: 'survey' | 'import'
  /** Trades added to the log. */
  readonly added: number
  /** Rows that the log has already: of the same file, or of a time that other trades cover. */
  readonly known: number
  /** Rows that could not be read; they are dead letters. */
  readonly rejected: number
  /** Rows that are none of the venue's trades, where those around them are. */
  readonly leftOut: number
  readonly bytesRead: number
  readonly bytesTotal: number
}

/** What is found out about a file: the ids of its rows, and what it has in common with one that was imported before. */
export type ImportFinding =
  | {
      readonly kind: 'ids-proven'
      readonly label: string
      readonly proven: readonly ProvenRows[]
      readonly rows: number
      readonly places: number
    }
  | { readonly kind: 'ids-unknown'; readonly label: string; readonly reason: string }
  | ({ readonly kind: 'overlap'; readonly label: string } & Overlap)

/** Where a killed import goes on is at most this far behind. */
const SAVE_EVERY_MS = 2000
/** A file of which the venue knows less than this share of the rows is another market's, or not the venue's at all. */
const LEAST_PROVEN = 0.5

/**
 * An archive file into the trade log.
 *
 * Rows without ids are numbered by their place in the file. With a venue their ids are proven (see `proveIds`), and they are
 * trades like all others. Where that fails they stay in an id space of the file. Equal rows can be distinct trades, so no row
 * is looked up to tell an overlap: days that another file without ids has are compared as sequences (see `ArchiveOverlap`),
 * and rows from a time that other trades of the log cover are left out.
 *
 * An import that was killed goes on where it was: how far each file is and what was proven of it is kept.
 *
 * @throws UsageError when the file is not an archive of trades; `archive_changed` when it is not the one that was begun
 */
export async function importArchive(path: string, options: ImportOptions): Promise<ImportProgress> {
  const work = new ArchiveImport(options)
  for (const file of await archiveFiles(path, options.market)) await work.add(file)
  return work.progress
}

class ArchiveImport {
  readonly #options: ImportOptions
  readonly #symbol: MarketSymbol
  readonly #records: ArchiveRecords
  progress: ImportProgress = {
    stage: 'import',
    added: 0,
    known: 0,
    rejected: 0,
    leftOut: 0,
    bytesRead: 0,
    bytesTotal: 0,
  }
  /** Rows of files in other decimals are other texts. */
  readonly #decimals: string
  #savedAt = performance.now()

  constructor(options: ImportOptions) {
    this.#options = options
    this.#symbol = typeof options.market === 'string' ? options.market : options.market.symbol
    const { market } = options
    this.#decimals = typeof market === 'string' ? 'as written' : `${market.priceDecimals} ${market.quantityDecimals}`
    this.#records = new ArchiveRecords(options.checkpoints, this.#symbol)
  }

  async add(file: ArchiveFile): Promise<void> {
    const begun = this.#begun(file)
    // What was proven goes up to where the file ended then. A later edition may go on.
    const isProven = begun !== undefined && (begun.proven === undefined || !(await this.#hasGrown(file, begun)))
    const proven = isProven ? begun.proven : file.idSpace === 'venue' ? undefined : await this.#proof(file)
    const { identity, member } = file
    const fresh = { identity, member, place: ARCHIVE_START, days: [], decimals: this.#decimals, isWhole: false }
    await this.#append(file, proven, { ...(begun ?? fresh), proven })
  }

  /** What is known of an earlier import of the file, if the log has what it brought and no other file is to be compared with it. */
  #begun(file: ArchiveFile): ArchiveRecord | undefined {
    const record = this.#records.find(file.identity)
    if (record === undefined || (record.proven === undefined && this.#comparable(file).length > 0)) return undefined
    const { ledger } = this.#options.trades
    const spans = ledger.spans(this.#symbol, record.proven === undefined ? file.idSpace : 'venue')
    return record.lastId === undefined || hasId(spans, record.lastId) ? record : undefined
  }

  async #hasGrown(file: ArchiveFile, { isWhole, place }: ArchiveRecord): Promise<boolean> {
    if (!isWhole) return false
    for await (const { columns } of file.blocks(place)) if (columns.count > 0) return true
    return false
  }

  /** The rows whose ids are proven; undefined where they stay unknown. */
  async #proof(file: ArchiveFile): Promise<readonly ProvenRows[] | undefined> {
    const { trades, venue } = this.#options
    const unknown = (reason: string): undefined => {
      this.#find({ kind: 'ids-unknown', label: file.label, reason })
    }
    if (venue === undefined) return unknown('the venue was not asked')
    if (trades.ledger.others(this.#symbol, 'venue').length > 0) {
      return unknown(`the log has rows of ${this.#symbol} without ids already, and would hold trades twice`)
    }
    const rows = await countRows(file, (read) => this.#surveyed(read))
    try {
      const { places, proven } = await proveIds(rows, venue)
      const count = proven.reduce((sum, { from, to }) => sum + to - from + 1, 0)
      if (count < LEAST_PROVEN * rows.rows) return unknown(`of ${rows.rows} rows the venue's trades prove ${count}`)
      this.#find({ kind: 'ids-proven', label: file.label, proven, rows: rows.rows, places })
      await this.#begin(rows, proven[0] as ProvenRows, venue)
      return proven
    } catch (error) {
      this.#options.signal.throwIfAborted()
      if (!isVenueFailure(error)) throw error
      return unknown(error.message)
    }
  }

  /** Says in the log which trade is the first of its day, or of its second, where the venue shows it: the first window is known to be complete. */
  async #begin(
    rows: Awaited<ReturnType<typeof countRows>>,
    { from, offset }: ProvenRows,
    venue: TradesFrom,
  ): Promise<void> {
    const { trades } = this.#options
    const [[first] = []] = await rows.sample([from], 1)
    if (first === undefined || trades.ledger.newest(this.#symbol) !== undefined) return
    for (const unit of [MICROS_PER_DAY, MICROS_PER_SECOND]) {
      const eventTime = (Math.floor(first.eventTime / unit) * unit) as EpochMicros
      const [shown] = await venue(eventTime, 1)
      if (shown?.tradeId !== from + offset) continue
      const heartbeat = { symbol: this.#symbol, idSpace: 'venue', eventTime, lastTradeId: shown.tradeId - 1 } as const
      return void (await trades.append([{ kind: 'heartbeat', heartbeat }]))
    }
  }

  async #append(file: ArchiveFile, proven: readonly ProvenRows[] | undefined, begun: ArchiveRecord): Promise<void> {
    const { signal, trades } = this.#options
    const overlap = new ArchiveOverlap(this.#comparable(file))
    const days = new DayDigests(begun.days)
    let record = begun
    this.#add({ known: begun.place.rows })
    for await (const block of file.blocks(begun.place)) {
      signal.throwIfAborted()
      const { columns, place, rejected } = block
      record = { ...record, place, ...timesOf(columns, record) }
      if (record.proven === undefined && columns.idSpace !== 'venue') days.add(columns)
      const parts = proven === undefined ? [this.#wanted(columns, overlap)] : withIds(columns, proven)
      let wanted = 0
      let added = 0
      for (const part of parts) {
        if (part.count > 0) record = { ...record, lastId: part.ids[part.count - 1] }
        wanted += part.count
        added += part.count - (await trades.appendColumns(part, 'archive'))
      }
      await this.#reject(file, block)
      const leftOut = proven === undefined ? 0 : columns.count - wanted
      this.#add({ added, known: columns.count - added - leftOut, rejected: rejected.length, leftOut })
      this.#show('import', block)
      if (performance.now() - this.#savedAt >= SAVE_EVERY_MS) await this.#save({ ...record, days: days.all() })
    }
    if (proven === undefined) await this.#closeDay(file, record)
    await this.#save({ ...record, days: days.all(), isWhole: true })
    for (const found of overlap.result()) this.#find({ kind: 'overlap', label: file.label, ...found })
  }

  /** Never before the log is on the disk: what a power cut takes from it would be passed over. */
  async #save(record: ArchiveRecord): Promise<void> {
    await this.#options.trades.flush()
    this.#records.save(record)
    this.#savedAt = performance.now()
  }

  /** The files without ids that one without ids can be compared with. */
  #comparable({ identity, idSpace }: ArchiveFile): readonly EarlierFile[] {
    return idSpace === 'venue' ? [] : this.#records.others(identity, this.#decimals)
  }

  /** The trades that no other file has, and no other trades of the log cover the time of. */
  #wanted(columns: TradeColumns, overlap: ArchiveOverlap): TradeColumns {
    if (columns.idSpace === 'venue') return columns
    const compared = this.#records.others(columns.idSpace, this.#decimals).map(({ identity }) => identity)
    const covered = this.#options.trades.ledger.others(this.#symbol, columns.idSpace, ...compared)
    return withoutTimes(gatherColumns(columns, overlap.newRows(columns)), covered)
  }

  /** What the file ends with is closed by the end of its last day: an archive holds whole days, and a correction can follow. */
  async #closeDay({ idSpace }: ArchiveFile, { lastId, to }: ArchiveRecord): Promise<void> {
    if (idSpace === 'venue' || lastId === undefined || to === undefined) return
    const eventTime = (Math.floor(to / MICROS_PER_DAY + 1) * MICROS_PER_DAY) as EpochMicros
    const heartbeat = { symbol: this.#symbol, idSpace, eventTime, lastTradeId: lastId }
    await this.#options.trades.append([{ kind: 'heartbeat', heartbeat }])
  }

  #reject({ member }: ArchiveFile, { rejected }: ArchiveBlock): Promise<void> {
    const rows = rejected.map(({ raw, code, reason, line }) => ({ raw, code, reason: `line ${line}: ${reason}` }))
    return this.#options.trades.keepMalformed(member, rows)
  }

  #find(finding: ImportFinding): void {
    this.#options.onFinding?.(finding)
  }

  #add({ added = 0, known = 0, rejected = 0, leftOut = 0 }: Partial<ImportProgress>): void {
    const before = this.progress
    this.progress = {
      ...before,
      added: before.added + added,
      known: before.known + known,
      rejected: before.rejected + rejected,
      leftOut: before.leftOut + leftOut,
    }
  }

  #surveyed(read: ReadProgress): void {
    this.#options.signal.throwIfAborted()
    this.#show('survey', read)
  }

  #show(stage: ImportProgress['stage'], { bytesRead, bytesTotal }: ReadProgress): void {
    this.progress = { ...this.progress, stage, bytesRead, bytesTotal }
    this.#options.onProgress(this.progress)
  }
}

/** Only what the venue did, or did not, leaves ids unknown. */
function isVenueFailure(error: unknown): error is C1Error {
  return error instanceof MalformedError || (error instanceof C1Error && error.code.startsWith('kraken_'))
}

/** Of the rows so far. */
function timesOf({ count, times }: TradeColumns, { from, to }: ArchiveRecord): Pick<ArchiveRecord, 'from' | 'to'> {
  if (count === 0) return { from, to }
  return { from: from ?? (times[0] as EpochMicros), to: Math.max(to ?? 0, times[count - 1] as number) as EpochMicros }
}

/** The rows that are proven, as trades of the venue. The columns' ids are written over. */
function withIds(columns: TradeColumns, proven: readonly ProvenRows[]): TradeColumns[] {
  const { ids } = columns
  const parts = proven.map(({ from, to, offset }) => ({ from: placeOf(ids, from), to: placeOf(ids, to + 1), offset }))
  return parts
    .filter(({ from, to }) => from < to)
    .map(({ from, to, offset }) => {
      const part = sliceColumns(columns, from, to)
      for (let index = 0; index < part.count; index += 1) part.ids[index] = (part.ids[index] as number) + offset
      return { ...part, idSpace: 'venue' as const }
    })
}

/** The trades that happened in none of the times. */
function withoutTimes(
  columns: TradeColumns,
  times: readonly { readonly from: EpochMicros; readonly to: EpochMicros }[],
): TradeColumns {
  if (times.length === 0) return columns
  const wanted: Stretch[] = []
  let from = 0
  for (let index = 0; index <= columns.count; index += 1) {
    const time = columns.times[index] as number
    if (index < columns.count && !times.some((covered) => time >= covered.from && time <= covered.to)) continue
    if (index > from) wanted.push({ from, to: index })
    from = index + 1
  }
  return gatherColumns(columns, wanted)
}
