import { crc32 } from 'node:zlib'
import { C1Error, type EpochMicros } from '@c1/market'
import type { LogRecord, RecordRun, Selection, StoredRecord } from '../event-log.ts'
import { NO_TIMES, type SegmentTimes } from './segment-times.ts'
import { StringReader, StringTable } from './string-table.ts'

/**
 * A batch of records as it stands in a segment file. All numbers are little-endian.
 *
 *     0  4 bytes  `C1B1`
 *     4  u32      length of the whole frame in bytes
 *     8  u32      CRC-32 of everything after it
 *    12  u32      count of records, at least 1
 *    16  f64      offset of the first record; the others follow it densely
 *    24  f64      when it was appended, microseconds since 1970
 *    32  u32      bytes of the two tables that follow
 *    36  tables   the distinct keys, then the distinct header sets (see `StringTable`)
 *        records  for each: u32 its key's index, u32 its header set's, f64 timestamp, u32 length of its value
 *        values   one after another
 */
const FRAME_HEADER_BYTES = 36
/** A frame is read into memory whole. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024
/** Where in a frame its time of appending stands. */
export const APPENDED_AT = 24
const MAGIC = Buffer.from('C1B1')
const MAGIC_U32 = MAGIC.readUInt32LE()
const RECORD_BYTES = 20
const CHECKED_FROM = 12

/** What the header of a frame says. */
export interface FrameHeader {
  readonly length: number
  readonly count: number
  readonly baseOffset: number
  readonly appendedAt: EpochMicros
}

/** @throws C1Error `batch_too_large` */
export function encodeFrame(records: readonly LogRecord[], baseOffset: number, appendedAt: EpochMicros): Buffer {
  const keys = new StringTable()
  const headers = new StringTable()
  const keyOf = records.map((record) => keys.indexOfKey(record.key))
  const headersOf = records.map((record) => headers.indexOfHeaders(record.headers))
  const tables = Buffer.concat([keys.encode(), headers.encode()])
  const values = records.reduce((bytes, { value }) => bytes + value.byteLength, 0)
  const frame = beginFrame(tables, records.length, values, baseOffset, appendedAt)
  let at = FRAME_HEADER_BYTES + tables.length
  let valueAt = at + RECORD_BYTES * records.length
  for (const [index, { timestamp, value }] of records.entries()) {
    frame.writeUInt32LE(keyOf[index] as number, at)
    frame.writeUInt32LE(headersOf[index] as number, at + 4)
    frame.writeDoubleLE(timestamp, at + 8)
    frame.writeUInt32LE(value.byteLength, at + 16)
    frame.set(value, valueAt)
    at += RECORD_BYTES
    valueAt += value.byteLength
  }
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED_FROM)), 8)
  return frame
}

/**
 * The frame that `encodeFrame` makes of a run's records, in `memory` where that is large enough.
 *
 * @throws C1Error `batch_too_large`
 */
export function encodeRunFrame(run: RecordRun, baseOffset: number, appendedAt: EpochMicros, memory?: Buffer): Buffer {
  const { count, lengths, timestamps, values } = run
  const keys = new StringTable()
  const headers = new StringTable()
  keys.indexOfKey(run.key)
  headers.indexOfHeaders(run.headers)
  const tables = Buffer.concat([keys.encode(), headers.encode()])
  const frame = beginFrame(tables, count, values.length, baseOffset, appendedAt, memory)
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  let at = FRAME_HEADER_BYTES + tables.length
  for (let index = 0; index < count; index += 1) {
    // The only key and the only set of headers have index 0.
    view.setUint32(at, 0, true)
    view.setUint32(at + 4, 0, true)
    view.setFloat64(at + 8, timestamps[index] as number, true)
    view.setUint32(at + 16, lengths[index] as number, true)
    at += RECORD_BYTES
  }
  frame.set(values, at)
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED_FROM)), 8)
  return frame
}

/** A frame with all but its checksum, the entries of its records and their values. */
function beginFrame(
  tables: Buffer,
  count: number,
  valueBytes: number,
  baseOffset: number,
  appendedAt: EpochMicros,
  memory: Buffer = Buffer.alloc(0),
): Buffer {
  const length = FRAME_HEADER_BYTES + tables.length + RECORD_BYTES * count + valueBytes
  if (length > MAX_FRAME_BYTES) throw tooLarge(length, count)
  const frame = length <= memory.length ? memory.subarray(0, length) : Buffer.allocUnsafeSlow(length)
  MAGIC.copy(frame)
  frame.writeUInt32LE(length, 4)
  frame.writeUInt32LE(count, 12)
  frame.writeDoubleLE(baseOffset, 16)
  frame.writeDoubleLE(appendedAt, APPENDED_AT)
  frame.writeUInt32LE(tables.length, 32)
  tables.copy(frame, FRAME_HEADER_BYTES)
  return frame
}

/**
 * The header of the frame at `at`: `partial` when the bytes end before the frame does, `damaged` when no frame of records
 * from `baseOffset` on can begin with these bytes. Says nothing of the checksum.
 */
export function readHeader(bytes: Buffer, at: number, baseOffset: number): FrameHeader | 'partial' | 'damaged' {
  const present = bytes.length - at
  if (present < FRAME_HEADER_BYTES) {
    return bytes.compare(MAGIC, 0, Math.min(4, present), at, at + Math.min(4, present)) === 0 ? 'partial' : 'damaged'
  }
  const length = bytes.readUInt32LE(at + 4)
  const count = bytes.readUInt32LE(at + 12)
  const sane =
    bytes.readUInt32LE(at) === MAGIC_U32 &&
    bytes.readDoubleLE(at + 16) === baseOffset &&
    count > 0 &&
    length <= MAX_FRAME_BYTES &&
    FRAME_HEADER_BYTES + bytes.readUInt32LE(at + 32) + RECORD_BYTES * count <= length
  if (!sane) return 'damaged'
  if (length > present) return 'partial'
  return { length, count, baseOffset, appendedAt: bytes.readDoubleLE(at + APPENDED_AT) as EpochMicros }
}

/** How long the frame at the start of `bytes` says it is; 0 where no frame can be that long. Nothing else is checked. */
export function claimedLength(bytes: Buffer): number {
  const length = bytes.length < 8 ? 0 : bytes.readUInt32LE(4)
  return length <= MAX_FRAME_BYTES ? length : 0
}

/** Whether the bytes of the frame at `at` are those that were written. */
export function isIntact(bytes: Buffer, at: number, header: FrameHeader): boolean {
  return crc32(bytes.subarray(at + CHECKED_FROM, at + header.length)) === bytes.readUInt32LE(at + 8)
}

/** Whether a whole, intact frame of records after `offset` begins anywhere in `bytes` after its first byte. */
export function holdsLaterFrame(bytes: Buffer, offset: number): boolean {
  for (let at = bytes.indexOf(MAGIC, 1); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if (bytes.length - at < FRAME_HEADER_BYTES) return false
    const baseOffset = bytes.readDoubleLE(at + 16)
    if (!Number.isSafeInteger(baseOffset) || baseOffset <= offset) continue
    const header = readHeader(bytes, at, baseOffset)
    if (typeof header === 'object' && isIntact(bytes, at, header)) return true
  }
  return false
}

/** The records of an intact frame. Their values are views into `bytes`. */
export function decodeRecords(bytes: Buffer, at: number, header: FrameHeader): StoredRecord[] {
  const tablesEnd = at + FRAME_HEADER_BYTES + bytes.readUInt32LE(at + 32)
  const tables = new StringReader(bytes, at + FRAME_HEADER_BYTES)
  const keys = tables.readKeys()
  const headers = tables.readHeaders()
  const records = new Array<StoredRecord>(header.count)
  let valueAt = tablesEnd + RECORD_BYTES * header.count
  for (let index = 0; index < header.count; index += 1) {
    const entry = tablesEnd + RECORD_BYTES * index
    const length = bytes.readUInt32LE(entry + 16)
    records[index] = {
      key: keys[bytes.readUInt32LE(entry)] as string,
      value: bytes.subarray(valueAt, valueAt + length),
      timestamp: bytes.readDoubleLE(entry + 8) as EpochMicros,
      headers: headers[bytes.readUInt32LE(entry + 4)] as Readonly<Record<string, string>>,
      partition: 0,
      offset: header.baseOffset + index,
    }
    valueAt += length
  }
  return records
}

/** Those of them that are wanted. Where the frame has no record of the key, only its keys are read. */
export function decodeSelected(bytes: Buffer, at: number, header: FrameHeader, only: Selection): StoredRecord[] {
  if (!new StringReader(bytes, at + FRAME_HEADER_BYTES).readKeys().includes(only.key)) return []
  return decodeRecords(bytes, at, header).filter(({ key, timestamp }) => {
    return key === only.key && timestamp >= only.from && timestamp < only.to
  })
}

/** The event times of an intact frame. */
export function frameTimes(bytes: Buffer, at: number): SegmentTimes {
  const count = bytes.readUInt32LE(at + 12)
  const tablesEnd = at + FRAME_HEADER_BYTES + bytes.readUInt32LE(at + 32)
  let { oldest, newest } = NO_TIMES
  for (let index = 0; index < count; index += 1) {
    const timestamp = bytes.readDoubleLE(tablesEnd + RECORD_BYTES * index + 8)
    if (timestamp < oldest) oldest = timestamp
    if (timestamp > newest) newest = timestamp
  }
  return { oldest, newest }
}

function tooLarge(length: number, count: number): C1Error {
  return new C1Error(
    'batch_too_large',
    `A batch of ${count} records takes ${length} bytes; at most ${MAX_FRAME_BYTES} fit. Append it in smaller batches.`,
    { details: { length, count } },
  )
}
