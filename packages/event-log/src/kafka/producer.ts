import { setTimeout as pause } from 'node:timers/promises'
import { C1Error } from '@c1/market'
import type { Producer as LibraryProducer, MessageToProduce, ProduceResult } from '@platformatic/kafka'
import type { LogRecord, Position, Producer } from '../event-log.ts'
import type { KafkaClient } from './client.ts'
import { clientOptions } from './connection.ts'
import { isUnknownTopic, kafkaError, topicMissing } from './errors.ts'

/** More records or bytes at once are slower; a topic takes 1 MiB at once by default. */
const SEND_RECORDS = 1000
const SEND_BYTES = 700_000
/**
 * The library corrupts a timestamp that is this many milliseconds or more from the first of its partition in one send: it
 * shifts a 64-bit difference by 31 bits.
 */
const TIMESTAMP_REACH_MS = 2 ** 31 - 1
/** An absent broker is told of after the first and given up after the second. */
const TELL_AFTER_MS = 5000
const CLOSE_MS = 1000

export interface KafkaProducerOptions {
  readonly client: KafkaClient
  readonly topic: string
  /** Headers of every record, besides its own. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds until an append that no broker takes fails. */
  readonly deliveryMs: number
  readonly onClosed: (producer: KafkaProducer) => void
}

/**
 * An idempotent writer: acknowledged by all replicas, in order, once, also over the loss of a leader. Only what was under way when
 * the last replica was killed and came back was seen to stand there twice, one after the other. Appends follow one another
 * in the order of the calls.
 */
export class KafkaProducer implements Producer {
  readonly #options: KafkaProducerOptions
  readonly #producer: LibraryProducer
  readonly #partitions: number
  readonly #end: Record<number, number>
  readonly #keys = new Map<string, Key>()
  readonly #headers = new WeakMap<object, ReadonlyMap<Buffer, Buffer>>()
  /** Appends that the next send takes. */
  readonly #waiting: Waiting[] = []
  #sending: Promise<void> = Promise.resolve()
  #failure: C1Error | undefined

  private constructor(options: KafkaProducerOptions, end: Record<number, number>) {
    const { client } = options
    this.#options = options
    this.#end = end
    this.#partitions = Object.keys(end).length
    this.#producer = new client.library.Producer({
      ...clientOptions(client.options.connection),
      idempotent: true,
      compression: 'lz4',
    })
  }

  /** @throws UsageError `topic_missing` */
  static async open(options: KafkaProducerOptions): Promise<KafkaProducer> {
    return new KafkaProducer(options, await options.client.ends(options.topic))
  }

  append(records: readonly LogRecord[]): Promise<Position> {
    const { promise, reject, resolve } = Promise.withResolvers<Position>()
    this.#waiting.push({ records, reject, resolve })
    if (this.#waiting.length === 1) this.#sending = this.#sending.then(() => this.#appendWaiting())
    return promise
  }

  /** What `append` resolved has been taken by every replica in step: there is nothing left to flush. */
  async flush(): Promise<void> {
    await this.#sending
  }

  /** What no broker takes any more is given up after a moment: it is made again at the next start. */
  async close(): Promise<void> {
    await Promise.race([this.#sending, pause(CLOSE_MS, undefined, { ref: false })])
    this.#options.onClosed(this)
    await this.#producer.close()
  }

  /** What was appended while a send was under way goes together: a trade does not wait for a round trip of each before it. */
  async #appendWaiting(): Promise<void> {
    const appends = this.#waiting.splice(0)
    try {
      const records = appends.flatMap(({ records }) => records)
      for (const part of parts(records, (key) => this.#keyOf(key).partition)) await this.#send(part)
      for (const { resolve } of appends) resolve({ ...this.#end })
    } catch (error) {
      for (const { reject } of appends) reject(error)
    }
  }

  async #send(records: readonly LogRecord[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const { client, topic } = this.#options
    const messages = records.map((record) => this.#message(record))
    const telling = setInterval(() => client.tellAway(`write ${topic}`, 'no answer'), TELL_AFTER_MS)
    try {
      const result = await this.#inTime(this.#producer.send({ messages }))
      this.#reach(messages, result)
    } catch (error) {
      if (isUnknownTopic(error)) throw topicMissing(topic)
      throw kafkaError(`write ${topic}`, error)
    } finally {
      clearInterval(telling)
    }
  }

  /**
   * The library tries for ever, which keeps the order and every record; beyond the deadline nobody knows whether the last
   * send is in the log, so this producer sends nothing more.
   */
  async #inTime(sending: Promise<ProduceResult>): Promise<ProduceResult> {
    const { deliveryMs, topic } = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#failure = new C1Error(
          'log_unreachable',
          `Kafka took no record of ${topic} for ${Math.round(deliveryMs / 1000)} s. Start again when it answers: whatever was not written is made again.`,
          { retryable: true },
        )
        reject(this.#failure)
      }, deliveryMs)
    })
    try {
      return await Promise.race([sending, late])
    } finally {
      clearTimeout(timer)
      sending.catch(() => undefined)
    }
  }

  #message(record: LogRecord): Message {
    const { bytes, partition } = this.#keyOf(record.key)
    const { buffer, byteOffset, byteLength } = record.value
    return {
      topic: this.#options.topic,
      partition,
      key: bytes,
      value: Buffer.from(buffer, byteOffset, byteLength),
      headers: this.#headersOf(record.headers) as Map<Buffer, Buffer>,
      timestamp: BigInt(milliseconds(record)),
    }
  }

  /** As every other client places it, so that a foreign program finds a symbol where it expects it. */
  #keyOf(key: string): Key {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const bytes = Buffer.from(key)
    const made = { bytes, partition: partitionOf(this.#options.client, bytes, this.#partitions) }
    this.#keys.set(key, made)
    return made
  }

  #headersOf(headers: Readonly<Record<string, string>>): ReadonlyMap<Buffer, Buffer> {
    const known = this.#headers.get(headers)
    if (known !== undefined) return known
    const all = Object.entries({ ...headers, ...this.#options.headers })
    const made = new Map(all.map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
    this.#headers.set(headers, made)
    return made
  }

  #reach(messages: readonly Message[], { offsets = [] }: ProduceResult): void {
    for (const { offset, partition } of offsets) {
      const count = messages.filter((message) => message.partition === partition).length
      this.#end[partition] = Math.max(this.#end[partition] ?? 0, Number(offset) + count)
    }
  }
}

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer> & { readonly partition: number }

interface Waiting {
  readonly records: readonly LogRecord[]
  readonly resolve: (position: Position) => void
  readonly reject: (reason: unknown) => void
}

interface Key {
  readonly bytes: Buffer
  readonly partition: number
}

/** The partitioner looks at the key alone. */
const NO_MESSAGE = { topic: '', value: Buffer.alloc(0) }

/** Java's partitioner. The library's default one differs from it for half of the keys where partitions are no power of two. */
export function partitionOf({ library }: KafkaClient, key: Buffer, partitions: number): number {
  return library.compatibilityPartitioner(NO_MESSAGE, key) % partitions
}

/** Cuts records into what may be sent at once. */
function* parts(records: readonly LogRecord[], partitionOf: (key: string) => number): Generator<readonly LogRecord[]> {
  let start = 0
  let bytes = 0
  let first = new Map<number, number>()
  for (const [at, record] of records.entries()) {
    const partition = partitionOf(record.key)
    const time = milliseconds(record)
    const reach = Math.abs(time - (first.get(partition) ?? time))
    if (at - start >= SEND_RECORDS || bytes + record.value.length > SEND_BYTES || reach >= TIMESTAMP_REACH_MS) {
      if (at > start) yield records.slice(start, at)
      start = at
      bytes = 0
      first = new Map()
    }
    bytes += record.value.length
    if (!first.has(partition)) first.set(partition, time)
  }
  if (start < records.length) yield records.slice(start)
}

function milliseconds({ timestamp }: LogRecord): number {
  return Math.floor(timestamp / 1000)
}
