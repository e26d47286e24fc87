import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { C1Error } from '@c1/market'

/** Less than this free is a full disk, whatever the error says: lmdb tells of a write cut short as an I/O error. */
const FULL_BELOW_BYTES = 65_536

/** What a failed write means to the user. The rows stay in memory, so a later `flush` may succeed. */
export function writeError(path: string, cause: unknown): C1Error {
  const message = messageOf(cause)
  const full = /ENOSPC|no space left|quota exceeded/i.test(message) || freeBytes(dirname(path)) < FULL_BELOW_BYTES
  return full
    ? new C1Error('disk_full', `No space left to write ${path}. Free some: what was there before is intact.`, {
        details: { path },
        retryable: true,
        cause,
      })
    : new C1Error('store_unwritable', `${path} cannot be written (${message}). What was there before is intact.`, {
        details: { path },
        cause,
      })
}

/** A file that is not what its name promises. */
export function damagedError(path: string, cause: unknown): C1Error {
  return new C1Error(
    'store_damaged',
    `${path} cannot be read as what C1 wrote (${messageOf(cause)}). Move it away and derive its rows again from the candles.`,
    { details: { path }, cause },
  )
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
