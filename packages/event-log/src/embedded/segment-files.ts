import { closeSync, fsyncSync, openSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of a topic: the records from `base` up to the next file's. */
export interface SegmentFile {
  readonly base: number
  readonly path: string
}

/** A segment that is written no more. */
export interface ClosedSegment extends SegmentFile {
  readonly bytes: number
}

const SEGMENT_NAME = /^(\d{20})\.log$/

export function segmentFile(directory: string, base: number): SegmentFile {
  return { base, path: join(directory, `${String(base).padStart(20, '0')}.log`) }
}

/** Oldest first; none where there is no such directory. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  const names = await readdir(directory).catch(emptyWhenAbsent)
  const bases = names.flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).map(Number)
  return bases.sort((a, b) => a - b).map((base) => segmentFile(directory, base))
}

/** Makes a new or renamed file survive a power cut. Windows has no such call for a directory, and needs none. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function emptyWhenAbsent(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
