import { listSegments } from './segment-files.ts'
import { SegmentReader } from './segment-reader.ts'
import { TopicWriter, type TopicWriterOptions } from './topic-writer.ts'

/** How often a reader looks for records that another process appended. */
const POLL_MS = 50

/** A topic as one process sees it: its directory, its writer if that is here, and the readers that wait. */
export class Topic {
  readonly name: string
  readonly directory: string
  readonly #waiting = new Set<() => void>()
  #writer: TopicWriter | undefined
  /** Where the end was when it was last looked for; everything before it stays. */
  #knownEnd = { base: 0, position: 0, offset: 0 }

  constructor(name: string, directory: string) {
    this.name = name
    this.directory = directory
  }

  /** The writer, when it is in this process. */
  get writer(): TopicWriter | undefined {
    return this.#writer
  }

  async openWriter(options: Omit<TopicWriterOptions, 'topic' | 'directory' | 'onAppend'>): Promise<TopicWriter> {
    const { name: topic, directory } = this
    const writer = await TopicWriter.open({ ...options, topic, directory, onAppend: () => this.wakeAll() })
    this.#writer = writer
    this.wakeAll()
    return writer
  }

  async closeWriter(writer: TopicWriter): Promise<void> {
    try {
      await writer.close()
    } finally {
      if (this.#writer === writer) this.#writer = undefined
      this.wakeAll()
    }
  }

  /** Offsets of the oldest record and of the next one to be written. @throws C1Error `log_corrupt` */
  async bounds(): Promise<{ begin: number; end: number }> {
    if (this.#writer !== undefined) return { begin: this.#writer.begin, end: this.#writer.end }
    for (;;) {
      const files = await listSegments(this.directory)
      const newest = files.at(-1)
      if (newest === undefined) return { begin: 0, end: 0 }
      const end = await this.#findEnd(newest)
      if (end !== undefined) return { begin: files[0]?.base ?? 0, end }
    }
  }

  /** Resolves when there may be more to read, or `onWaiting`'s wake is called. */
  async changed(onWaiting: (wake: () => void) => void): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#writer === undefined ? setTimeout(resolve, POLL_MS) : undefined
    this.#waiting.add(resolve)
    onWaiting(resolve)
    await promise
    this.#waiting.delete(resolve)
    clearTimeout(timer)
  }

  wakeAll(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  async #findEnd(file: { base: number; path: string }): Promise<number | undefined> {
    const known = this.#knownEnd.base === file.base ? this.#knownEnd : { position: 0, offset: file.base }
    const reader = await SegmentReader.open(file, known.position, known.offset)
    if (reader === undefined) return undefined
    try {
      await reader.advanceToEnd()
      this.#knownEnd = { base: file.base, position: reader.position, offset: reader.offset }
      return reader.offset
    } finally {
      await reader.close()
    }
  }
}
