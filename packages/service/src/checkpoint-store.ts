import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { C1Error } from '@c1/market'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-bytes.ts'

/** Where the newest checkpoint of each role, or of its part of the work, is kept. */
export interface Checkpoints {
  /** Undefined before the first one. @throws C1Error `checkpoint_damaged` */
  load(name: string): unknown
  /** All or nothing: when it fails, or the process ends in it, the checkpoint before is intact. */
  save(name: string, checkpoint: unknown): void | Promise<void>
}

/** Keeps the newest checkpoint of each role as one file, replaced all or nothing: JSON, and behind it the state where that is bytes. */
export class CheckpointStore implements Checkpoints {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** @throws C1Error `checkpoint_damaged` naming the file */
  load(role: string): unknown {
    const path = this.#path(role)
    try {
      return decodeCheckpoint(readFileSync(path))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new C1Error('checkpoint_damaged', `${path} cannot be read. Delete it: the role then starts from the log.`, {
        cause,
      })
    }
  }

  /** @throws C1Error `disk_full`, `checkpoint_unwritable`: the checkpoint before it is intact */
  save(role: string, checkpoint: unknown): void {
    const path = this.#path(role)
    const bytes = encodeCheckpoint(checkpoint)
    try {
      writeFileSync(`${path}.new`, bytes)
      renameSync(`${path}.new`, path)
    } catch (cause) {
      throw unwritable(path, cause)
    }
  }

  #path(role: string): string {
    return join(this.#directory, `${role}.json`)
  }
}

function unwritable(path: string, cause: unknown): C1Error {
  if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new C1Error('disk_full', `No space left to write ${path}. Free some: what was there before is intact.`, {
      cause,
    })
  }
  return new C1Error('checkpoint_unwritable', `${path} cannot be written. Make its folder writable.`, { cause })
}
