import type { Topic } from '../topics.ts'
import { type Field, type Form, MESSAGE_SCHEMAS, type MessageSchema } from './messages.ts'

type Json = Readonly<Record<string, unknown>>

const FORMS: Readonly<Record<Form, Json>> = {
  symbol: { type: 'string', pattern: '^[A-Z0-9.]{1,20}/[A-Z0-9.]{1,20}$' },
  text: { type: 'string' },
  time: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$' },
  decimal: { type: 'string', pattern: '^(0|[1-9]\\d*)(\\.\\d+)?$' },
  count: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  span: { type: 'string', pattern: '^[1-9]\\d*[a-z]+$' },
  base64: { type: 'string', pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$' },
  columns: { type: ['number', 'null'] },
}

/** The JSON Schema (2020-12) of a topic's values. A field more is allowed: a later version may add some. */
export function jsonSchema(topic: Topic): Json {
  const messages = MESSAGE_SCHEMAS[topic]
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: topic,
    description: `Values of the topic ${topic}. The header c1-kind says which of these a value is.`,
    oneOf: messages.map(messageSchema),
  }
}

function messageSchema({ description, fields, kind, title }: MessageSchema): Json {
  const columns = fields.find(({ form }) => form === 'columns')
  const named = fields.filter(({ form }) => form !== 'columns')
  return {
    title,
    description: `c1-kind ${kind}: ${description}`,
    type: 'object',
    properties: Object.fromEntries(named.map((field) => [field.name, fieldSchema(field)])),
    required: named.filter(({ absence }) => absence !== 'left out').map(({ name }) => name),
    ...(columns && { additionalProperties: fieldSchema(columns) }),
  }
}

function fieldSchema({ absence, choices, description, form }: Field): Json {
  const schema = choices === undefined ? FORMS[form] : { enum: [...choices] }
  return absence === 'null' ? { description, oneOf: [schema, { type: 'null' }] } : { description, ...schema }
}
