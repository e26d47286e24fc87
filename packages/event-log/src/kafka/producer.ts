import { setTimeout as pause } from 'node:timers/promises'
import type { LogRecord, Position, Producer } from '../event-log.ts'
import { type EncodableRecord, encodeHeaders } from './batch-encoder.ts'
import type { KafkaClient } from './client.ts'
import { IdempotentWriter } from './idempotent-writer.ts'

/** More records or bytes at once are slower; a topic takes 1 MiB at once by default. */
const SEND_RECORDS = 1000
const SEND_BYTES = 700_000
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

/** An append whose records are not on their way yet. */
export interface PendingAppend {
  readonly records: readonly LogRecord[]
  readonly resolve: (position: Position) => void
  readonly reject: (reason: unknown) => void
}

/** Appends follow one another in the order of the calls, each record once. */
export class KafkaProducer implements Producer {
  readonly #options: KafkaProducerOptions
  readonly #writer: IdempotentWriter
  readonly #partitions: number
  readonly #keys = new Map<string, Key>()
  readonly #headers = new WeakMap<object, Uint8Array>()
  /** Appends that the next send takes. */
  readonly #waiting: PendingAppend[] = []
  #sending: Promise<void> = Promise.resolve()

  private constructor(options: KafkaProducerOptions, ends: Record<number, number>) {
    this.#options = options
    this.#writer = new IdempotentWriter({ ...options, ends })
    this.#partitions = Object.keys(ends).length
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
    await this.#writer.close()
  }

  /** What was appended while a send was under way goes together: a trade does not wait for a round trip of each before it. */
  async #appendWaiting(): Promise<void> {
    const appends = this.#waiting.splice(0)
    try {
      for (const part of parts(appends.flatMap(({ records }) => records))) {
        const byPartition = Map.groupBy(part, ({ key }) => this.#keyOf(key).partition)
        const encodable = [...byPartition].map(([partition, records]) => {
          return [partition, records.map((record) => this.#encodable(record))] as const
        })
        await this.#writer.write(new Map(encodable))
      }
      for (const { resolve } of appends) resolve(this.#writer.ends)
    } catch (error) {
      for (const { reject } of appends) reject(error)
    }
  }

  #encodable({ headers, key, timestamp, value }: LogRecord): EncodableRecord {
    return {
      key: this.#keyOf(key).bytes,
      value,
      headers: this.#headersOf(headers),
      timestampMs: Math.floor(timestamp / 1000),
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

  #headersOf(headers: Readonly<Record<string, string>>): Uint8Array {
    const known = this.#headers.get(headers)
    if (known !== undefined) return known
    const made = encodeHeaders({ ...headers, ...this.#options.headers })
    this.#headers.set(headers, made)
    return made
  }
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
function* parts(records: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  let start = 0
  let bytes = 0
  for (const [at, { value }] of records.entries()) {
    if (at > start && (at - start >= SEND_RECORDS || bytes + value.length > SEND_BYTES)) {
      yield records.slice(start, at)
      start = at
      bytes = 0
    }
    bytes += value.length
  }
  if (start < records.length) yield records.slice(start)
}
