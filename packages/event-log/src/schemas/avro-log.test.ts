import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avro from 'avsc'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedLog } from '../embedded/embedded-log.ts'
import type { EventLog, LogRecord, StoredRecord } from '../event-log.ts'
import * as arbitrary from '../messages/arbitraries.fixture.ts'
import { candlesCodec } from '../messages/candles.ts'
import { deadLettersCodec } from '../messages/dead-letters.ts'
import * as examples from '../messages/examples.fixture.ts'
import { featuresCodec } from '../messages/features.ts'
import { outcomesCodec, predictionsCodec } from '../messages/predictions.ts'
import { tradesCodec } from '../messages/trades.ts'
import { TOPICS, type Topic } from '../topics.ts'
import { withAvroValues } from './avro-log.ts'
import { type LocalRegistry, startLocalRegistry } from './local-registry.fixture.ts'
import { openSchemaRegistry } from './schema-registry.ts'

const trades = tradesCodec('kraken')
const candles = candlesCodec('kraken')
const features = featuresCodec('kraken', examples.group)
const trade = trades.encode({ kind: 'trade', trade: examples.trade })
const featureRow = features.encode({ kind: 'features', row: examples.featureRow })
const featureHeartbeat = features.encode({
  kind: 'heartbeat',
  symbol: examples.candle.symbol,
  eventTime: examples.candle.closeTime,
})

let folder = ''
/** As the broker holds it. */
let log: EventLog
let registry: LocalRegistry

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c1-avro-'))
  log = await openEmbeddedLog({ directory: folder, onWarning: () => {} })
  registry = await startLocalRegistry()
})

afterEach(async () => {
  await log.close()
  await registry.close()
  rmSync(folder, { recursive: true })
})

const avroLog = (url = registry.url): Promise<EventLog> =>
  withAvroValues(log, { registry: openSchemaRegistry({ url, patienceMs: 0 }), prefix: 'test.' })

async function append(log: EventLog, topic: Topic, records: readonly LogRecord[]): Promise<void> {
  const producer = await log.producer(topic)
  await producer.append(records)
  await producer.close()
}

async function readAll(log: EventLog, topic: Topic): Promise<StoredRecord[]> {
  const records: StoredRecord[] = []
  for await (const batch of await log.consumer(topic, { from: 'earliest', until: 'end' }))
    records.push(...batch.records)
  return records
}

const text = ({ value }: LogRecord): string => Buffer.from(value).toString()

describe('values as Avro', () => {
  it('come back as the same JSON bytes, in every topic', async () => {
    const { encode } = deadLettersCodec('kraken')
    const messages: [Topic, fc.Arbitrary<LogRecord>][] = [
      [TOPICS.trades, arbitrary.marketMessage.map(trades.encode)],
      [TOPICS.candles, arbitrary.candle.map((candle) => candles.encode({ kind: 'candle', candle }))],
      [TOPICS.features, arbitrary.featureRow.map((row) => features.encode({ kind: 'features', row }))],
      [TOPICS.predictions, arbitrary.prediction.map(predictionsCodec('kraken').encode)],
      [TOPICS.outcomes, arbitrary.outcome.map(outcomesCodec('kraken').encode)],
      [TOPICS.deadLetters, fc.tuple(arbitrary.deadLetter, arbitrary.time).map(([letter, at]) => encode(letter, at))],
    ]
    const converted = await avroLog()
    for (const [topic, record] of messages) {
      const written = fc.sample(record, 300)
      await append(converted, topic, written)
      const read = await readAll(converted, topic)
      expect(read.map(text)).toEqual(written.map(text))
      expect(read.map(({ headers, key, timestamp }) => ({ headers, key, timestamp }))).toEqual(
        written.map(({ headers, key, timestamp }) => ({ headers, key, timestamp })),
      )
    }
  })

  it("stand in Confluent's wire format, which any Avro reader understands", async () => {
    await append(await avroLog(), TOPICS.trades, [trade])
    const [stored] = await readAll(log, TOPICS.trades)
    const bytes = Buffer.from((stored as StoredRecord).value)
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, 1])
    const [schema = ''] = registry.subjects.get('test.trades.v1-value') ?? []
    expect(avro.Type.forSchema(JSON.parse(schema)).fromBuffer(bytes.subarray(5))).toEqual({
      'c1.trades.Trade': {
        symbol: 'BTC/USD',
        tradeId: 91_234_567,
        eventTime: examples.trade.eventTime,
        price: '105123.4',
        quantity: '0.00044780',
        side: 'buy',
        orderType: 'limit',
      },
    })
    expect(bytes.length).toBeLessThan(text(trade).length / 2)
  })

  it('ask the registry once for what is written, and once for what is read', async () => {
    const converted = await avroLog()
    await append(converted, TOPICS.trades, [trade, trade])
    await append(converted, TOPICS.trades, [trade])
    await readAll(converted, TOPICS.trades)
    await readAll(converted, TOPICS.trades)
    expect(registry.asked).toEqual(['POST /subjects/test.trades.v1-value/versions', 'GET /schemas/ids/1'])
  })

  it('of features follow a version for each set of columns, compatible with the one before', async () => {
    const more = {
      ...examples.group,
      version: 2,
      features: [...examples.group.features, examples.group.features[0]].map((feature, at) => ({
        ...feature,
        name: `feature${at}`,
      })),
    } as typeof examples.group
    const other = featuresCodec('kraken', more).encode({
      kind: 'features',
      row: { ...examples.featureRow, values: [1, 2, Number.NaN, -0] },
    })
    const written = [featureRow, featureHeartbeat, other, featureHeartbeat, featureRow]
    const converted = await avroLog()
    await append(converted, TOPICS.features, written)
    expect((await readAll(converted, TOPICS.features)).map(text)).toEqual(written.map(text))
    expect(registry.subjects.get('test.features.v1-value')).toHaveLength(2)
  })

  it('keep whole numbers up to 2^53', async () => {
    const last = trades.encode({ kind: 'trade', trade: { ...examples.trade, tradeId: Number.MAX_SAFE_INTEGER } })
    const converted = await avroLog()
    await append(converted, TOPICS.trades, [last])
    expect((await readAll(converted, TOPICS.trades)).map(text)).toEqual([text(last)])
  })

  it('are read beside JSON that was written before', async () => {
    await append(log, TOPICS.trades, [trade])
    const converted = await avroLog()
    await append(converted, TOPICS.trades, [trade])
    expect((await readAll(converted, TOPICS.trades)).map(text)).toEqual([text(trade), text(trade)])
  })

  it('without a registry are told for what they are', async () => {
    await append(await avroLog(), TOPICS.trades, [trade])
    const [stored] = await readAll(log, TOPICS.trades)
    expect(() => trades.decode(stored as StoredRecord)).toThrow(
      'Record 0 of trades.v1 cannot be read: its value is Avro: set C1_SCHEMA_REGISTRY_URL to the registry of its writer.',
    )
  })
})

describe('what a later version wrote', () => {
  it('is read: a field that it added is passed on, and ignored by the codec', async () => {
    const converted = await avroLog()
    await append(converted, TOPICS.trades, [trade])
    const [schema = ''] = registry.subjects.get('test.trades.v1-value') ?? []
    const later = JSON.parse(schema) as { fields: unknown[] }[]
    later[0]?.fields.push({ name: 'venueOrder', type: ['null', 'string'], default: null })
    const id = await openSchemaRegistry({ url: registry.url }).register('test.trades.v1-value', later)
    const row = { ...JSON.parse(text(trade)), eventTime: examples.trade.eventTime, venueOrder: 'O1' }
    const value = Buffer.concat([
      Buffer.from([0, 0, 0, 0, id]),
      avro.Type.forSchema(later as never).toBuffer({ 'c1.trades.Trade': row }),
    ])
    await append(log, TOPICS.trades, [{ ...trade, value }])
    const [, read] = await readAll(converted, TOPICS.trades)
    expect(text(read as StoredRecord)).toBe(text(trade).replace('}', ',"venueOrder":"O1"}'))
    expect(trades.decode(read as StoredRecord)).toEqual({ kind: 'trade', trade: examples.trade })
  })
})

describe('what goes wrong', () => {
  const stored = (bytes: readonly number[]) => append(log, TOPICS.trades, [{ ...trade, value: Uint8Array.from(bytes) }])

  it('an id that the registry does not know', async () => {
    await stored([0, 0, 0, 0, 77, 1, 2])
    await expect(readAll(await avroLog(), TOPICS.trades)).rejects.toMatchObject({
      code: 'schema_id_unknown',
      message: expect.stringMatching(
        /does not know schema 77.*Set C1_SCHEMA_REGISTRY_URL to the registry that its writer uses/,
      ),
    })
  })

  it("other people's schema, a value that is cut off, or none", async () => {
    const others = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] }
    await openSchemaRegistry({ url: registry.url }).register('orders-value', others)
    await stored([0, 0, 0, 0, 1, 2])
    await expect(readAll(await avroLog(), TOPICS.trades)).rejects.toMatchObject({
      code: 'schema_unknown',
      message: expect.stringContaining(
        'Record 0 of trades.v1 cannot be read: schema 1 of the registry is not one of ours',
      ),
    })
  })

  it.each([
    ['cut off', [0, 0, 0, 0, 1, 0, 14], 'does not follow its schema'],
    ['nothing but a head', [0, 0, 0, 0, 1], 'has 5 bytes, which is no Avro'],
  ])('a value that is %s', async (_, bytes, reason) => {
    await append(await avroLog(), TOPICS.candles, [candles.encode({ kind: 'candle', candle: examples.candle })])
    const record = { ...candles.encode({ kind: 'candle', candle: examples.candle }), value: Uint8Array.from(bytes) }
    await append(log, TOPICS.candles, [record])
    await expect(readAll(await avroLog(), TOPICS.candles)).rejects.toThrow(
      `Record 1 of candles.v1 cannot be read: its value ${reason}`,
    )
  })

  it('a registry that holds another schema of the subject', async () => {
    const others = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] }
    await openSchemaRegistry({ url: registry.url }).register('test.trades.v1-value', others)
    await expect(append(await avroLog(), TOPICS.trades, [trade])).rejects.toMatchObject({
      code: 'schema_refused',
      message: expect.stringContaining('refuses our schema of test.trades.v1-value as incompatible'),
    })
  })

  it('no registry there', async () => {
    await expect(append(await avroLog('http://127.0.0.1:9'), TOPICS.trades, [trade])).rejects.toMatchObject({
      code: 'registry_unreachable',
      retryable: true,
    })
  })

  it('a wrong password, which no message shows', async () => {
    const locked = await startLocalRegistry('c1:right')
    const at = (password: string) => locked.url.replace('//', `//c1:${password}@`)
    await append(await avroLog(at('right')), TOPICS.trades, [trade])
    const refused = append(await avroLog(at('wrong')), TOPICS.candles, [
      candles.encode({ kind: 'candle', candle: examples.candle }),
    ])
    await expect(refused).rejects.toMatchObject({ code: 'registry_unauthenticated' })
    await expect(refused).rejects.not.toThrow(/wrong/)
    await locked.close()
  })

  it('a value with a field too many is not written: it would not come back', async () => {
    const value = Buffer.from(text(trade).replace('}', ',"x":1}'))
    await expect(append(await avroLog(), TOPICS.trades, [{ ...trade, value }])).rejects.toMatchObject({
      code: 'schema_mismatch',
    })
  })
})
