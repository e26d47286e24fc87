import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { logRecord } from '@c1/testkit'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { StoredRecord } from '../event-log.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { segmentFile } from './segment-files.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'

const TOPIC = 'trades.v1'

vi.setConfig({ testTimeout: 30_000 })

describe('a torn tail', () => {
  it('is cut at every byte of the last batch, told, and everything before it stays', async () => {
    const { directory, file, ends } = await written([['a', 'b'], ['c'], ['d', 'e', 'f']])
    const whole = readFileSync(file)
    const [, before = 0] = ends
    for (let length = before + 1; length < whole.length; length += 1) {
      writeFileSync(file, whole.subarray(0, length))
      expect(await readValues(directory)).toEqual(['a', 'b', 'c'])

      const warnings: string[] = []
      const log = await openEmbeddedLog({ directory, onWarning: (message) => warnings.push(message) })
      const producer = await log.producer(TOPIC)
      expect(warnings).toEqual([
        `${file}: cut ${length - before} bytes of an unfinished batch at byte ${before}, where record 3 begins.`,
      ])
      expect(statSync(file).size).toBe(before)
      expect(await producer.append([logRecord('A/B', 'again')])).toEqual({ 0: 4 })
      await log.close()
      expect(await readValues(directory)).toEqual(['a', 'b', 'c', 'again'])
    }
    // Some two hundred times to the disk and back.
  }, 60_000)

  it('is whatever follows the last whole batch: zeros, noise, or a last batch with a flipped bit', async () => {
    const { directory, file, ends } = await written([['a'], ['b']])
    const whole = readFileSync(file)
    const flipped = Buffer.from(whole)
    flipped.writeUInt8(flipped.readUInt8(whole.length - 1) ^ 1, whole.length - 1)
    const zeros = Buffer.concat([whole.subarray(0, ends[0]), Buffer.alloc(5000)])
    const noise = Buffer.concat([whole.subarray(0, ends[0]), Buffer.from('C1B1'.repeat(50))])
    for (const bytes of [flipped, zeros, noise]) {
      writeFileSync(file, bytes)
      expect(await readValues(directory)).toEqual(['a'])
      const log = await openEmbeddedLog({ directory, onWarning: () => {} })
      await log.producer(TOPIC)
      expect(statSync(file).size).toBe(ends[0])
      await log.close()
    }
  })

  it('is left alone by a waiting reader until the batch is whole', async () => {
    const { directory, file, ends } = await written([['a'], ['b', 'c']])
    const whole = readFileSync(file)
    truncateSync(file, (ends[0] ?? 0) + 20)
    const log = await openEmbeddedLog({ directory, onWarning: () => {} })
    onTestFinished(() => log.close())
    const batches = (await log.consumer(TOPIC, { from: 'earliest' }))[Symbol.asyncIterator]()
    expect((await batches.next()).value?.records.length).toBe(1)
    const waiting = batches.next()
    appendFileSync(file, whole.subarray((ends[0] ?? 0) + 20))
    expect((await waiting).value?.records.map(text)).toEqual(['b', 'c'])
  })
})

describe('damage before the last batch', () => {
  it('is an error that names file and byte, for a reader and for the next writer, at any bit', async () => {
    const { directory, file, ends } = await written([['a', 'b'], ['c'], ['d']])
    const whole = readFileSync(file)
    const [begin = 0, end = 0] = ends
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: begin * 8, max: end * 8 - 1 }), async (bit) => {
        const damaged = Buffer.from(whole)
        damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        writeFileSync(file, damaged)
        const error = { code: 'log_corrupt', details: { file, position: begin, offset: 2 } }
        const log = await openEmbeddedLog({ directory, onWarning: () => {} })
        await expect(log.producer(TOPIC)).rejects.toMatchObject(error)
        await expect(log.bounds(TOPIC)).rejects.toMatchObject(error)
        await log.close()
        expect(statSync(file).size).toBe(whole.length)
      }),
      { numRuns: 60 },
    )
  })

  it('stops a reader at the damage when it happened after the reader was opened', async () => {
    const { directory, file, ends } = await written([['a', 'b'], ['c'], ['d']])
    const log = await openEmbeddedLog({ directory, onWarning: () => {} })
    onTestFinished(() => log.close())
    const batches = (await log.consumer(TOPIC, { from: 'earliest' }))[Symbol.asyncIterator]()
    const damaged = readFileSync(file)
    damaged.writeUInt8(0, ends[0] ?? 0)
    writeFileSync(file, damaged)
    expect((await batches.next()).value?.records.map(text)).toEqual(['a', 'b'])
    await expect(batches.next()).rejects.toMatchObject({ code: 'log_corrupt', details: { file, position: ends[0] } })
  })

  it('is found in an older segment when it is cut short, broken, or gone', async () => {
    const { directory } = await written([['a'], ['b'], ['c']], 1)
    const second = segmentFile(join(directory, TOPIC), 1).path
    const whole = readFileSync(second)
    const broken = Buffer.from(whole)
    broken.writeUInt8(broken.readUInt8(50) ^ 1, 50)
    for (const bytes of [broken, whole.subarray(0, -1), Buffer.alloc(0)]) {
      writeFileSync(second, bytes)
      await expect(readValues(directory)).rejects.toMatchObject({
        code: 'log_corrupt',
        details: { file: second, position: 0 },
      })
    }
    rmSync(second)
    const first = segmentFile(join(directory, TOPIC), 0).path
    await expect(readValues(directory)).rejects.toMatchObject({
      code: 'log_corrupt',
      details: { file: first, offset: 1 },
    })
  })

  it('says what to do', async () => {
    const { directory, file } = await written([['a'], ['b']])
    const damaged = readFileSync(file)
    damaged.writeUInt8(0, 60)
    writeFileSync(file, damaged)
    await expect(readValues(directory)).rejects.toThrow(
      `${file} is damaged at byte 0: no intact batch where record 0 begins, and whole batches follow. Restore the file`,
    )
  })
})

/** A log with these batches, its only (or first) segment file and where in it each batch ends. */
async function written(
  batches: readonly (readonly string[])[],
  segmentBytes?: number,
): Promise<{ directory: string; file: string; ends: number[] }> {
  const directory = temporaryDirectory(onTestFinished)
  const file = segmentFile(join(directory, TOPIC), 0).path
  const log = await openEmbeddedLog({ directory, onWarning: () => {}, ...(segmentBytes && { segmentBytes }) })
  const producer = await log.producer(TOPIC)
  const ends: number[] = []
  for (const values of batches) {
    await producer.append(values.map((value) => logRecord('A/B', value)))
    ends.push(statSync(file).size)
  }
  await log.close()
  return { directory, file, ends }
}

async function readValues(directory: string): Promise<string[]> {
  const log = await openEmbeddedLog({ directory, onWarning: () => {} })
  const values: string[] = []
  try {
    for await (const { records } of await log.consumer(TOPIC, { from: 'earliest', until: 'end' })) {
      values.push(...records.map(text))
    }
  } finally {
    await log.close()
  }
  return values
}

function text({ value }: StoredRecord): string {
  return Buffer.from(value).toString()
}
