import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventLogContract, logRecord } from '@c1/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { EventLog, StoredRecord } from '../event-log.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'

describe('the embedded log', () => {
  eventLogContract(async () => {
    const directory = temporaryDirectory(onTestFinished)
    return { open: () => open(directory) }
  })
})

describe('the embedded log in segments of a few records', () => {
  eventLogContract(async () => {
    const directory = temporaryDirectory(onTestFinished)
    return { open: () => open(directory, 300) }
  })
})

describe('a reader of the embedded log', () => {
  it('that fell far behind the writer goes on from disk, and from memory once it caught up', async () => {
    const log = await open(temporaryDirectory(onTestFinished), 2_000_000)
    const producer = await log.producer('trades.v1')
    const filler = 'x'.repeat(100_000)
    const reading = (await log.consumer('trades.v1', { from: 'earliest', maxBatch: 7 }))[Symbol.asyncIterator]()
    let appended = 0
    let read = 0
    const append = async (count: number) => {
      for (let last = appended + count; appended < last; appended += 1) {
        await producer.append([logRecord('A/B', `${appended} ${filler}`)])
      }
    }
    const readUpTo = async (until: number) => {
      while (read < until) {
        for (const { value } of (await reading.next()).value?.records ?? []) {
          expect(Number.parseInt(Buffer.from(value).toString(), 10)).toBe(read++)
        }
      }
    }
    for (const [count, until] of [
      [3, 3],
      [90, 53],
      [50, 143],
      [1, 144],
    ] as const) {
      await append(count)
      await readUpTo(until)
    }
    expect(read).toBe(144)
  })

  it('asks for names that can be files', async () => {
    const log = await open(temporaryDirectory(onTestFinished))
    for (const name of ['', '..', '.lock', 'a/b', 'a\\b', 'x'.repeat(101)]) {
      await expect(log.producer(name)).rejects.toMatchObject({ code: 'topic_malformed' })
      await expect(log.consumer('trades.v1', { from: 'committed', group: name })).rejects.toMatchObject({
        code: 'group_malformed',
      })
    }
  })

  it('asks for a batch size that is one', async () => {
    const log = await open(temporaryDirectory(onTestFinished))
    for (const maxBatch of [0, -1, 1.5, Number.NaN]) {
      await expect(log.consumer('trades.v1', { from: 'earliest', maxBatch })).rejects.toMatchObject({
        code: 'batch_size_malformed',
      })
    }
  })

  it('is told when its committed position cannot be read', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const log = await open(directory)
    const consumer = await log.consumer('trades.v1', { from: 'committed', group: 'g' })
    await consumer.commit({ 0: 0 })
    const file = join(directory, 'trades.v1', 'groups', 'g.json')
    expect(readFileSync(file, 'utf8')).toBe('{"0":0}\n')
    for (const text of ['', '{', '[1]x', 'null', '{"0":-1}', '{"0":"1"}', '{"a":1}']) {
      writeFileSync(file, text)
      const error = { code: 'position_malformed', message: expect.stringContaining(file) }
      await expect(log.consumer('trades.v1', { from: 'committed', group: 'g' })).rejects.toMatchObject(error)
    }
  })

  it('keeps the newest of many commits that were not awaited', async () => {
    const log = await open(temporaryDirectory(onTestFinished))
    const producer = await log.producer('trades.v1')
    await producer.append(Array.from({ length: 20 }, () => logRecord('A/B', '')))
    const consumer = await log.consumer('trades.v1', { from: 'committed', group: 'g' })
    await Promise.all(Array.from({ length: 20 }, (_, offset) => consumer.commit({ 0: offset })))
    const next = (await log.consumer('trades.v1', { from: 'committed', group: 'g' }))[Symbol.asyncIterator]()
    expect((await next.next()).value?.records.map(({ offset }: StoredRecord) => offset)).toEqual([19])
  })

  it('is refused after the log was closed', async () => {
    const log = await open(temporaryDirectory(onTestFinished))
    await log.close()
    await expect(log.consumer('trades.v1', { from: 'earliest' })).rejects.toMatchObject({ code: 'log_closed' })
  })
})

async function open(directory: string, segmentBytes?: number): Promise<EventLog> {
  const onWarning = (message: string) => {
    throw new Error(`unexpected warning: ${message}`)
  }
  const log = await openEmbeddedLog({ directory, onWarning, ...(segmentBytes && { segmentBytes }) })
  onTestFinished(() => log.close())
  return log
}
