import { InvariantError } from '@c1/market'
import type {
  Consumer,
  ConsumerOptions,
  EventLog,
  Position,
  Producer,
  ProducerOptions,
  ShareOptions,
} from '../event-log.ts'
import { KafkaClient } from './client.ts'
import type { KafkaConnection } from './connection.ts'
import { KafkaConsumer } from './consumer.ts'
import { GatheringProducer } from './gathering-producer.ts'
import { Membership } from './membership.ts'
import { KafkaProducer } from './producer.ts'
import { SharedProducers } from './shared-producers.ts'
import { TopicFetchers } from './topic-fetchers.ts'

export interface KafkaLogOptions {
  readonly connection: KafkaConnection
  /** Stands before every topic and group. */
  readonly prefix?: string
  /** Headers of every record that is written here, besides its own: who wrote it, say. */
  readonly headers?: Readonly<Record<string, string>>
  /** How long an absent broker is waited for. Milliseconds; default 60 s, Infinity waits for ever. */
  readonly patienceMs?: number
  /** How long an append waits for a broker that takes it. Milliseconds, default 10 minutes. */
  readonly deliveryMs?: number
  /** Told what is waited for. Fit to be shown to a user. */
  readonly onWarning: (message: string) => void
}

const PATIENCE_MS = 60_000
const DELIVERY_MS = 10 * 60_000

/**
 * An event log on Kafka or Redpanda: partitions by key, any number of writers and readers on any machine. README.md says
 * where its guarantees differ from the embedded log's.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const { connection, onWarning, patienceMs = PATIENCE_MS } = options
  return new KafkaLog(options, await KafkaClient.open({ connection, onWarning, patienceMs }))
}

class KafkaLog implements EventLog {
  readonly isShared = true
  readonly #options: KafkaLogOptions
  readonly #client: KafkaClient
  readonly #producers = new Set<KafkaProducer>()
  readonly #consumers = new Set<KafkaConsumer>()
  readonly #fetchers: TopicFetchers
  readonly #shared = new SharedProducers((topic) => this.#open(topic))
  #closed = false

  constructor(options: KafkaLogOptions, client: KafkaClient) {
    this.#options = options
    this.#client = client
    this.#fetchers = new TopicFetchers(client)
  }

  async producer(topic: string, { gatherMs = 0 }: ProducerOptions = {}): Promise<Producer> {
    const producer = await this.#shared.use(this.#name(topic))
    return gatherMs > 0 ? new GatheringProducer(producer, gatherMs) : producer
  }

  async #open(topic: string): Promise<KafkaProducer> {
    const { deliveryMs = DELIVERY_MS, headers = {} } = this.#options
    const producer = await KafkaProducer.open({
      client: this.#client,
      topic,
      headers,
      deliveryMs,
      onClosed: (closed) => this.#producers.delete(closed),
    })
    this.#producers.add(producer)
    return producer
  }

  async consumer(topic: string, options: ConsumerOptions): Promise<Consumer> {
    const { group } = options
    const named = group === undefined ? options : { ...options, group: this.#group(group) }
    const context = {
      client: this.#client,
      fetchers: this.#fetchers,
      onFinished: (finished: KafkaConsumer) => this.#consumers.delete(finished),
    }
    const consumer = await KafkaConsumer.open(context, this.#name(topic), named)
    this.#consumers.add(consumer)
    return consumer
  }

  async share(topic: string, options: ShareOptions): Promise<void> {
    const group = this.#group(options.group)
    await new Membership(this.#client, this.#name(topic), { ...options, group }).run()
  }

  async bounds(topic: string): Promise<{ begin: Position; end: Position }> {
    const name = this.#name(topic)
    const [begin, end] = await Promise.all([this.#client.begins(name), this.#client.ends(name)])
    return { begin, end }
  }

  committed(topic: string, group: string): Promise<Position> {
    return this.#client.committed(this.#name(topic), this.#group(group))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await Promise.all([...this.#producers].map((producer) => producer.close()))
    await this.#client.close()
  }

  #name(topic: string): string {
    if (this.#closed)
      throw new InvariantError('log_closed', `The topic ${topic} was asked for after the log was closed.`)
    return `${this.#options.prefix ?? ''}${topic}`
  }

  #group(group: string): string {
    return `${this.#options.prefix ?? ''}${group}`
  }
}
