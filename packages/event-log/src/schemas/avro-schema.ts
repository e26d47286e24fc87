import type { Topic } from '../topics.ts'
import { type Field, type Form, MESSAGE_SCHEMAS, type MessageSchema } from './messages.ts'

/** As it is sent to a registry. */
export type AvroSchema = AvroRecord | readonly AvroRecord[]

interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly namespace: string
  readonly doc: string
  readonly fields: readonly AvroField[]
}

interface AvroField {
  readonly name: string
  readonly doc: string
  readonly type: unknown
  readonly default?: null
}

/** Decimals stay text: prices compare exactly with the venue's, and each symbol has its own number of digits. */
const FORMS: Readonly<Record<Form, unknown>> = {
  symbol: 'string',
  text: 'string',
  time: { type: 'long', logicalType: 'timestamp-micros' },
  decimal: 'string',
  count: 'long',
  number: 'double',
  boolean: 'boolean',
  span: 'string',
  base64: 'bytes',
  columns: 'double',
}

/**
 * The Avro schema of a topic's values: a record, or a union of records where the topic has several kinds. `columns` are the names
 * of the features of a group. Whatever may be absent has a default, so that versions can be read by each other.
 */
export function avroSchema(topic: Topic, columns: readonly string[] = []): AvroSchema {
  const [first, ...others] = MESSAGE_SCHEMAS[topic].map((message) => recordSchema(topic, message, columns))
  return others.length === 0 ? (first as AvroRecord) : [first as AvroRecord, ...others]
}

/** `c1.dead_letters` of `dead-letters.v1`: an Avro name has no dashes, and a new version is a new topic. */
export function avroNamespace(topic: Topic): string {
  return `c1.${topic.replace(/\.v1$/, '').replaceAll('-', '_')}`
}

function recordSchema(
  topic: Topic,
  { description, fields, title }: MessageSchema,
  columns: readonly string[],
): AvroRecord {
  return {
    type: 'record',
    name: title,
    namespace: avroNamespace(topic),
    doc: description,
    fields: fields.flatMap((field) =>
      field.form === 'columns' ? columns.map((name) => columnSchema(name, field)) : [fieldSchema(field)],
    ),
  }
}

function fieldSchema({ absence, description: doc, form, name }: Field): AvroField {
  return absence === undefined
    ? { name, doc, type: FORMS[form] }
    : { name, doc, type: ['null', FORMS[form]], default: null }
}

function columnSchema(name: string, { description: doc, form }: Field): AvroField {
  return { name, doc, type: ['null', FORMS[form]], default: null }
}
