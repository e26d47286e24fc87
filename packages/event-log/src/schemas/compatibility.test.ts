import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import type { LogRecord, StoredRecord } from '../event-log.ts'
import { candlesCodec } from '../messages/candles.ts'
import { deadLettersCodec } from '../messages/dead-letters.ts'
import * as examples from '../messages/examples.fixture.ts'
import { featuresCodec } from '../messages/features.ts'
import { outcomesCodec, predictionsCodec } from '../messages/predictions.ts'
import { tradesCodec } from '../messages/trades.ts'
import { TOPICS } from '../topics.ts'
import { avroReader, avroWriter, columnsOf, topicOf } from './avro-values.ts'

const trades = tradesCodec('kraken')
const candles = candlesCodec('kraken')
const features = featuresCodec('kraken', examples.group)
const letters = deadLettersCodec('kraken')
const { symbol, closeTime: eventTime } = examples.candle
const at = examples.outage.to

/** A message of every kind: what it means, what is written today, and what reads it. */
const MESSAGES: Readonly<
  Record<string, [meaning: unknown, record: LogRecord, { decode(record: StoredRecord): unknown }]>
> = {
  trade: coded(trades, { kind: 'trade', trade: examples.trade }),
  'trade of a file': coded(trades, { kind: 'trade', trade: examples.archiveTrade }),
  heartbeat: coded(trades, { kind: 'heartbeat', heartbeat: examples.heartbeat }),
  outage: coded(trades, { kind: 'outage', outage: examples.outage }),
  'outage with ids': coded(trades, { kind: 'outage', outage: examples.exception }),
  candle: coded(candles, { kind: 'candle', candle: examples.candle }),
  'candle of a file': coded(candles, {
    kind: 'candle',
    candle: { ...examples.candle, buyVolume: undefined, complete: undefined },
  }),
  'heartbeat of candles': coded(candles, { kind: 'heartbeat', symbol, eventTime }),
  'feature row': coded(features, { kind: 'features', row: examples.featureRow }),
  'heartbeat of features': coded(features, { kind: 'heartbeat', symbol, eventTime }),
  prediction: coded(predictionsCodec('kraken'), examples.prediction),
  outcome: coded(outcomesCodec('kraken'), examples.outcome),
  'dead letter': [examples.deadLetter, letters.encode(examples.deadLetter, at), letters],
}

const featureRow = features.encode({ kind: 'features', row: examples.featureRow })

function coded<Message>(
  codec: { encode(message: Message): LogRecord; decode(record: StoredRecord): Message },
  message: Message,
): [unknown, LogRecord, typeof codec] {
  return [message, codec.encode(message), codec]
}

const golden = (path = ''): string => fileURLToPath(new URL(`../../golden/${path}`, import.meta.url))
const VERSIONS = readdirSync(golden()).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
const newest = VERSIONS.at(-1) as string

interface GoldenMessage extends Omit<LogRecord, 'value'> {
  readonly json: string
  /** Without the head that names its schema in a registry. Base64. */
  readonly avro: string
}

/** A folder of golden/. */
interface GoldenVersion {
  readonly avroSchemas: Readonly<Record<string, unknown>>
  readonly messages: Readonly<Record<string, GoldenMessage>>
}

/** What this code writes. */
function written(): GoldenVersion {
  const avroSchemas: Record<string, unknown> = {}
  const messages = Object.entries(MESSAGES).map(([name, [, record]]): [string, GoldenMessage] => {
    const topic = topicOf(record)
    const rows = topic === TOPICS.features ? columnsOf(topic, featureRow) : []
    const writer = avroWriter(avro, topic, rows)
    avroSchemas[topic] = writer.schema
    const { value, ...rest } = record
    return [name, { ...rest, json: Buffer.from(value).toString(), avro: writer.write(record).toString('base64') }]
  })
  return { avroSchemas, messages: Object.fromEntries(messages) }
}

it(`what is written is what golden/${newest} holds`, async () => {
  // A change shows here. One that older readers do not mind gets a new folder, golden/v<N+1>, made empty and filled by `-u`; the
  // one before it stays as it is, because logs hold such messages. One that they do mind needs a new topic (trades.v2).
  await expect(`${JSON.stringify(written(), null, 1)}\n`).toMatchFileSnapshot(golden(`${newest}/messages.json`))
})

describe.each(VERSIONS)('messages of golden/%s', (version) => {
  const { avroSchemas, messages } = JSON.parse(
    readFileSync(golden(`${version}/messages.json`), 'utf8'),
  ) as GoldenVersion

  it.each(Object.entries(messages))('mean the same today: %s', (name, { avro: bytes, json, ...record }) => {
    const [meaning, , codec] = MESSAGES[name] as (typeof MESSAGES)[string]
    const stored = { ...record, value: Buffer.from(json), partition: 0, offset: 0 }
    expect(codec.decode(stored)).toStrictEqual(meaning)
    const topic = topicOf(stored)
    const reader = avroReader(avro, topic, JSON.stringify(avroSchemas[topic]))
    expect(reader.read(Buffer.from(bytes, 'base64'))).toBe(json)
  })
})
