import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { C1Error, type EpochMicros, formatTime, UsageError } from '@c1/market'

export interface Lock {
  release(): void
}

/**
 * Makes this the only holder of `directory` among all processes of the machine, until `release` or the end of the process,
 * however it ends: the operating system lets go of the lock (`.lock`) then. `owner` is for whoever is refused: who to stop.
 *
 * The lock is SQLite's exclusive lock on an empty database, since Node itself offers none; it works on Linux, macOS and
 * Windows, and not reliably on network file systems.
 *
 * @param refuse makes the error from the owner's text
 * @throws UsageError `directory_locked`, or what `refuse` made; C1Error `directory_unusable`
 */
export function acquireLock(
  directory: string,
  owner: string,
  refuse: (owner: string) => C1Error = (owner) => lockedDirectory(directory, owner),
): Lock {
  mkdirSync(directory, { recursive: true })
  const ownerFile = join(directory, 'owner')
  const database = openDatabase(join(directory, '.lock'))
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw isBusy(cause) ? refuse(readOwner(ownerFile)) : cannotLock(directory, cause)
  }
  writeFileSync(ownerFile, `${owner}\n`)
  return {
    release: () => {
      if (!database.isOpen) return
      rmSync(ownerFile, { force: true })
      database.close()
    },
  }
}

/** This process, as an owner's text: `pid 1234 (c1 up) since 2025-11-10T13:00:00.000000Z`. */
export function thisProcess(since: EpochMicros): string {
  return `pid ${process.pid} (${process.argv.join(' ')}) since ${formatTime(since)}`
}

function openDatabase(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file)
  } catch (cause) {
    throw cannotLock(file, cause)
  }
}

function cannotLock(path: string, cause: unknown): C1Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new C1Error(
    'directory_unusable',
    `Cannot lock ${path}: ${reason}. It must be on a local disk and writable; or use another directory.`,
    { details: { path }, cause },
  )
}

function readOwner(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'an unknown process'
  }
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

function lockedDirectory(directory: string, owner: string): UsageError {
  return new UsageError(
    'directory_locked',
    `${directory} is in use by ${owner}. Stop that process, or use another directory.`,
    { details: { directory, owner } },
  )
}
