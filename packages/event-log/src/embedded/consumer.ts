import { C1Error } from '@c1/market'
import { checkMaxBatch, groupMissing } from '../consumer-options.ts'
import type { Batch, Consumer, ConsumerOptions, Position, Selection, StoredRecord } from '../event-log.ts'
import { DiskReader } from './disk-reader.ts'
import { positionAhead, positionExpired } from './errors.ts'
import { CommittedPosition } from './groups.ts'
import { checkName } from './names.ts'
import { selectedRecords } from './selected-records.ts'
import type { Topic } from './topic.ts'

/** Every topic here has this one partition. */
const PARTITION = 0

/** Reads a topic's tail from memory where its writer is in this process, and from disk otherwise. */
export class EmbeddedConsumer implements Consumer {
  readonly #topic: Topic
  readonly #options: ConsumerOptions
  readonly #committed: CommittedPosition | undefined
  readonly #until: number
  readonly #maxBatch: number
  readonly #onFinished: (consumer: EmbeddedConsumer) => void
  /** Offset of the next record to deliver. */
  #offset: number
  /** While nothing was delivered, `earliest` means the oldest record there is, even if retention moves that. */
  #mayMove: boolean
  #disk: DiskReader | undefined
  #reading: Promise<unknown> = Promise.resolve()
  #finished = false
  #wake: () => void = () => {}

  private constructor(
    topic: Topic,
    options: ConsumerOptions,
    range: Range,
    committed: CommittedPosition | undefined,
    onFinished: (consumer: EmbeddedConsumer) => void,
  ) {
    this.#topic = topic
    this.#options = options
    this.#committed = committed
    this.#offset = range.from
    this.#until = range.until
    this.#mayMove = options.from === 'earliest'
    this.#maxBatch = options.maxBatch ?? 1000
    this.#onFinished = onFinished
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * @throws C1Error `position_expired`, `position_ahead`, `log_corrupt`
   * @throws UsageError `group_missing`, `group_malformed`, `batch_size_malformed`
   */
  static async open(
    topic: Topic,
    options: ConsumerOptions,
    onFinished: (consumer: EmbeddedConsumer) => void,
  ): Promise<EmbeddedConsumer> {
    checkMaxBatch(options.maxBatch)
    const committed = committedPosition(topic, options)
    const range = await findRange(topic, options, committed)
    return new EmbeddedConsumer(topic, options, range, committed, onFinished)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    try {
      const { only } = this.#options
      // Up to a record that is not written yet there is no way but to wait.
      if (only !== undefined && (await this.#topic.bounds()).end >= this.#until) {
        yield* this.#selected(only)
        return
      }
      while (!this.#isOver()) {
        const records = await this.#read()
        if (this.#isOver()) return
        if (records.length === 0) {
          await this.#more()
          continue
        }
        this.#offset += records.length
        this.#mayMove = false
        yield { records, next: { [PARTITION]: this.#offset } }
      }
    } finally {
      await this.close()
    }
  }

  async commit(position: Position): Promise<void> {
    if (this.#committed === undefined) throw groupMissing(this.#topic.name)
    await this.#committed.write(position)
  }

  async close(): Promise<void> {
    if (this.#finished) return
    this.#finished = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#onFinished(this)
    this.#wake()
    await this.#reading
    await this.#closeDisk()
  }

  async *#selected(only: Selection): AsyncGenerator<Batch, void> {
    const [maxBatch, from, until, { directory }] = [this.#maxBatch, this.#offset, this.#until, this.#topic]
    for await (const batch of selectedRecords({ directory, from, until, only, maxBatch })) {
      if (this.#isOver()) return
      yield batch
    }
  }

  #onAbort = (): void => this.#wake()

  #isOver(): boolean {
    return this.#finished || this.#options.signal?.aborted === true || this.#offset >= this.#until
  }

  async #read(): Promise<readonly StoredRecord[]> {
    const max = Math.min(this.#maxBatch, this.#until - this.#offset)
    const writer = this.#topic.writer
    if (writer !== undefined && writer.end <= this.#offset) return []
    const fromTail = writer?.tail.read(this.#offset, max)
    if (fromTail !== undefined) {
      await this.#closeDisk()
      return fromTail
    }
    const read = this.#readDisk(max, writer?.end)
    this.#reading = read.catch(() => undefined)
    return read
  }

  async #readDisk(max: number, knownEnd: number | undefined): Promise<readonly StoredRecord[]> {
    if (this.#disk?.offset !== this.#offset) {
      await this.#closeDisk()
      this.#disk = new DiskReader(this.#topic.name, this.#topic.directory, this.#offset)
    }
    try {
      return await this.#disk.read(max, knownEnd)
    } catch (error) {
      if (!this.#mayMove || !(error instanceof C1Error) || error.code !== 'position_expired') throw error
      this.#offset = (await this.#topic.bounds()).begin
      return this.#readDisk(max, knownEnd)
    }
  }

  async #closeDisk(): Promise<void> {
    if (this.#disk === undefined) return
    await this.#disk.close()
    this.#disk = undefined
  }

  /** Looks again at once when something was appended since the last look. */
  async #more(): Promise<void> {
    const { writer } = this.#topic
    if (this.#isOver() || (writer !== undefined && writer.end > this.#offset)) return
    await this.#topic.changed((wake) => {
      this.#wake = wake
    })
  }
}

interface Range {
  readonly from: number
  readonly until: number
}

async function findRange(
  topic: Topic,
  options: ConsumerOptions,
  committed: CommittedPosition | undefined,
): Promise<Range> {
  const asked = options.from === 'committed' ? ((await committed?.read()) ?? 'earliest') : options.from
  const { begin, end } = await topic.bounds()
  const from = asked === 'earliest' ? begin : asked === 'latest' ? end : (asked[PARTITION] ?? begin)
  if (from < begin) throw positionExpired(topic.name, from, begin)
  if (from > end) throw positionAhead(topic.name, from, end)
  const { until } = options
  if (until === undefined) return { from, until: Number.POSITIVE_INFINITY }
  return { from, until: until === 'end' ? end : (until[PARTITION] ?? begin) }
}

function committedPosition(topic: Topic, { from, group }: ConsumerOptions): CommittedPosition | undefined {
  if (group === undefined && from === 'committed') throw groupMissing(topic.name)
  return group === undefined ? undefined : new CommittedPosition(topic.directory, checkName('group', group))
}
