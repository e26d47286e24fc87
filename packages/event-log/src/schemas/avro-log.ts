import { C1Error, type MalformedError } from '@c1/market'
import type {
  Batch,
  Consumer,
  ConsumerOptions,
  EventLog,
  LogRecord,
  Position,
  Producer,
  StoredRecord,
} from '../event-log.ts'
import { AVRO_MAGIC, malformedRecord } from '../messages/row.ts'
import { CHECKPOINTS_TOPIC, type Topic } from '../topics.ts'
import { type AvroReader, type AvroWriter, avroReader, avroWriter, columnsOf, topicOf } from './avro-values.ts'
import type { SchemaRegistry } from './schema-registry.ts'

type Avro = typeof import('avsc')

/** Confluent's wire format: the magic byte, the schema's id in four bytes, the value. JSON never begins with a zero byte. */
const HEAD_BYTES = 5

export interface AvroLogOptions {
  readonly registry: SchemaRegistry
  /** Stands before the topic in the name of its subject, `<prefix><topic>-value`. */
  readonly prefix?: string
}

/**
 * The same log with its values as Avro: canonical JSON above, Confluent's wire format below. Records that were written as JSON
 * before the registry was set are read as they are.
 */
export async function withAvroValues(log: EventLog, options: AvroLogOptions): Promise<EventLog> {
  const { default: avro } = await import('avsc')
  const values = new AvroValues(avro, options)
  return {
    isShared: log.isShared,
    share: (topic, shareOptions) => log.share(topic, shareOptions),
    producer: async (topic, producerOptions) => {
      const producer = await log.producer(topic, producerOptions)
      return topic === CHECKPOINTS_TOPIC ? producer : avroProducer(producer, topic, values)
    },
    consumer: async (topic, consumerOptions: ConsumerOptions) => {
      const consumer = await log.consumer(topic, consumerOptions)
      return topic === CHECKPOINTS_TOPIC ? consumer : new AvroConsumer(consumer, values)
    },
    bounds: (topic) => log.bounds(topic),
    committed: (topic, group) => log.committed(topic, group),
    close: () => log.close(),
  }
}

function avroProducer(producer: Producer, topic: string, values: AvroValues): Producer {
  return {
    append: async (records) => producer.append(await values.encode(topic, records)),
    flush: () => producer.flush(),
    close: () => producer.close(),
  }
}

class AvroConsumer implements Consumer {
  readonly #consumer: Consumer
  readonly #values: AvroValues

  constructor(consumer: Consumer, values: AvroValues) {
    this.#consumer = consumer
    this.#values = values
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    for await (const { records, next } of this.#consumer) yield { records: await this.#values.decode(records), next }
  }

  commit(position: Position): Promise<void> {
    return this.#consumer.commit(position)
  }

  close(): Promise<void> {
    return this.#consumer.close()
  }
}

interface Registered {
  readonly head: Buffer
  readonly writer: AvroWriter
}

class AvroValues {
  readonly #avro: Avro
  readonly #options: AvroLogOptions
  readonly #writers = new Map<string, Registered>()
  /** By topic: a message without feature columns follows any schema of its topic. */
  readonly #newest = new Map<string, Registered>()
  readonly #readers = new Map<string, AvroReader>()

  constructor(avro: Avro, options: AvroLogOptions) {
    this.#avro = avro
    this.#options = options
  }

  async encode(topic: string, records: readonly LogRecord[]): Promise<LogRecord[]> {
    const encoded: LogRecord[] = []
    for (const record of records) {
      const { head, writer } = await this.#writer(topic, record)
      encoded.push({ ...record, value: Buffer.concat([head, writer.write(record)]) })
    }
    return encoded
  }

  async decode(records: readonly StoredRecord[]): Promise<StoredRecord[]> {
    const decoded: StoredRecord[] = []
    for (const record of records) {
      decoded.push(record.value[0] === AVRO_MAGIC ? await this.#decodeOne(record) : record)
    }
    return decoded
  }

  async #decodeOne(record: StoredRecord): Promise<StoredRecord> {
    const bytes = Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength)
    if (bytes.length <= HEAD_BYTES) throw malformed(record, `its value has ${bytes.length} bytes, which is no Avro`)
    const reader = await this.#reader(record, bytes.readUInt32BE(1))
    try {
      return { ...record, value: Buffer.from(reader.read(bytes.subarray(HEAD_BYTES))) }
    } catch (error) {
      throw malformed(record, `its value does not follow its schema (${(error as Error).message})`)
    }
  }

  async #writer(topic: string, record: LogRecord): Promise<Registered> {
    const schemaOf = topicOf(record)
    const columns = columnsOf(schemaOf, record)
    const name = [topic, ...columns].join()
    const known = columns.length === 0 ? this.#newest.get(topic) : this.#writers.get(name)
    if (known !== undefined) return known
    const writer = avroWriter(this.#avro, schemaOf, columns)
    const id = await this.#options.registry.register(`${this.#options.prefix ?? ''}${topic}-value`, writer.schema)
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32BE(id, 1)
    const registered = { head, writer }
    this.#writers.set(name, registered)
    this.#newest.set(topic, registered)
    return registered
  }

  async #reader(record: StoredRecord, id: number): Promise<AvroReader> {
    const topic = readable(record)
    const name = `${topic} ${id}`
    const known = this.#readers.get(name)
    if (known !== undefined) return known
    const schema = await this.#options.registry.schema(id)
    try {
      const reader = avroReader(this.#avro, topic, schema)
      this.#readers.set(name, reader)
      return reader
    } catch (error) {
      throw malformed(record, `schema ${id} of the registry is not one of ours (${(error as Error).message})`)
    }
  }
}

function readable(record: StoredRecord): Topic {
  try {
    return topicOf(record)
  } catch (error) {
    throw error instanceof C1Error ? malformed(record, error.message) : error
  }
}

function malformed(record: StoredRecord, reason: string): MalformedError {
  const topic = record.headers['c1-schema'] ?? 'a topic of other messages'
  return malformedRecord(topic, record, reason, {}, 'schema_unknown')
}
