import type { ArchivePlace } from '@c1/kraken'
import { type IdSpace, type MarketSymbol, symbolSlug } from '@c1/market'
import type { CheckpointStore } from '@c1/service'
import type { ProvenRows } from './align-rows.ts'

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

  save(record: ArchiveRecord): void {
    this.#records.set(record.identity, record)
    this.#checkpoints.save(this.#name, { format: FORMAT, records: [...this.#records.values()] })
  }
}
