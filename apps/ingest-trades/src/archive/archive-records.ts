import type { ArchivePlace } from '@c1/kraken'
import { type EpochMicros, type IdSpace, type MarketSymbol, symbolSlug } from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import type { ProvenRows } from './align-rows.ts'
import type { EarlierFile } from './archive-overlap.ts'
import type { DayDigest } from './day-digests.ts'

/** How far the import of a file is. */
export interface ArchiveRecord {
  /** Of the file. */
  readonly identity: IdSpace
  readonly member: string
  /** The rows whose ids are proven; absent where they are unknown. */
  readonly proven?: readonly ProvenRows[] | undefined
  readonly place: ArchivePlace
  /** Of the newest row in the log, in the id space that it has there. */
  readonly lastId?: number | undefined
  /** Whether the file ended at `place`. */
  readonly isWhole: boolean
  /** What the file has of each day up to there, where its ids are unknown. Compared with others in the same decimals only. */
  readonly days: readonly DayDigest[]
  readonly decimals: string
  /** Times of its first and last row, where it has any. */
  readonly from?: EpochMicros | undefined
  readonly to?: EpochMicros | undefined
}

const FORMAT = 'archive-imports/1'

/** The files that were imported for a symbol, kept durably. */
export class ArchiveRecords {
  readonly #checkpoints: CheckpointStore
  readonly #name: string
  readonly #records: Map<IdSpace, ArchiveRecord>

  constructor(checkpoints: CheckpointStore, symbol: MarketSymbol) {
    this.#checkpoints = checkpoints
    this.#name = `archive-imports-${symbolSlug(symbol)}`
    const saved = checkpoints.load(this.#name) as { format: string; records: ArchiveRecord[] } | undefined
    const records = saved?.format === FORMAT ? saved.records : []
    this.#records = new Map(records.map((record) => [record.identity, record]))
  }

  find(identity: IdSpace): ArchiveRecord | undefined {
    return this.#records.get(identity)
  }

  /** Other files without ids, whose days can be compared with those of one in these decimals. */
  others(identity: IdSpace, decimals: string): (ArchiveRecord & EarlierFile)[] {
    const isComparable = (record: ArchiveRecord): record is ArchiveRecord & EarlierFile =>
      record.identity !== identity &&
      record.decimals === decimals &&
      record.days.length > 0 &&
      record.from !== undefined
    return [...this.#records.values()].filter(isComparable)
  }

  save(record: ArchiveRecord): void {
    this.#records.set(record.identity, record)
    this.#checkpoints.save(this.#name, { format: FORMAT, records: [...this.#records.values()] })
  }
}
