import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type EpochMicros, MICROS_PER_HOUR } from '@c1/market'
import { logRecord } from '@c1/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Consumer, EventLog, StoredRecord } from '../event-log.ts'
import { type EmbeddedLogOptions, openEmbeddedLog } from './embedded-log.ts'
import { encodeFrame } from './frame.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'

const TOPIC = 'trades.v1'
const RECORD_BYTES = encodeFrame([logRecord('A/B', '0')], 0, 0 as EpochMicros).length

describe('retention', () => {
  it('by size deletes the oldest segments and keeps the newest records', async () => {
    const { log, directory } = await open({ retention: { bytes: 3 * RECORD_BYTES } })
    await appendOneByOne(log, 10)
    expect(segments(directory)).toEqual([7, 8, 9])
    expect(await log.bounds(TOPIC)).toEqual({ begin: { 0: 7 }, end: { 0: 10 } })
    expect(await read(await log.consumer(TOPIC, { from: 'earliest', until: 'end' }))).toEqual(['7', '8', '9'])
  })

  it('never deletes the segment that is written, however little is to be kept', async () => {
    const { log, directory } = await open({ retention: { bytes: 0, ageMicros: 0 } })
    await appendOneByOne(log, 3)
    expect(segments(directory)).toEqual([2])
  })

  it('by age counts from when records were appended, not from their event time', async () => {
    let now = 100 * MICROS_PER_HOUR
    const clock = () => now as EpochMicros
    const { log, directory } = await open({ clock, retention: { ageMicros: MICROS_PER_HOUR } })
    const producer = await log.producer(TOPIC)
    await producer.append([logRecord('A/B', 'history of 1970', { timestamp: 0 })])
    now += 0.9 * MICROS_PER_HOUR
    await producer.append([logRecord('A/B', '1')])
    expect(segments(directory)).toEqual([0, 1])
    now += 0.9 * MICROS_PER_HOUR
    await producer.append([logRecord('A/B', '2')])
    // The first segment could have been appended to until the second one began, less than an hour ago.
    expect(segments(directory)).toEqual([0, 1, 2])
    now += 0.2 * MICROS_PER_HOUR
    await producer.append([logRecord('A/B', '3')])
    expect(segments(directory)).toEqual([1, 2, 3])
  })

  it('by age also happens when a writer opens the topic', async () => {
    let now = 0
    const options = { clock: () => now as EpochMicros, retention: { ageMicros: MICROS_PER_HOUR } }
    const { log, directory } = await open(options)
    await appendOneByOne(log, 3)
    await log.close()
    now = 2 * MICROS_PER_HOUR
    const again = await openEmbeddedLog({ ...options, directory, onWarning: () => {} })
    await again.producer(TOPIC)
    expect(segments(directory)).toEqual([2])
    await again.close()
  })

  it('of a topic by name takes the place of the general one', async () => {
    const { log } = await open({ retention: { bytes: 1, topics: { 'candles.v1': {} } } })
    await appendOneByOne(log, 3, 'candles.v1')
    await appendOneByOne(log, 3)
    expect((await log.bounds('candles.v1')).begin).toEqual({ 0: 0 })
    expect((await log.bounds(TOPIC)).begin).toEqual({ 0: 2 })
  })
})

describe('a consumer whose records retention removed', () => {
  const expired = (offset: number, begin: number) => ({
    code: 'position_expired',
    details: { topic: TOPIC, offset, begin },
  })

  it('is refused at its position or its group committed one', async () => {
    const { log } = await open({ retention: { bytes: 3 * RECORD_BYTES } })
    const consumer = await log.consumer(TOPIC, { from: 'earliest', group: 'g' })
    await appendOneByOne(log, 10)
    await consumer.commit({ 0: 4 })
    await expect(log.consumer(TOPIC, { from: { 0: 6 } })).rejects.toMatchObject(expired(6, 7))
    await expect(log.consumer(TOPIC, { from: 'committed', group: 'g' })).rejects.toMatchObject(expired(4, 7))
    await expect(log.consumer(TOPIC, { from: { 0: 7 } })).resolves.toBeDefined()
  })

  it('gets an error instead of a gap when it is overtaken while it reads', async () => {
    const { log, directory } = await open({ retention: { bytes: 3 * RECORD_BYTES } })
    const producer = await log.producer(TOPIC)
    await producer.append([logRecord('A/B', '0')])
    const other = await openEmbeddedLog({ directory, onWarning: () => {} })
    onTestFinished(() => other.close())
    const batches = (await other.consumer(TOPIC, { from: 'earliest' }))[Symbol.asyncIterator]()
    expect((await batches.next()).value?.records.map(text)).toEqual(['0'])
    for (let count = 1; count < 10; count += 1) await producer.append([logRecord('A/B', `${count}`)])
    await expect(batches.next()).rejects.toMatchObject(expired(1, 7))
  })

  it('starts at what is left when it asked for the earliest and has read nothing yet', async () => {
    const { log, directory } = await open({ retention: { bytes: 3 * RECORD_BYTES } })
    const other = await openEmbeddedLog({ directory, onWarning: () => {} })
    onTestFinished(() => other.close())
    const consumer = await other.consumer(TOPIC, { from: 'earliest', until: { 0: 10 } })
    await appendOneByOne(log, 10)
    expect(await read(consumer)).toEqual(['7', '8', '9'])
  })
})

describe('a position behind the end', () => {
  it('is an error: the records it stood behind were lost', async () => {
    const { log } = await open({})
    await appendOneByOne(log, 2)
    await expect(log.consumer(TOPIC, { from: { 0: 3 } })).rejects.toMatchObject({ code: 'position_ahead' })
    await expect(log.consumer(TOPIC, { from: { 0: 2 } })).resolves.toBeDefined()
  })
})

/** A log whose segments hold one small record each. */
async function open(options: Partial<EmbeddedLogOptions>): Promise<{ log: EventLog; directory: string }> {
  const directory = temporaryDirectory(onTestFinished)
  const log = await openEmbeddedLog({ directory, segmentBytes: 1, onWarning: () => {}, ...options })
  onTestFinished(() => log.close())
  return { log, directory }
}

async function appendOneByOne(log: EventLog, count: number, topic: string = TOPIC): Promise<void> {
  const producer = await log.producer(topic)
  for (let index = 0; index < count; index += 1) await producer.append([logRecord('A/B', `${index}`)])
  await producer.close()
}

function segments(directory: string): number[] {
  const names = readdirSync(join(directory, TOPIC)).filter((name) => name.endsWith('.log'))
  return names.map((name) => Number(name.slice(0, -4))).toSorted((a, b) => a - b)
}

async function read(consumer: Consumer): Promise<string[]> {
  const values: string[] = []
  for await (const { records } of consumer) values.push(...records.map(text))
  return values
}

function text({ value }: StoredRecord): string {
  return Buffer.from(value).toString()
}
