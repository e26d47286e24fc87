import { closeSync, openSync, readSync, rmSync } from 'node:fs'
import type { EpochMicros } from '@c1/market'
import { APPENDED_AT } from './frame.ts'
import type { ClosedSegment, SegmentFile } from './segment-files.ts'
import { timesFile } from './segment-times.ts'

/** How much of a topic is kept. Whole segment files are deleted, oldest first, and never the one being written. */
export interface Retention {
  /** Most bytes of the topic; its newest segment is kept even if it alone is longer. */
  readonly bytes?: number
  /** A segment goes when its newest record was appended longer ago than this, in microseconds. Event times do not count. */
  readonly ageMicros?: number
}

/**
 * Deletes what `retention` does not keep and returns what stays. A segment's last append is not later than the first append
 * of the segment after it, and that is what its age is counted from.
 */
export function applyRetention(
  closed: readonly ClosedSegment[],
  active: ClosedSegment,
  retention: Retention,
  now: EpochMicros,
): readonly ClosedSegment[] {
  const { bytes: mostBytes = Number.POSITIVE_INFINITY, ageMicros } = retention
  let bytes = closed.reduce((sum, segment) => sum + segment.bytes, active.bytes)
  let kept = closed
  for (const [index, segment] of closed.entries()) {
    const tooOld = () => ageMicros !== undefined && now - firstAppend(closed[index + 1] ?? active, now) > ageMicros
    if (bytes <= mostBytes && !tooOld()) break
    rmSync(segment.path, { force: true })
    rmSync(timesFile(segment), { force: true })
    bytes -= segment.bytes
    kept = closed.slice(index + 1)
  }
  return kept
}

/** `now` where nothing was appended yet. */
function firstAppend(segment: SegmentFile, now: EpochMicros): number {
  const fd = openSync(segment.path, 'r')
  try {
    const time = Buffer.alloc(8)
    return readSync(fd, time, 0, 8, APPENDED_AT) === 8 ? time.readDoubleLE() : now
  } finally {
    closeSync(fd)
  }
}
