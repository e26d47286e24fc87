import { statSync, writeFileSync } from 'node:fs'
import { C1Error, type EpochMicros, InvariantError } from '@c1/market'
import type { LogRecord, RecordRun } from '../event-log.ts'
import { ActiveSegment, type Disk } from './active-segment.ts'
import { logFull, logUnwritable, topicLocked } from './errors.ts'
import { encodeFrame, encodeRunFrame, frameTimes } from './frame.ts'
import { acquireLock, type Lock, thisProcess } from './lock.ts'
import { applyRetention, type Retention } from './retention.ts'
import { type ClosedSegment, listSegments, type SegmentFile, segmentFile, syncDirectory } from './segment-files.ts'
import { SegmentReader } from './segment-reader.ts'
import { encodeTimes, joinTimes, NO_TIMES, type SegmentTimes, timesFile } from './segment-times.ts'
import { Tail } from './tail.ts'

/** No space, no quota, or the largest file that the file system or the process's limits allow. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

const SYNC_RUNS_EVERY_BYTES = 8 * 1024 * 1024

export interface TopicWriterOptions {
  readonly topic: string
  readonly directory: string
  readonly clock: () => EpochMicros
  readonly retention: Retention
  readonly segmentBytes: number
  readonly flushIntervalMs: number
  readonly onWarning: (message: string) => void
  readonly disk: Disk
  /** Called after each append, in the same turn. */
  readonly onAppend: () => void
}

/** The one writer of a topic. It owns the topic's lock, its newest segment file and the memory of its tail. */
export class TopicWriter {
  readonly tail: Tail = new Tail()
  readonly #options: TopicWriterOptions
  readonly #lock: Lock
  readonly #timer: NodeJS.Timeout
  #closed: readonly ClosedSegment[]
  #active: ActiveSegment
  /** Of the newest segment. */
  #times: SegmentTimes
  #end: number
  /** Offset before which everything has reached the disk. */
  #synced: number
  #syncing: Promise<void> = Promise.resolve()
  /** After a failed sync the disk may lack what the file system believes written: nothing can be promised any more. */
  #failure: C1Error | undefined
  #isClosed = false
  /** For the frames of runs, one after another. */
  #runMemory = Buffer.alloc(0)
  /** Of runs, since a sync began for their sake. */
  #unsyncedBytes = 0

  private constructor(options: TopicWriterOptions, lock: Lock, closed: readonly ClosedSegment[], newest: Newest) {
    this.#options = options
    this.#lock = lock
    this.#closed = closed
    this.#active = new ActiveSegment(newest.file, newest.bytes, options.disk)
    this.#times = newest.times
    this.#end = newest.end
    this.#synced = newest.end
    this.#timer = setInterval(() => this.#tick(), options.flushIntervalMs).unref()
  }

  /** @throws UsageError `topic_locked`, C1Error `log_corrupt` */
  static async open(options: TopicWriterOptions): Promise<TopicWriter> {
    const { topic, directory, clock } = options
    const refuse = (owner: string) => topicLocked(topic, directory, owner)
    const lock = acquireLock(directory, thisProcess(clock()), refuse)
    try {
      const files = await listSegments(directory)
      const file = files.pop() ?? segmentFile(directory, 0)
      const closed = files.map((file) => ({ ...file, bytes: statSync(file.path).size }))
      const writer = new TopicWriter(options, lock, closed, await findEnd(file, options.onWarning))
      syncDirectory(directory)
      writer.#retain()
      return writer
    } catch (error) {
      lock.release()
      throw error
    }
  }

  get begin(): number {
    return this.#closed[0]?.base ?? this.#active.asClosed().base
  }

  get end(): number {
    return this.#end
  }

  /** Synchronous, so that appends keep the order of the calls and readers see them in the same turn. */
  append(records: readonly LogRecord[]): void {
    this.#checkUsable()
    if (records.length === 0) return
    const appendedAt = this.#options.clock()
    const frame = encodeFrame(records, this.#end, appendedAt)
    this.#write(frame)
    this.tail.push(frame, { length: frame.length, count: records.length, baseOffset: this.#end, appendedAt })
    this.#end += records.length
    this.#options.onAppend()
  }

  /**
   * As `append`, for many records at once: they are not kept in memory for readers, who find them on the disk, and they are on
   * their way to the disk before the segment is full, so that the next one need not wait for all of it.
   */
  appendRun(run: RecordRun): void {
    this.#checkUsable()
    if (run.count === 0) return
    const frame = encodeRunFrame(run, this.#end, this.#options.clock(), this.#runMemory)
    if (frame.length > this.#runMemory.length) this.#runMemory = Buffer.allocUnsafeSlow(2 * frame.length)
    this.#write(frame)
    this.tail.clear()
    this.#end += run.count
    this.#options.onAppend()
    this.#unsyncedBytes += frame.length
    if (this.#unsyncedBytes < SYNC_RUNS_EVERY_BYTES) return
    this.#unsyncedBytes = 0
    this.flush().catch((error: Error) => this.#options.onWarning(error.message))
  }

  /** Syncs follow one another: one that is under way does not cover what was appended after it began. */
  flush(): Promise<void> {
    const end = this.#end
    const flushed = this.#syncing.then(() => (this.#synced >= end ? undefined : this.#sync()))
    this.#syncing = flushed.catch(() => undefined)
    return flushed
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    try {
      await this.flush()
    } finally {
      await this.#active.close()
      this.#lock.release()
    }
  }

  #write(frame: Buffer): void {
    const rolls = this.#active.bytes > 0 && this.#active.bytes + frame.length > this.#options.segmentBytes
    try {
      if (rolls) this.#roll()
      this.#active.append(frame)
    } catch (error) {
      throw this.#writeFailed(error, frame.length)
    }
    this.#times = joinTimes(this.#times, frameTimes(frame, 0))
    if (rolls) this.#retain()
  }

  async #sync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const end = this.#end
    await this.#active.sync().catch((cause) => this.#fail(cause))
    this.#synced = end
  }

  #syncNow(): void {
    try {
      this.#active.syncNow()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): never {
    this.#failure = logUnwritable(this.#options.directory, cause)
    throw this.#failure
  }

  /** What is in an older segment is on the disk: only the newest can ever be torn. */
  #roll(): void {
    this.#syncNow()
    const { directory, disk } = this.#options
    const next = new ActiveSegment(segmentFile(directory, this.#end), 0, disk)
    try {
      syncDirectory(directory)
    } catch (cause) {
      // The new file is there, so nothing may be appended to the old one any more.
      this.#fail(cause)
    }
    const closed = this.#active.asClosed()
    this.#closed = [...this.#closed, closed]
    void this.#active.close()
    this.#active = next
    this.#writeTimes(closed)
    this.#times = NO_TIMES
  }

  /** Readers do without it, so nothing depends on whether it can be written. */
  #writeTimes(closed: ClosedSegment): void {
    try {
      writeFileSync(timesFile(closed), encodeTimes(this.#times))
    } catch (error) {
      this.#options.onWarning(`${timesFile(closed)} could not be written: ${(error as Error).message}`)
    }
  }

  #tick(): void {
    this.flush().catch((error: Error) => this.#options.onWarning(error.message))
    this.#retain()
  }

  #retain(): void {
    const { clock, onWarning, retention, topic } = this.#options
    try {
      this.#closed = applyRetention(this.#closed, this.#active.asClosed(), retention, clock())
    } catch (error) {
      onWarning(`Retention of ${topic} failed and is tried again: ${(error as Error).message}`)
    }
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isClosed) {
      throw new InvariantError(
        'producer_closed',
        `An append to ${this.#options.topic} came after its producer was closed.`,
      )
    }
  }

  #writeFailed(error: unknown, bytes: number): C1Error {
    if (error instanceof C1Error) return error
    const { directory } = this.#options
    const isFull = FULL.includes((error as NodeJS.ErrnoException).code ?? '')
    return isFull ? logFull(directory, bytes, error) : logUnwritable(directory, error)
  }
}

interface Newest {
  readonly file: SegmentFile
  readonly bytes: number
  readonly end: number
  readonly times: SegmentTimes
}

/** Where the newest segment's whole batches end; the constructor of `ActiveSegment` cuts what follows. */
async function findEnd(file: SegmentFile, onWarning: (message: string) => void): Promise<Newest> {
  const reader = await SegmentReader.open(file)
  if (reader === undefined) return { file, bytes: 0, end: file.base, times: NO_TIMES }
  try {
    let times = NO_TIMES
    const state = await reader.advanceToEnd((frame) => {
      times = joinTimes(times, frame)
    })
    const { position: bytes, offset: end } = reader
    if (state === 'torn') {
      const cut = statSync(file.path).size - bytes
      onWarning(`${file.path}: cut ${cut} bytes of an unfinished batch at byte ${bytes}, where record ${end} begins.`)
    }
    return { file, bytes, end, times }
  } finally {
    await reader.close()
  }
}
