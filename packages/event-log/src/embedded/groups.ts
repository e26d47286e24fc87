import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { MalformedError } from '@c1/market'
import type { Position } from '../event-log.ts'
import { syncDirectory } from './segment-files.ts'

/** What a group committed on a topic: a JSON object of offsets by partition, replaced whole. */
export class CommittedPosition {
  readonly #directory: string
  readonly #group: string
  #writing: Promise<void> = Promise.resolve()

  constructor(topicDirectory: string, group: string) {
    this.#directory = join(topicDirectory, 'groups')
    this.#group = group
  }

  /** `undefined` when the group has committed nothing. @throws MalformedError `position_malformed` */
  async read(): Promise<Position | undefined> {
    const file = join(this.#directory, `${this.#group}.json`)
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    return text === undefined ? undefined : parsePosition(file, text)
  }

  /** Durable once it resolves. Commits follow one another in the order of the calls. */
  write(position: Position): Promise<void> {
    const written = this.#writing.then(() => this.#replace(JSON.stringify(position)))
    this.#writing = written.catch(() => undefined)
    return written
  }

  async #replace(text: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true })
    const temporary = join(this.#directory, `${this.#group}.${process.pid}.tmp`)
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(`${text}\n`)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(this.#directory, `${this.#group}.json`))
    syncDirectory(this.#directory)
  }
}

function parsePosition(file: string, text: string): Position {
  const position = parseJson(text)
  const entries = typeof position === 'object' && position !== null ? Object.entries(position) : [['', Number.NaN]]
  if (!entries.every(([partition, offset]) => /^\d+$/.test(String(partition)) && isOffset(offset))) {
    throw new MalformedError(
      'position_malformed',
      `${file} holds ${JSON.stringify(text.slice(0, 100))}, which is no position. Delete it to read from the oldest record.`,
      { details: { file } },
    )
  }
  return position as Position
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isOffset(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
