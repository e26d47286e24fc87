import { type EpochMicros, InvariantError } from '@c1/market'
import type { Type } from 'avsc'
import type { LogRecord } from '../event-log.ts'
import { numberText, timeOf, timeText } from '../messages/row.ts'
import { TOPICS, type Topic } from '../topics.ts'
import { type AvroSchema, avroNamespace, avroSchema } from './avro-schema.ts'
import { type Field, MESSAGE_SCHEMAS, type MessageSchema } from './messages.ts'

/** The library, loaded when a registry is used. */
type Avro = typeof import('avsc')
type Row = Readonly<Record<string, unknown>>

/** Turns canonical JSON of one topic, and of one set of feature columns, into Avro. */
export interface AvroWriter {
  readonly schema: AvroSchema
  /** @throws InvariantError `schema_mismatch` for a value that the schema does not describe exactly */
  write(record: LogRecord): Buffer
}

/** The other way, for what was written by one schema of the registry. */
export interface AvroReader {
  /** The JSON that its writer would have written: the same bytes, whatever the version. @throws Error when cut off */
  read(bytes: Buffer): string
}

/** The topic whose schema a record says it follows. */
export function topicOf({ headers }: LogRecord): Topic {
  const schema = headers['c1-schema']
  const topic = Object.values(TOPICS).find((topic) => topic === schema)
  if (topic === undefined) throw mismatch(`its header c1-schema is ${JSON.stringify(schema)}`)
  return topic
}

/** Names of the feature columns of a record, which decide its schema; none in other topics. */
export function columnsOf(topic: Topic, record: LogRecord): string[] {
  const { fields } = messageOf(topic, record)
  if (!fields.some(({ form }) => form === 'columns')) return []
  const known = new Set(fields.map(({ name }) => name))
  return Object.keys(parse(record)).filter((name) => !known.has(name))
}

export function avroWriter(avro: Avro, topic: Topic, columns: readonly string[]): AvroWriter {
  const schema = avroSchema(topic, columns)
  const type = typeOf(avro, schema)
  const messages = MESSAGE_SCHEMAS[topic]
  const namespace = avroNamespace(topic)
  return {
    schema,
    write: (record) => {
      const message = messageOf(topic, record)
      const value = toAvro(withColumns(message, columns), parse(record))
      return type.toBuffer(messages.length === 1 ? value : { [`${namespace}.${message.title}`]: value })
    },
  }
}

/** As other people may have registered it. */
interface NamedSchema {
  readonly name?: string
  readonly namespace?: string
  readonly fields?: readonly { readonly name: string }[]
}

/** @throws InvariantError `schema_mismatch` for a schema that is none of the topic's */
export function avroReader(avro: Avro, topic: Topic, schema: string): AvroReader {
  const written = JSON.parse(schema) as AvroSchema
  const records: readonly NamedSchema[] = [written].flat()
  const namespace = avroNamespace(topic)
  const printers = new Map<string, (row: Row) => string>()
  for (const { fields = [], name = '', namespace: own } of records) {
    const full = own === undefined ? name : `${own}.${name}`
    const message = MESSAGE_SCHEMAS[topic].find(({ title }) => full === `${namespace}.${title}`)
    if (message !== undefined) printers.set(full, printer(message, fields))
  }
  if (printers.size === 0)
    throw mismatch(`it is ${records.map(({ name }) => name).join(', ')}, which is not of ${topic}`)
  const type = typeOf(avro, written)
  const [only] = printers.values()
  return {
    read: (bytes) => {
      const value = type.fromBuffer(bytes) as Row
      if (!Array.isArray(written)) return (only as (row: Row) => string)(value)
      const [[name = '', row] = []] = Object.entries(value)
      const print = printers.get(name)
      if (print === undefined) throw mismatch(`it is a ${name}, which is not of ${topic}`)
      return print(row as Row)
    },
  }
}

function typeOf(avro: Avro, schema: AvroSchema): Type {
  // A union of records is told by name, also where it has only one; of null and one type by the value.
  const long = exactLong(avro)
  return avro.Type.forSchema(schema as Parameters<Avro['Type']['forSchema']>[0], {
    wrapUnions: 'auto',
    typeHook: (inner) => (inner === 'long' || (inner as { type?: unknown }).type === 'long' ? long : undefined),
  })
}

/** Whole numbers up to 2^53, as JSON has them: the library's own stop at 2^52. */
function exactLong(avro: Avro): Type {
  return avro.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => {
      const value = bytes.readInt32LE(4) * 2 ** 32 + bytes.readUInt32LE(0)
      if (!Number.isSafeInteger(value)) throw new Error('a whole number is beyond 2^53')
      return value
    },
    toBuffer: (value: number) => {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeUInt32LE(value % 2 ** 32, 0)
      bytes.writeInt32LE(Math.floor(value / 2 ** 32), 4)
      return bytes
    },
    fromJSON: Number,
    toJSON: (value: number) => value,
    isValid: Number.isSafeInteger,
    compare: (a: number, b: number) => a - b,
  })
}

function messageOf(topic: Topic, { headers }: LogRecord): MessageSchema {
  const kind = headers['c1-kind']
  const message = MESSAGE_SCHEMAS[topic].find((message) => message.kind === kind)
  if (message === undefined) throw mismatch(`its header c1-kind is ${JSON.stringify(kind)}`)
  return message
}

function parse({ value }: LogRecord): Row {
  return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as Row
}

function withColumns({ fields }: MessageSchema, columns: readonly string[]): readonly Field[] {
  return fields.flatMap((field) =>
    field.form === 'columns' ? columns.map((name) => ({ ...field, name, absence: 'null' as const })) : [field],
  )
}

/** A field more or fewer, or one in another place, would not come back as it was. */
function toAvro(fields: readonly Field[], row: Row): Row {
  const names = Object.keys(row)
  const there = fields.filter(({ absence, name }) => absence !== 'left out' || name in row)
  if (there.length !== names.length || there.some(({ name }, at) => name !== names[at])) {
    throw mismatch(`its fields are ${names.join(', ')}, expected ${fields.map(({ name }) => name).join(', ')}`)
  }
  return Object.fromEntries(fields.map((field) => [field.name, fieldToAvro(field, row[field.name] ?? null)]))
}

function fieldToAvro({ form, name }: Field, value: unknown): unknown {
  if (value === null) return null
  if (form === 'base64') return Buffer.from(value as string, 'base64')
  if (form !== 'time') return value
  const time = timeOf(value as string)
  if (time === undefined) throw mismatch(`its field ${name} is ${JSON.stringify(value)}, which is no time`)
  return time
}

/** Prints the fields that the writer's schema has, in its order. One that we do not know was added by a later version. */
function printer({ fields }: MessageSchema, written: readonly { name: string }[]): (row: Row) => string {
  const columns = fields.find(({ form }) => form === 'columns')
  const known = written.map(({ name }): Field => {
    const later: Field = { name, form: 'text', description: '' }
    return fields.find((field) => field.name === name) ?? (columns === undefined ? later : { ...columns, name })
  })
  return (row) => {
    const printed = known.flatMap((field) => {
      const value = row[field.name]
      if (value === null && field.absence === 'left out') return []
      return [`${JSON.stringify(field.name)}:${text(field, value)}`]
    })
    return `{${printed.join(',')}}`
  }
}

function text({ form, name }: Field, value: unknown): string {
  if (value === null) return 'null'
  if (form === 'time') return `"${timeText(value as EpochMicros)}"`
  if (form === 'base64') return `"${(value as Buffer).toString('base64')}"`
  return typeof value === 'number' ? numberText(name, value) : JSON.stringify(value)
}

function mismatch(reason: string): InvariantError {
  return new InvariantError('schema_mismatch', `A value cannot be converted between JSON and Avro: ${reason}.`)
}
