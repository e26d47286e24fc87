import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../event-log.ts'
import * as arbitrary from '../messages/arbitraries.fixture.ts'
import { candlesCodec } from '../messages/candles.ts'
import type { Codec } from '../messages/codec.ts'
import { deadLettersCodec } from '../messages/dead-letters.ts'
import * as examples from '../messages/examples.fixture.ts'
import { featuresCodec } from '../messages/features.ts'
import { outcomesCodec, predictionsCodec } from '../messages/predictions.ts'
import { tradesCodec } from '../messages/trades.ts'
import { TOPICS, type Topic } from '../topics.ts'
import { avroSchema } from './avro-schema.ts'
import { jsonSchema } from './json-schema.ts'
import { MESSAGE_SCHEMAS } from './messages.ts'

const docs = (file: string): string => fileURLToPath(new URL(`../../../../docs/schemas/${file}`, import.meta.url))
const topics = Object.values(TOPICS)

/** `npx vitest run packages/event-log/src/schemas -u` writes them anew. */
describe.each(topics)('the published schemas of %s', (topic) => {
  it('are what the code says', async () => {
    await expect(`${JSON.stringify(jsonSchema(topic), null, 2)}\n`).toMatchFileSnapshot(docs(`${topic}.json`))
    const columns = topic === TOPICS.features ? examples.group.features.map(({ name }) => name) : []
    await expect(`${JSON.stringify(avroSchema(topic, columns), null, 2)}\n`).toMatchFileSnapshot(docs(`${topic}.avsc`))
  })
})

const symbol = examples.candle.symbol
const eventTime = examples.candle.closeTime
const letters = deadLettersCodec('kraken')
const trades = tradesCodec('kraken')
const candles = candlesCodec('kraken')
const features = featuresCodec('kraken', examples.group)
const CODECS: Readonly<Record<Topic, Pick<Codec<unknown>, 'decode'>>> = {
  [TOPICS.trades]: trades,
  [TOPICS.candles]: candles,
  [TOPICS.features]: features,
  [TOPICS.predictions]: predictionsCodec('kraken'),
  [TOPICS.outcomes]: outcomesCodec('kraken'),
  [TOPICS.deadLetters]: letters,
}
const MESSAGES: Readonly<Record<Topic, fc.Arbitrary<LogRecord>>> = {
  [TOPICS.trades]: arbitrary.marketMessage.map(trades.encode),
  [TOPICS.candles]: fc.oneof(
    arbitrary.candle.map((candle) => candles.encode({ kind: 'candle', candle })),
    fc.constant(candles.encode({ kind: 'heartbeat', symbol, eventTime })),
  ),
  [TOPICS.features]: fc.oneof(
    arbitrary.featureRow.map((row) => features.encode({ kind: 'features', row })),
    fc.constant(features.encode({ kind: 'heartbeat', symbol, eventTime })),
  ),
  [TOPICS.predictions]: arbitrary.prediction.map(predictionsCodec('kraken').encode),
  [TOPICS.outcomes]: arbitrary.outcome.map(outcomesCodec('kraken').encode),
  [TOPICS.deadLetters]: fc
    .tuple(arbitrary.deadLetter, arbitrary.time)
    .map(([letter, at]) => letters.encode(letter, at)),
}

interface Schema {
  readonly oneOf?: readonly Schema[]
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema
  readonly title?: string
}

/** Whether a value follows a schema, as far as ours go: an independent reading of the published document. */
function follows(value: unknown, schema: Schema): boolean {
  if (schema.oneOf !== undefined) return schema.oneOf.some((one) => follows(value, one))
  if (schema.enum !== undefined) return schema.enum.includes(value)
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const types = [schema.type].flat().map((type) => (type === 'integer' ? 'number' : type))
  if (!types.includes(kind)) return false
  if (typeof value === 'string') return new RegExp(schema.pattern ?? '', 'u').test(value)
  if (typeof value === 'number') {
    const whole = schema.type !== 'integer' || Number.isInteger(value)
    return whole && value >= (schema.minimum ?? value) && value <= (schema.maximum ?? value)
  }
  if (typeof value !== 'object' || value === null) return true
  const { additionalProperties, properties = {}, required = [] } = schema
  return (
    required.every((name) => name in value) &&
    Object.entries(value).every(([name, inner]) => {
      const field = properties[name] ?? additionalProperties
      return field === undefined || follows(inner, field)
    })
  )
}

const parse = ({ value }: LogRecord): Record<string, unknown> => JSON.parse(Buffer.from(value).toString())
const schemaOf = (topic: Topic, kind: string | undefined): Schema => {
  const at = MESSAGE_SCHEMAS[topic].findIndex((message) => message.kind === kind)
  return ((jsonSchema(topic) as Schema).oneOf ?? [])[at] as Schema
}

describe.each(topics)('every message of %s', (topic) => {
  it('that is written follows the schema of its kind, and has no field more', () => {
    fc.assert(
      fc.property(MESSAGES[topic], (record) => {
        const kind = record.headers['c1-kind']
        const schema = schemaOf(topic, kind)
        expect(follows(parse(record), schema)).toBe(true)
        if (schema.additionalProperties === undefined) {
          expect(Object.keys(schema.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(parse(record))))
        }
      }),
    )
  })

  it('that breaks its schema is refused when it is read', () => {
    const wrong = fc.constantFrom(undefined, null, -1, 1.5, 'x', '', true, {}, [])
    let broken = 0
    fc.assert(
      fc.property(MESSAGES[topic], fc.nat(), wrong, (record, pick, value) => {
        const row = parse(record)
        const names = Object.keys(row)
        row[names[pick % names.length] as string] = value
        const again = JSON.parse(JSON.stringify(row))
        if (follows(again, schemaOf(topic, record.headers['c1-kind']))) return
        broken += 1
        const stored = { ...record, value: Buffer.from(JSON.stringify(row)), partition: 0, offset: 1 }
        expect(() => CODECS[topic].decode(stored), JSON.stringify(row)).toThrow('cannot be read')
      }),
      { numRuns: 300 },
    )
    expect(broken).toBeGreaterThan(50)
  })
})
