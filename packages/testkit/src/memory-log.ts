import type {
  Batch,
  Consumer,
  ConsumerOptions,
  EventLog,
  LogRecord,
  Position,
  Producer,
  ShareOptions,
  StoredRecord,
} from '@c1/event-log'
import { C1Error, UsageError } from '@c1/market'

const PARTITION = 0
const USUAL_BATCH = 1000

interface Topic {
  readonly records: StoredRecord[]
  writer: Producer | undefined
  readonly committed: Map<string, Position>
  /** Called when a record was appended, or a reader is to end. */
  readonly wakes: Set<() => void>
}

/**
 * An event log in memory, for tests that need thousands of them: one partition a topic, nothing durable. What is appended is
 * there for all who opened the same store.
 */
export class MemoryStore {
  readonly #topics = new Map<string, Topic>()

  open(): Promise<EventLog> {
    return Promise.resolve(new MemoryLog((name) => this.#topic(name)))
  }

  /** Takes away the newest records of a topic until `length` are left, as a power cut does to what was never flushed. */
  cut(topic: string, length: number): void {
    this.#topic(topic).records.splice(length)
  }

  #topic(name: string): Topic {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const topic: Topic = { records: [], writer: undefined, committed: new Map(), wakes: new Set() }
    this.#topics.set(name, topic)
    return topic
  }
}

class MemoryLog implements EventLog {
  readonly isShared = false
  readonly #topic: (name: string) => Topic
  readonly #opened: { close(): Promise<void> }[] = []

  constructor(topic: (name: string) => Topic) {
    this.#topic = topic
  }

  async producer(name: string): Promise<Producer> {
    const topic = this.#topic(name)
    if (topic.writer !== undefined) throw new UsageError('topic_locked', `Another producer writes ${name}.`)
    const producer = new MemoryProducer(topic)
    topic.writer = producer
    this.#opened.push(producer)
    return producer
  }

  async consumer(name: string, options: ConsumerOptions): Promise<Consumer> {
    const consumer = new MemoryConsumer(this.#topic(name), options)
    this.#opened.push(consumer)
    return consumer
  }

  async bounds(name: string): Promise<{ readonly begin: Position; readonly end: Position }> {
    return { begin: { [PARTITION]: 0 }, end: endOf(this.#topic(name)) }
  }

  async share(name: string, { group, onChange, signal, work }: ShareOptions): Promise<void> {
    const { committed } = this.#topic(name)
    onChange?.([PARTITION])
    await work({
      partition: PARTITION,
      signal,
      commit: async (offset) => void committed.set(group, { [PARTITION]: offset }),
    })
  }

  async committed(name: string, group: string): Promise<Position> {
    return this.#topic(name).committed.get(group) ?? {}
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.splice(0)) await opened.close()
  }
}

class MemoryProducer implements Producer {
  readonly #topic: Topic

  constructor(topic: Topic) {
    this.#topic = topic
  }

  async append(records: readonly LogRecord[]): Promise<Position> {
    if (this.#topic.writer !== this) throw new C1Error('log_unwritable', 'The producer is closed.')
    const { length } = this.#topic.records
    for (const [index, record] of records.entries()) {
      this.#topic.records.push({ ...record, partition: PARTITION, offset: length + index })
    }
    for (const wake of this.#topic.wakes) wake()
    return endOf(this.#topic)
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#topic.writer === this) this.#topic.writer = undefined
  }
}

class MemoryConsumer implements Consumer {
  readonly #topic: Topic
  readonly #options: ConsumerOptions
  readonly #until: number
  #next: number
  #isClosed = false
  #wake: () => void = () => {}

  constructor(topic: Topic, options: ConsumerOptions) {
    const end = topic.records.length
    this.#topic = topic
    this.#options = options
    this.#next = startOf(topic, options)
    if (this.#next > end) throw new C1Error('position_ahead', `The log ends at ${end}, before ${this.#next}.`)
    const { until } = options
    this.#until = until === 'end' ? end : (until?.[PARTITION] ?? Number.POSITIVE_INFINITY)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, void> {
    while (!this.#isOver()) {
      const last = Math.min(this.#next + (this.#options.maxBatch ?? USUAL_BATCH), this.#until)
      const records = this.#topic.records.slice(this.#next, last)
      if (records.length === 0) await this.#awaitRecord()
      else {
        this.#next += records.length
        yield { records, next: { [PARTITION]: this.#next } }
      }
    }
  }

  async commit(position: Position): Promise<void> {
    this.#topic.committed.set(groupOf(this.#options), position)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wake()
  }

  #isOver(): boolean {
    return this.#isClosed || this.#options.signal?.aborted === true || this.#next >= this.#until
  }

  #awaitRecord(): Promise<void> {
    const { signal } = this.#options
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#topic.wakes.delete(this.#wake)
        signal?.removeEventListener('abort', this.#wake)
        resolve()
      }
      this.#topic.wakes.add(this.#wake)
      signal?.addEventListener('abort', this.#wake)
    })
  }
}

function startOf(topic: Topic, options: ConsumerOptions): number {
  const { from } = options
  if (from === 'earliest') return 0
  if (from === 'latest') return topic.records.length
  const position = from === 'committed' ? topic.committed.get(groupOf(options)) : from
  return position?.[PARTITION] ?? 0
}

function groupOf({ group }: ConsumerOptions): string {
  if (group === undefined) throw new UsageError('group_missing', 'Name the group that commits.')
  return group
}

function endOf({ records }: Topic): Position {
  return { [PARTITION]: records.length }
}
