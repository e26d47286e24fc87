import { setTimeout as pause } from 'node:timers/promises'
import { C1Error } from '@c1/market'
import type { Broker, Connection, ConnectionPool } from '@platformatic/kafka'
import { type BatchCodec, type EncodableRecord, encodeBatch } from './batch-encoder.ts'
import type { KafkaClient } from './client.ts'
import { closeAtOnce } from './connection.ts'
import { isTransient, isUnknownTopic, kafkaError, topicMissing } from './errors.ts'
import { fetchRecords, OFFSET_OUT_OF_RANGE } from './fetch-request.ts'
import { type ProducedPartition, produceBatches } from './produce-request.ts'
import { type BatchHeader, batchHeaders } from './record-batches.ts'

/** Less than the client waits for an answer, so that the leader's own word is heard. */
const REPLICATION_MS = 10_000
const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 1000
/** An absent broker is told of after the first and given up after `deliveryMs`. */
const TELL_AFTER_MS = 5000
const SEQUENCES = 2 ** 31

const FETCH_BYTES = 1024 * 1024

const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const DUPLICATE_SEQUENCE_NUMBER = 46
const UNKNOWN_PRODUCER_ID = 59

const NOTHING = Buffer.alloc(0)

export interface IdempotentWriterOptions {
  readonly client: KafkaClient
  readonly topic: string
  /** Milliseconds until a write that no broker takes fails. */
  readonly deliveryMs: number
  /** Where the partitions ended before the first write. */
  readonly ends: Readonly<Record<number, number>>
}

interface Identity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

interface Batch {
  readonly bytes: Buffer
  readonly sequence: number
  readonly count: number
}

interface Delivery {
  readonly identity: Identity
  /** By partition. */
  readonly pending: Map<number, Batch>
  /** Why the broker will not have a batch. */
  refusal: unknown
}

/**
 * Writes batches so that each is in the log of all replicas in step once, also over the loss of leaders and the return of the only
 * broker: every batch has the identity of its writer and a sequence number in its partition, and is sent as it is until a broker says
 * what became of it. Nothing else is sent to the partition before.
 *
 * Brokers know a batch that comes again by its writer, whom they forget by the times of his records: at their next start, where these
 * are older than a day (`producer.id.expiration.ms`), as history's are. So over a new connection the log itself is asked first: whether it still
 * holds what it had acknowledged, and perhaps already the batch whose answer was lost.
 */
export class IdempotentWriter {
  readonly #options: IdempotentWriterOptions
  readonly #pool: ConnectionPool
  readonly #codec: BatchCodec
  readonly #ends: Record<number, number>
  /** Records that each partition has taken, modulo 2^31. */
  readonly #sequences = new Map<number, number>()
  /** Over which each partition took its last batch: while it lives the leader lives, and knows this writer. */
  readonly #trusted = new Map<number, Connection>()
  #identity: Identity | undefined
  #leaders: ReadonlyMap<number, Broker | undefined> | undefined
  /** Why nothing more is written: what became of a batch is not known, or the broker lost what came before it. */
  #failure: C1Error | undefined

  constructor(options: IdempotentWriterOptions) {
    const { compressionsAlgorithms, crc32c } = options.client.library
    const { bitmask, compressSync } = compressionsAlgorithms.lz4
    this.#options = options
    this.#ends = { ...options.ends }
    this.#pool = options.client.openPool()
    this.#codec = { compress: compressSync, compression: bitmask, checksum: crc32c }
  }

  /** The offset after the last record that was written, by partition. */
  get ends(): Readonly<Record<number, number>> {
    return { ...this.#ends }
  }

  /**
   * One write at a time. What one partition refuses the others may have taken.
   *
   * @throws UsageError `topic_missing`
   * @throws C1Error `batch_too_large`, `clock_skewed`; `log_unreachable`, `log_shortened`, after which nothing more is written
   */
  async write(records: ReadonlyMap<number, readonly EncodableRecord[]>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const { client, topic } = this.#options
    const telling = setInterval(() => client.tellAway(`write ${topic}`, 'no answer'), TELL_AFTER_MS)
    try {
      await this.#inTime(this.#deliver(records))
    } catch (error) {
      throw this.#told(error)
    } finally {
      clearInterval(telling)
    }
  }

  /** What is under way is given up: whether it will be in the log nobody knows. */
  async close(): Promise<void> {
    this.#failure ??= new C1Error('log_closed', `The writer of ${this.#options.topic} is closed.`)
    await closeAtOnce(this.#pool, () => this.#pool.close())
  }

  #told(error: unknown): C1Error {
    const { topic } = this.#options
    return isUnknownTopic(error) ? topicMissing(topic) : kafkaError(`write ${topic}`, error)
  }

  async #inTime(delivery: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#failure ??= this.#takesNothing()
        reject(this.#failure)
      }, this.#options.deliveryMs)
    })
    try {
      await Promise.race([delivery, late])
    } finally {
      clearTimeout(timer)
      delivery.catch(() => undefined)
    }
  }

  async #deliver(records: ReadonlyMap<number, readonly EncodableRecord[]>): Promise<void> {
    const identity = await this.#patiently(() => this.#identify())
    const delivery: Delivery = { identity, pending: this.#encode(records, identity), refusal: undefined }
    try {
      await this.#patiently(() => this.#attempt(delivery))
    } catch (error) {
      this.#failure ??= this.#told(error)
      throw error
    }
    if (delivery.refusal !== undefined) throw delivery.refusal
  }

  /** Repeats a call while brokers are away or moving, with leaders looked up again. */
  async #patiently<Result>(call: () => Promise<Result>): Promise<Result> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
      try {
        return await call()
      } catch (error) {
        if (!isTransient(error)) throw error
        this.#leaders = undefined
        await pause(wait, undefined, { signal: this.#options.client.closed }).catch(() => {})
        if (this.#failure !== undefined) throw this.#failure
        if (this.#options.client.closed.aborted) throw error
      }
    }
  }

  /** Any broker gives an identity; it is the writer's for as long as that lives. */
  async #identify(): Promise<Identity> {
    if (this.#identity !== undefined) return this.#identity
    const [broker] = (await this.#findLeaders()).values()
    const connection = await this.#connect(broker)
    const { initProducerIdV4 } = this.#options.client.library
    const { producerEpoch, producerId } = await initProducerIdV4.api.async(connection, null, REPLICATION_MS)
    this.#identity = { producerId, producerEpoch }
    return this.#identity
  }

  #encode(records: ReadonlyMap<number, readonly EncodableRecord[]>, identity: Identity): Map<number, Batch> {
    const batches = [...records].map(([partition, ofPartition]) => {
      const sequence = this.#sequences.get(partition) ?? 0
      const bytes = encodeBatch(ofPartition, { ...identity, sequence }, this.#codec)
      return [partition, { bytes, sequence, count: ofPartition.length }] as const
    })
    return new Map(batches)
  }

  /** @throws what may go well later, while a batch is still pending */
  async #attempt(delivery: Delivery): Promise<void> {
    const leaders = await this.#findLeaders()
    const byLeader = Map.groupBy(delivery.pending.keys(), (partition) => leaders.get(partition))
    const sending = [...byLeader].map(([leader, partitions]) => this.#send(delivery, leader, partitions))
    const failures = (await Promise.allSettled(sending)).flatMap((sent) => {
      return sent.status === 'rejected' ? [sent.reason] : sent.value
    })
    if (failures.length > 0) throw failures.find((failure) => !isTransient(failure)) ?? failures[0]
  }

  /** @returns why batches are still pending */
  async #send(delivery: Delivery, leader: Broker | undefined, partitions: readonly number[]): Promise<unknown[]> {
    const connection = await this.#connect(leader)
    for (const partition of partitions) {
      if (this.#trusted.get(partition) !== connection) await this.#lookFor(delivery, connection, partition)
    }
    const batches = new Map([...delivery.pending].filter(([partition]) => partitions.includes(partition)))
    if (batches.size === 0) return []
    const answers = await produceBatches(connection, this.#writer, {
      topic: this.#options.topic,
      batches: new Map([...batches].map(([partition, { bytes }]) => [partition, bytes])),
      timeoutMs: REPLICATION_MS,
    })
    for (const { error, partition } of answers) if (error === 0) this.#trusted.set(partition, connection)
    const failures = await Promise.all(answers.map((answer) => this.#accept(delivery, answer)))
    return failures.filter((failure) => failure !== undefined)
  }

  #writer = () => this.#options.client.library.Writer.create()

  /** Takes the batch as written if it is among what the partition has got since. @throws C1Error `log_shortened` */
  async #lookFor(delivery: Delivery, connection: Connection, partition: number): Promise<void> {
    const { producerId } = delivery.identity
    const sequence = delivery.pending.get(partition)?.sequence
    let from = this.#ends[partition] ?? 0
    for (let headers = await this.#fetch(connection, partition, from); headers.length > 0; ) {
      const found = headers.find((batch) => batch.producerId === producerId && batch.sequence === sequence)
      if (found !== undefined) {
        await this.#accept(delivery, { partition, error: 0, offset: found.offset })
        return
      }
      from = headers.at(-1)?.next ?? from
      headers = await this.#fetch(connection, partition, from)
    }
  }

  /** @returns none at the end, nor where retention removed them */
  async #fetch(connection: Connection, partition: number, from: number): Promise<readonly BatchHeader[]> {
    const [fetched] = await fetchRecords(connection, this.#writer, {
      topic: this.#options.topic,
      offsets: new Map([[partition, from]]),
      partitionBytes: FETCH_BYTES,
      maxBytes: FETCH_BYTES,
      minBytes: 0,
      maxWaitMs: 0,
    })
    const error = fetched?.error ?? 0
    if (error === OFFSET_OUT_OF_RANGE && (await this.#end(partition)) < from) throw this.#shortened(partition)
    if (error !== 0 && error !== OFFSET_OUT_OF_RANGE) throw new this.#options.client.library.ProtocolError(error)
    return [...batchHeaders(fetched?.records ?? NOTHING)]
  }

  async #end(partition: number): Promise<number> {
    const { client, topic } = this.#options
    return (await client.ends(topic))[partition] ?? 0
  }

  /** @returns why the batch is still pending, if it is */
  async #accept(delivery: Delivery, { error, offset, partition }: ProducedPartition): Promise<unknown> {
    const count = delivery.pending.get(partition)?.count ?? 0
    if (error === OUT_OF_ORDER_SEQUENCE_NUMBER || error === UNKNOWN_PRODUCER_ID) return this.#shortened(partition)
    if (error === 0 || error === DUPLICATE_SEQUENCE_NUMBER) {
      // A broker that knows the batch may no longer know where it stands.
      this.#ends[partition] = offset >= 0 ? offset + count : await this.#end(partition)
      this.#sequences.set(partition, ((this.#sequences.get(partition) ?? 0) + count) % SEQUENCES)
    } else {
      const failure = new this.#options.client.library.ProtocolError(error)
      if (isTransient(failure)) return failure
      delivery.refusal ??= failure
    }
    delivery.pending.delete(partition)
    return undefined
  }

  async #findLeaders(): Promise<ReadonlyMap<number, Broker | undefined>> {
    if (this.#leaders !== undefined) return this.#leaders
    const { client, topic } = this.#options
    const { brokers, topics } = await client.metadata(topic, true)
    const partitions = topics.get(topic)?.partitions ?? []
    this.#leaders = new Map([...partitions.entries()].map(([at, { leader }]) => [at, brokers.get(leader)]))
    return this.#leaders
  }

  /** The library takes no broker for one that is away. */
  #connect(broker: Broker | undefined): Promise<Connection> {
    return this.#pool.get(broker as Broker)
  }

  #takesNothing(): C1Error {
    const { deliveryMs, topic } = this.#options
    return new C1Error(
      'log_unreachable',
      `Kafka took no record of ${topic} for ${Math.round(deliveryMs / 1000)} s. Start again when it answers: whatever was not written is made again.`,
      { retryable: true },
    )
  }

  #shortened(partition: number): C1Error {
    const { topic } = this.#options
    return new C1Error(
      'log_shortened',
      `Kafka no longer has records of ${topic}/${partition} that it had acknowledged to this writer: a broker lost its disk, or a replica that was behind ` +
        'became the leader. Start again: what is missing is made again, or told where it cannot be.',
      { details: { topic, partition } },
    )
  }
}
