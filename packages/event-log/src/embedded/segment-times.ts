import { readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { SegmentFile } from './segment-files.ts'

/** The event times of a segment's records, both ends included. */
export interface SegmentTimes {
  readonly oldest: number
  readonly newest: number
}

/** Of no records. */
export const NO_TIMES: SegmentTimes = { oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY }

/** f64 oldest, f64 newest, u32 CRC-32 of both; little-endian. */
const BYTES = 20

/** A file beside the segment: `00000000000000000000.times`. It only spares reading, so it may be missing. */
export function timesFile(segment: SegmentFile): string {
  return segment.path.replace(/\.log$/, '.times')
}

export function encodeTimes({ oldest, newest }: SegmentTimes): Buffer {
  const bytes = Buffer.alloc(BYTES)
  bytes.writeDoubleLE(oldest, 0)
  bytes.writeDoubleLE(newest, 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16)
  return bytes
}

/** Undefined where the file is missing or damaged. */
export async function readTimes(segment: SegmentFile): Promise<SegmentTimes | undefined> {
  const bytes = await readFile(timesFile(segment)).catch(() => undefined)
  if (bytes?.length !== BYTES || bytes.readUInt32LE(16) !== crc32(bytes.subarray(0, 16))) return undefined
  return { oldest: bytes.readDoubleLE(0), newest: bytes.readDoubleLE(8) }
}

export function joinTimes(a: SegmentTimes, b: SegmentTimes): SegmentTimes {
  return { oldest: Math.min(a.oldest, b.oldest), newest: Math.max(a.newest, b.newest) }
}
