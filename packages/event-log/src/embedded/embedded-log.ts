import { join } from 'node:path'
import { type EpochMicros, InvariantError, systemTime } from '@c1/market'
import type {
  Consumer,
  ConsumerOptions,
  EventLog,
  LogRecord,
  Position,
  Producer,
  RecordRun,
  ShareOptions,
} from '../event-log.ts'
import { DISK } from './active-segment.ts'
import { EmbeddedConsumer } from './consumer.ts'
import { CommittedPosition } from './groups.ts'
import { checkName } from './names.ts'
import type { Retention } from './retention.ts'
import { Topic } from './topic.ts'
import type { TopicWriter, TopicWriterOptions } from './topic-writer.ts'

export interface EmbeddedLogOptions {
  /** Holds a directory for each topic. Made when the first record is written. */
  readonly directory: string
  /** When records are appended, for retention by age. Default: the host's clock. */
  readonly clock?: () => EpochMicros
  /** What is kept of every topic, and of single ones instead. Default: everything. */
  readonly retention?: Retention & { readonly topics?: Readonly<Record<string, Retention>> }
  /** A segment file is followed by the next when a batch would make it longer than this. Default 64 MiB. */
  readonly segmentBytes?: number
  /** A power cut loses at most what was appended in this time. Milliseconds, default 1000. */
  readonly flushIntervalMs?: number
  /** Told what was repaired (a torn tail that was cut) or will be tried again. Fit to be shown to a user. */
  readonly onWarning: (message: string) => void
}

/**
 * An event log in a directory of the local disk: one partition (0) a topic, one writing process a topic, any number of
 * readers in any process. README.md has the layout and the guarantees.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventLog> {
  return new EmbeddedLog(options)
}

class EmbeddedLog implements EventLog {
  readonly isShared = false
  readonly #options: EmbeddedLogOptions
  readonly #topics = new Map<string, Topic>()
  readonly #producers = new Set<Producer>()
  readonly #consumers = new Set<Consumer>()
  #closed = false

  constructor(options: EmbeddedLogOptions) {
    this.#options = options
  }

  async producer(name: string): Promise<Producer> {
    const topic = this.#topic(name)
    const writer = await topic.openWriter(this.#writerOptions(name))
    const producer = new EmbeddedProducer(topic, writer, (closed) => this.#producers.delete(closed))
    this.#producers.add(producer)
    return producer
  }

  async consumer(name: string, options: ConsumerOptions): Promise<Consumer> {
    const topic = this.#topic(name)
    const consumer = await EmbeddedConsumer.open(topic, options, (finished) => this.#consumers.delete(finished))
    this.#consumers.add(consumer)
    return consumer
  }

  async committed(name: string, group: string): Promise<Position> {
    const committed = new CommittedPosition(this.#topic(name).directory, checkName('group', group))
    return (await committed.read()) ?? {}
  }

  /** One process has the only partition: who that is, others see to (locks of roles). */
  async share(name: string, { group, onChange, signal, work }: ShareOptions): Promise<void> {
    const committed = new CommittedPosition(this.#topic(name).directory, checkName('group', group))
    onChange?.([0])
    await work({ partition: 0, signal, commit: (offset) => committed.write({ 0: offset }) })
  }

  async bounds(name: string): Promise<{ begin: Position; end: Position }> {
    const { begin, end } = await this.#topic(name).bounds()
    return { begin: { 0: begin }, end: { 0: end } }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await Promise.all([...this.#producers].map((producer) => producer.close()))
  }

  #topic(name: string): Topic {
    if (this.#closed)
      throw new InvariantError('log_closed', `The topic ${name} was asked for after the log was closed.`)
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const topic = new Topic(name, join(this.#options.directory, checkName('topic', name)))
    this.#topics.set(name, topic)
    return topic
  }

  #writerOptions(topic: string): Omit<TopicWriterOptions, 'topic' | 'directory' | 'onAppend'> {
    const { clock = systemTime, flushIntervalMs = 1000, onWarning, retention = {} } = this.#options
    const { segmentBytes = 64 * 1024 * 1024 } = this.#options
    const { topics, ...everyTopic } = retention
    return {
      clock,
      flushIntervalMs,
      onWarning,
      segmentBytes,
      retention: topics?.[topic] ?? everyTopic,
      disk: DISK,
    }
  }
}

class EmbeddedProducer implements Producer {
  readonly #topic: Topic
  readonly #writer: TopicWriter
  readonly #onClosed: (producer: EmbeddedProducer) => void

  constructor(topic: Topic, writer: TopicWriter, onClosed: (producer: EmbeddedProducer) => void) {
    this.#topic = topic
    this.#writer = writer
    this.#onClosed = onClosed
  }

  async append(records: readonly LogRecord[]): Promise<Position> {
    this.#writer.append(records)
    return { 0: this.#writer.end }
  }

  async appendRun(run: RecordRun): Promise<Position> {
    this.#writer.appendRun(run)
    return { 0: this.#writer.end }
  }

  flush(): Promise<void> {
    return this.#writer.flush()
  }

  async close(): Promise<void> {
    this.#onClosed(this)
    await this.#topic.closeWriter(this.#writer)
  }
}
