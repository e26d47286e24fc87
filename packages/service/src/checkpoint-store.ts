import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { C1Error } from '@c1/market'

/** Keeps the newest checkpoint of each role as one JSON file, replaced all or nothing. */
export class CheckpointStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** @throws C1Error `checkpoint_damaged` naming the file */
  load(role: string): unknown {
    const path = this.#path(role)
    try {
      return JSON.parse(readFileSync(path, 'utf8'))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new C1Error('checkpoint_damaged', `${path} cannot be read. Delete it: the role then starts from the log.`, {
        cause,
      })
    }
  }

  save(role: string, checkpoint: unknown): void {
    const path = this.#path(role)
    writeFileSync(`${path}.new`, JSON.stringify(checkpoint))
    renameSync(`${path}.new`, path)
  }

  /** The role starts from the beginning of its input the next time. */
  forget(role: string): void {
    rmSync(this.#path(role), { force: true })
  }

  #path(role: string): string {
    return join(this.#directory, `${role}.json`)
  }
}
