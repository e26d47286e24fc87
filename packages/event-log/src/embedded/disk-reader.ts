import type { C1Error } from '@c1/market'
import type { StoredRecord } from '../event-log.ts'
import { logCorrupt, positionExpired } from './errors.ts'
import { listSegments } from './segment-files.ts'
import { SegmentReader } from './segment-reader.ts'

/** Reads a topic's records in order from its segment files, whoever writes them. */
export class DiskReader {
  readonly #topic: string
  readonly #directory: string
  #segment: SegmentReader | undefined
  /** Offset of the next record to give. */
  #offset: number
  #decoded: readonly StoredRecord[] = []

  constructor(topic: string, directory: string, offset: number) {
    this.#topic = topic
    this.#directory = directory
    this.#offset = offset
  }

  get offset(): number {
    return this.#offset
  }

  /**
   * The next records, at most `max`; none when the topic has no more yet. All before `knownEnd` are known to be there.
   *
   * @throws C1Error `log_corrupt`, `position_expired`
   */
  async read(max: number, knownEnd = 0): Promise<readonly StoredRecord[]> {
    if (this.#decoded.length === 0) this.#decoded = await this.#next(max)
    const records = this.#decoded.length <= max ? this.#decoded : this.#decoded.slice(0, max)
    this.#decoded = this.#decoded.length <= max ? [] : this.#decoded.slice(max)
    if (records.length === 0 && this.#offset < knownEnd) throw this.#incomplete()
    this.#offset += records.length
    return records
  }

  async close(): Promise<void> {
    await this.#segment?.close()
    this.#segment = undefined
  }

  /** Whole frames up to `max` records or a little more. Waits for the disk only while it has nothing. */
  async #next(max: number): Promise<readonly StoredRecord[]> {
    let found: StoredRecord[] = []
    while (found.length < max) {
      const segment = this.#segment ?? (await this.#openSegment())
      if (segment === undefined) return found
      const frame = segment.peek() ?? (found.length > 0 ? 'later' : await segment.load())
      if (frame === 'later') return found
      if (typeof frame === 'string') {
        if (await this.#atLastSegment(segment)) return found
        continue
      }
      if (frame.baseOffset + frame.count > this.#offset) {
        const records = segment.decode(frame).slice(Math.max(this.#offset - frame.baseOffset, 0))
        if (found.length === 0) found = records
        else for (const record of records) found.push(record)
      }
      segment.advance(frame)
    }
    return found
  }

  /** The segment that holds the next record, from its beginning. */
  async #openSegment(): Promise<SegmentReader | undefined> {
    for (;;) {
      const files = await listSegments(this.#directory)
      const [oldest] = files
      if (oldest === undefined) return undefined
      const file = files.findLast(({ base }) => base <= this.#offset)
      if (file === undefined) throw positionExpired(this.#topic, this.#offset, oldest.base)
      this.#segment = await SegmentReader.open(file)
      // Retention may have deleted it since the directory was listed.
      if (this.#segment !== undefined) return this.#segment
    }
  }

  /** Nothing more in this segment: moves to the one that follows it, if there is one. */
  async #atLastSegment(segment: SegmentReader): Promise<boolean> {
    const files = await listSegments(this.#directory)
    const later = files.filter(({ base }) => base > segment.file.base)
    if (later.length === 0) return true
    // The writer may have appended here between our look at the end and its next file.
    const state = await segment.load()
    if (typeof state === 'object') return false
    const removed = !files.some(({ base }) => base === segment.file.base)
    const follows = later.some(({ base }) => base === segment.offset)
    if (state === 'torn') throw this.#corrupt(segment, 'no intact batch')
    if (!follows && !removed) throw this.#corrupt(segment, 'nothing')
    await this.close()
    return false
  }

  #incomplete(): C1Error {
    if (this.#segment !== undefined) return this.#corrupt(this.#segment, 'no intact batch')
    return logCorrupt(this.#directory, 0, this.#offset, 'no file')
  }

  #corrupt(segment: SegmentReader, found: string): C1Error {
    return logCorrupt(segment.file.path, segment.position, segment.offset, found)
  }
}
