import { setTimeout as pause } from 'node:timers/promises'
import { C1Error } from '@c1/market'
import type { Admin, ClusterMetadata, ConnectionPool } from '@platformatic/kafka'
import type { Position } from '../event-log.ts'
import { clientOptions, closeAtOnce, type KafkaConnection } from './connection.ts'
import { isTransient, isUnknownTopic, kafkaError, reasonOf, topicMissing } from './errors.ts'
import type { Decompress } from './record-batches.ts'

/** The library, loaded when a Kafka log is opened: half a second that the embedded log does not cost. */
export type Library = typeof import('@platformatic/kafka')

export interface ClientOptions {
  readonly connection: KafkaConnection
  /** How long an absent broker is waited for before a call fails. Milliseconds; Infinity waits for ever. */
  readonly patienceMs: number
  readonly onWarning: (message: string) => void
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 3000
/** Brokers learn of a new topic one after another. */
const TOPIC_APPEARS_MS = 5000
const TELL_EVERY_MS = 10_000
const EARLIEST = -2n
const LATEST = -1n
const READ_COMMITTED = 1

/** What is asked of the cluster besides reading and writing records. Every call waits for a broker that is away. */
export class KafkaClient {
  readonly library: Library
  readonly options: ClientOptions
  readonly #admin: Admin
  readonly #closed = new AbortController()
  #told = Number.NEGATIVE_INFINITY

  private constructor(library: Library, options: ClientOptions) {
    this.library = library
    this.options = options
    this.#admin = new library.Admin({ ...clientOptions(options.connection), retries: 0 })
  }

  static async open(options: ClientOptions): Promise<KafkaClient> {
    return new KafkaClient(await import('@platformatic/kafka'), options)
  }

  /** Aborts when the log is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Calls the cluster's administration. @throws C1Error */
  admin<Result>(action: string, call: (admin: Admin) => Promise<Result>): Promise<Result> {
    return this.patiently(action, () => call(this.#admin))
  }

  /** A pool of connections of its own: a fetch that waits for records holds up nothing else. */
  openPool(): ConnectionPool {
    const { clientId = 'c1', ...options } = clientOptions(this.options.connection)
    return new this.library.ConnectionPool(clientId, options)
  }

  readonly decompress: Decompress = (compression, bytes) => {
    const algorithm = this.library.compressionsAlgorithmsByBitmask[compression]
    if (algorithm === undefined) {
      throw new C1Error(
        'compression_unknown',
        `The topic holds records in the compression ${compression}, which is unknown.`,
      )
    }
    return algorithm.decompressSync(bytes)
  }

  /** Who leads the partitions of a topic. A topic that was just created is waited for. @throws UsageError `topic_missing` */
  async metadata(topic: string, forceUpdate = false): Promise<ClusterMetadata> {
    const deadline = performance.now() + TOPIC_APPEARS_MS
    const look = async (admin: Admin): Promise<ClusterMetadata | undefined> => {
      try {
        return await admin.metadata({ topics: [topic], forceUpdate })
      } catch (error) {
        if (!isUnknownTopic(error)) throw error
        if (performance.now() >= deadline) throw topicMissing(topic)
        return undefined
      }
    }
    for (;;) {
      const found = await this.admin(`look up the topic ${topic}`, look)
      if (found !== undefined) return found
      await this.#pause(FIRST_PAUSE_MS)
    }
  }

  async partitions(topic: string): Promise<number[]> {
    const { topics } = await this.metadata(topic)
    return [...(topics.get(topic)?.partitions.keys() ?? [])]
  }

  /** The offset after the last record that can be read: before the first open transaction. */
  ends(topic: string): Promise<Record<number, number>> {
    return this.#offsets(topic, LATEST)
  }

  begins(topic: string): Promise<Record<number, number>> {
    return this.#offsets(topic, EARLIEST)
  }

  async #offsets(topic: string, timestamp: bigint): Promise<Record<number, number>> {
    const wanted = (await this.partitions(topic)).map((partitionIndex) => ({ partitionIndex, timestamp }))
    const [listed] = await this.admin(`read the bounds of ${topic}`, (admin) =>
      admin.listOffsets({ topics: [{ name: topic, partitions: wanted }], isolationLevel: READ_COMMITTED }),
    )
    const offsets = (listed?.partitions ?? []).map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)])
    return Object.fromEntries(offsets)
  }

  async committed(topic: string, group: string): Promise<Position> {
    const partitionIndexes = await this.partitions(topic)
    const groups = await this.admin(`read what ${group} committed`, (admin) =>
      admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes }] }] }),
    )
    const partitions = groups.flatMap(({ topics }) => topics).flatMap(({ partitions }) => partitions)
    const committed = partitions.filter(({ committedOffset }) => committedOffset >= 0n)
    return Object.fromEntries(
      committed.map(({ partitionIndex, committedOffset }) => [partitionIndex, Number(committedOffset)]),
    )
  }

  /** For a group without members: its committed position is only a note. */
  async commit(topic: string, group: string, position: Position): Promise<void> {
    const partitionOffsets = Object.entries(position).map(([partition, offset]) => ({
      partition: Number(partition),
      offset: BigInt(offset),
    }))
    await this.admin(`commit for ${group}`, (admin) =>
      admin.alterConsumerGroupOffsets({ groupId: group, topics: [{ name: topic, partitionOffsets }] }),
    )
  }

  /** Repeats a call while the cluster is away or moving, longer and longer apart, and says so. @throws C1Error */
  async patiently<Result>(action: string, call: () => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + this.options.patienceMs
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        return await call()
      } catch (error) {
        if (!isTransient(error) || this.closed.aborted || performance.now() >= deadline) throw kafkaError(action, error)
        this.tellAway(action, error)
        await this.#pause(wait)
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.closed }).catch(() => {})
  }

  /** Warns, not too often, that the cluster does not answer. */
  tellAway(action: string, error: unknown): void {
    if (performance.now() - this.#told < TELL_EVERY_MS) return
    this.#told = performance.now()
    const { brokers } = this.options.connection
    this.options.onWarning(`Cannot ${action} yet: Kafka at ${brokers.join(',')} (${reasonOf(error)}). Trying again.`)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    await closeAtOnce(this.#admin.connections, () => this.#admin.close())
  }
}
