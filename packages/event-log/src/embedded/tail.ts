import type { StoredRecord } from '../event-log.ts'
import { decodeRecords, type FrameHeader } from './frame.ts'

const TAIL_BYTES = 4 * 1024 * 1024

interface Entry {
  readonly bytes: Buffer
  readonly header: FrameHeader
  records: StoredRecord[] | undefined
}

/** The newest frames of a topic, in memory, so that readers at its end need no disk. Bounded by bytes. */
export class Tail {
  #entries: Entry[] = []
  /** Entries before this index were dropped. */
  #first = 0
  #bytes = 0

  push(bytes: Buffer, header: FrameHeader): void {
    this.#entries.push({ bytes, header, records: undefined })
    this.#bytes += bytes.length
    while (this.#bytes > TAIL_BYTES && this.#first < this.#entries.length - 1) this.#drop()
  }

  /** Forgets all frames: what was appended after them was not kept. */
  clear(): void {
    this.#entries = []
    this.#first = 0
    this.#bytes = 0
  }

  /** The records from `offset` on, at most `max`; `undefined` when `offset` is older than what is held. */
  read(offset: number, max: number): readonly StoredRecord[] | undefined {
    const oldest = this.#entries[this.#first]
    if (oldest === undefined || offset < oldest.header.baseOffset) return undefined
    const found: StoredRecord[] = []
    for (let index = this.#indexOf(offset); index < this.#entries.length && found.length < max; index += 1) {
      const { records, from } = this.#recordsFrom(index, offset)
      const until = Math.min(records.length, from + max - found.length)
      for (let at = from; at < until; at += 1) found.push(records[at] as StoredRecord)
    }
    return found
  }

  #recordsFrom(index: number, offset: number): { records: StoredRecord[]; from: number } {
    const entry = this.#entries[index] as Entry
    entry.records ??= decodeRecords(entry.bytes, 0, entry.header)
    return { records: entry.records, from: Math.max(offset - entry.header.baseOffset, 0) }
  }

  /** Index of the newest entry that begins at or before `offset`. */
  #indexOf(offset: number): number {
    let low = this.#first
    let high = this.#entries.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#entries[middle] as Entry).header.baseOffset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #drop(): void {
    this.#bytes -= (this.#entries[this.#first] as Entry).bytes.length
    this.#first += 1
    if (this.#first * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }
}
