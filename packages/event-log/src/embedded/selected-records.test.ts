import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochMicros } from '@c1/market'
import { logRecord } from '@c1/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { EventLog, Selection } from '../event-log.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'

const TOPIC = 'trades.v1'
const SECOND = 1_000_000

function open(directory: string, retention = {}): Promise<EventLog> {
  return openEmbeddedLog({ directory, segmentBytes: 700, retention, onWarning: () => {} })
}

/** A record a second, ten of them a batch, of two keys in turn; the values say which. */
async function fill(log: EventLog): Promise<void> {
  const producer = await log.producer(TOPIC)
  for (let at = 0; at < 100; at += 10) {
    const seconds = Array.from({ length: 10 }, (_, index) => at + index)
    await producer.append(
      seconds.map((second) => logRecord(second % 2 ? 'A/B' : 'C/D', `${second}`, { timestamp: second * SECOND })),
    )
  }
  await producer.close()
}

async function selected(log: EventLog, only: Selection): Promise<string[]> {
  const read: string[] = []
  for await (const { records } of await log.consumer(TOPIC, { from: 'earliest', until: 'end', only }))
    read.push(...records.map(({ value }) => Buffer.from(value).toString()))
  return read
}

function during(from: number, to: number): Selection {
  return { key: 'A/B', from: (from * SECOND) as EpochMicros, to: (to * SECOND) as EpochMicros }
}

function files(directory: string, ending: string): string[] {
  return readdirSync(join(directory, TOPIC)).filter((name) => name.endsWith(ending))
}

describe('a selection', () => {
  it('is exactly the records of its key and time', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const log = await open(directory)
    await fill(log)
    expect(await selected(log, during(31, 36))).toEqual(['31', '33', '35'])
    expect(await selected(log, during(200, 300))).toEqual([])
    await log.close()
  })

  it('does not open the segments of another time', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const log = await open(directory)
    await fill(log)
    await log.close()
    const [first, second] = files(directory, '.log') as [string, string]
    const bytes = readFileSync(join(directory, TOPIC, second))
    writeFileSync(join(directory, TOPIC, first), bytes.fill(0, 40, 60))
    const again = await open(directory)
    expect(await selected(again, during(81, 84))).toEqual(['81', '83'])
    await expect(selected(again, during(1, 3))).rejects.toMatchObject({ code: 'log_corrupt' })
    await again.close()
  })

  it('knows the times of records that came as a run', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const log = await open(directory)
    const producer = await log.producer(TOPIC)
    const seconds = Array.from({ length: 60 }, (_, second) => second)
    for (let at = 0; at < 60; at += 10) {
      const run = seconds.slice(at, at + 10)
      const values = run.map((second) => Buffer.from(`${second}`))
      await producer.appendRun?.({
        key: 'A/B',
        headers: {},
        count: run.length,
        timestamps: Float64Array.from(run, (second) => second * SECOND),
        values: Buffer.concat(values),
        lengths: Uint32Array.from(values, ({ length }) => length),
      })
    }
    for (const second of [0, 31, 59]) expect(await selected(log, during(second, second + 1))).toEqual([`${second}`])
    await log.close()
  })

  it('is the same where the times of the segments are missing or damaged', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const log = await open(directory)
    await fill(log)
    const times = files(directory, '.times')
    expect(times.length).toBe(files(directory, '.log').length - 1)
    rmSync(join(directory, TOPIC, times[0] as string))
    for (const name of times.slice(1)) writeFileSync(join(directory, TOPIC, name), Buffer.alloc(20))
    expect(await selected(log, during(0, 100))).toHaveLength(50)
    await log.close()
  })

  it('knows the times of a segment that was begun by a writer before', async () => {
    const directory = temporaryDirectory(onTestFinished)
    for (const seconds of [[5], [3], [4, 900]]) {
      const log = await open(directory)
      const producer = await log.producer(TOPIC)
      await producer.append(seconds.map((second) => logRecord('A/B', `${second}`, { timestamp: second * SECOND })))
      if (seconds.includes(900))
        for (let at = 0; at < 9; at++) await producer.append([logRecord('A/B', 'x'.repeat(99))])
      await log.close()
    }
    const log = await open(directory)
    expect(files(directory, '.times').length).toBeGreaterThan(0)
    expect(await selected(log, during(3, 4))).toEqual(['3'])
    expect(await selected(log, during(900, 901))).toEqual(['900'])
    await log.close()
  })

  it('loses the times of a segment with the segment', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const log = await open(directory, { bytes: 1500 })
    await fill(log)
    const kept = files(directory, '.log')
    expect(kept.length).toBeLessThan(4)
    for (const name of files(directory, '.times'))
      expect(existsSync(join(directory, TOPIC, name.replace('.times', '.log')))).toBe(true)
    await log.close()
  })
})
