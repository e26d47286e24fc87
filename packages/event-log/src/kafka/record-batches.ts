import { C1Error, type EpochMicros } from '@c1/market'
import type { StoredRecord } from '../event-log.ts'
import type { AbortedTransaction } from './fetch-request.ts'

/** What a record batch holds for a reader. */
export interface DecodedBatch {
  /** Empty for a batch of an aborted transaction or of markers. */
  readonly records: readonly StoredRecord[]
  /** Offset of a record without a value, which is not among the records: a foreign program deletes by key. */
  readonly tombstone: number | undefined
  /** The offset after the batch, also where compaction or markers left no record to show it. */
  readonly next: number
}

/** Of the header of a record batch, all of it big-endian. */
const BATCH = {
  length: 8,
  magic: 16,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  sequence: 53,
  count: 57,
  records: 61,
} as const
/** The length field counts what follows it. */
const BEFORE_LENGTH = 12

const COMPRESSION = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

/** What a batch says of itself before its records. */
export interface BatchHeader {
  /** Of its first record. */
  readonly offset: number
  /** The offset after it. */
  readonly next: number
  readonly producerId: bigint
  /** Of its first record among those of its producer. */
  readonly sequence: number
}

/** Of the whole batches; one that is cut off at the end is left out. */
export function* batchHeaders(bytes: Buffer): Generator<BatchHeader> {
  for (let at = 0; at + BATCH.records <= bytes.length; ) {
    const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + BATCH.length)
    if (end > bytes.length) return
    const offset = int64(bytes, at)
    yield {
      offset,
      next: offset + bytes.readInt32BE(at + BATCH.lastOffsetDelta) + 1,
      producerId: bytes.readBigInt64BE(at + BATCH.producerId),
      sequence: bytes.readInt32BE(at + BATCH.sequence),
    }
    at = end
  }
}

/** Undoes a compression by its number in the batch's attributes. */
export type Decompress = (compression: number, bytes: Buffer) => Buffer

/**
 * The record batches of one partition's answer, from `from` on. A batch that the answer cut off is left for the next one.
 *
 * A key and a header set that came before are given as the same string and object, found by their bytes: most records
 * cost no text at all.
 */
export class BatchDecoder {
  readonly #topic: string
  readonly #decompress: Decompress
  readonly #keys = new Interned((bytes) => bytes.toString())
  readonly #headers = new Interned(decodeHeaders)

  constructor(topic: string, decompress: Decompress) {
    this.#topic = topic
    this.#decompress = decompress
  }

  /** @throws C1Error `record_format_old` for messages in the format before Kafka 0.11 */
  *decode(
    partition: number,
    from: number,
    bytes: Buffer,
    aborted: readonly AbortedTransaction[],
  ): Generator<DecodedBatch> {
    const filter = new AbortedFilter(aborted)
    let at = 0
    while (at + BATCH.records <= bytes.length) {
      const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + BATCH.length)
      if (end > bytes.length) return
      const batch = bytes.subarray(at, end)
      at = end
      const first = int64(batch, 0)
      const next = first + batch.readInt32BE(BATCH.lastOffsetDelta) + 1
      const visible = filter.isVisible(batch, next - 1) && next > from
      if (visible) yield { ...this.#records(batch, partition, first, from), next }
      else yield { records: [], tombstone: undefined, next }
    }
  }

  #records(batch: Buffer, partition: number, first: number, from: number): Omit<DecodedBatch, 'next'> {
    if (batch[BATCH.magic] !== 2) throw this.#oldFormat(partition, first)
    const attributes = batch.readInt16BE(BATCH.attributes)
    const compression = attributes & COMPRESSION
    const packed = batch.subarray(BATCH.records)
    const bytes = compression === 0 ? packed : this.#decompress(compression, packed)
    const appended = (attributes & LOG_APPEND_TIME) !== 0 ? int64(batch, BATCH.maxTimestamp) : undefined
    const firstTimestamp = int64(batch, BATCH.firstTimestamp)
    const reading = new Cursor(bytes)
    const records: StoredRecord[] = []
    let tombstone: number | undefined
    for (let count = batch.readInt32BE(BATCH.count); count > 0; count -= 1) {
      const end = reading.varint() + reading.at
      reading.at += 1 // attributes of a record: none are defined
      const timestamp = appended ?? firstTimestamp + reading.varlong()
      const offset = first + reading.varint()
      const keyLength = reading.varint()
      const key = keyLength < 0 ? '' : this.#keys.find(bytes, reading.at, reading.at + keyLength)
      reading.at += Math.max(keyLength, 0)
      const length = reading.varint()
      const start = reading.at
      reading.at += Math.max(length, 0)
      const headers = this.#headers.find(bytes, reading.at, end)
      reading.at = end
      if (offset < from) continue
      if (length < 0) {
        tombstone = offset
        continue
      }
      const value = bytes.subarray(start, start + length)
      const micros = (timestamp * MICROS_PER_MILLISECOND) as EpochMicros
      records.push({ key, value, timestamp: micros, headers, partition, offset })
    }
    return { records, tombstone }
  }

  #oldFormat(partition: number, offset: number): C1Error {
    return new C1Error(
      'record_format_old',
      `Record ${offset} of ${this.#topic}/${partition} is in a format from before Kafka 0.11, which C1 did not write.`,
      { details: { topic: this.#topic, partition, offset } },
    )
  }
}

const MICROS_PER_MILLISECOND = 1000

/** Which batches of a fetch belong to aborted transactions: several may be open in one partition, and begin and end in it. */
class AbortedFilter {
  readonly #coming: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  isVisible(batch: Buffer, lastOffset: number): boolean {
    const attributes = batch.readInt16BE(BATCH.attributes)
    if ((attributes & (TRANSACTIONAL | CONTROL)) === 0) return true
    while (this.#coming[0] !== undefined && this.#coming[0].firstOffset <= lastOffset) {
      this.#open.add((this.#coming.shift() as AbortedTransaction).producerId)
    }
    const producerId = batch.readBigInt64BE(BATCH.producerId)
    if ((attributes & CONTROL) === 0) return !this.#open.has(producerId)
    if (isAbortMarker(batch)) this.#open.delete(producerId)
    return false
  }
}

/** A marker's key is its version and its kind; 0 aborts. */
function isAbortMarker(batch: Buffer): boolean {
  const reading = new Cursor(batch.subarray(BATCH.records))
  reading.varint()
  reading.at += 1
  reading.varint()
  reading.varint()
  const keyLength = reading.varint()
  return keyLength >= 4 && batch.readInt16BE(BATCH.records + reading.at + 2) === 0
}

function decodeHeaders(section: Buffer): Readonly<Record<string, string>> {
  const reading = new Cursor(section)
  const headers: [string, string][] = []
  for (let count = reading.varint(); count > 0; count -= 1) headers.push([reading.text(), reading.text()])
  // Not by assignment: a header may have the name of a property of every object.
  return Object.freeze(Object.fromEntries(headers))
}

/** Reads Kafka's zigzag numbers. */
class Cursor {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  varint(): number {
    const bytes = this.#bytes
    let shift = 0
    let value = 0
    let byte: number
    do {
      byte = bytes[this.at++] as number
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80)
    return (value >>> 1) ^ -(value & 1)
  }

  /** Exact to 2^53. */
  varlong(): number {
    const bytes = this.#bytes
    let scale = 1
    let value = 0
    let byte: number
    do {
      byte = bytes[this.at++] as number
      value += (byte & 0x7f) * scale
      scale *= 128
    } while (byte >= 0x80)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Text that its length precedes; empty for null. */
  text(): string {
    const length = Math.max(this.varint(), 0)
    this.at += length
    return this.#bytes.toString('utf8', this.at - length, this.at)
  }
}

const INTERNED_MOST = 4096

/** Values by the bytes that they are made from. */
class Interned<Value> {
  readonly #make: (bytes: Buffer) => Value
  readonly #known = new Map<number, { readonly bytes: Buffer; readonly value: Value }>()
  #last: { readonly bytes: Buffer; readonly value: Value } | undefined

  constructor(make: (bytes: Buffer) => Value) {
    this.#make = make
  }

  find(bytes: Buffer, start: number, end: number): Value {
    if (this.#last !== undefined && isEqual(this.#last.bytes, bytes, start, end)) return this.#last.value
    const hash = hashOf(bytes, start, end)
    const known = this.#known.get(hash)
    if (known !== undefined && isEqual(known.bytes, bytes, start, end)) {
      this.#last = known
      return known.value
    }
    const copy = Buffer.from(bytes.subarray(start, end))
    const made = { bytes: copy, value: this.#make(copy) }
    if (this.#known.size >= INTERNED_MOST) this.#known.clear()
    this.#known.set(hash, made)
    this.#last = made
    return made.value
  }
}

function isEqual(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false
  for (let at = 0; at < known.length; at += 1) if (known[at] !== bytes[start + at]) return false
  return true
}

/** FNV-1a. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash
}

function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}
