import type { EventLog, LogRecord, StoredRecord } from '@c1/event-log'
import type { EpochMicros } from '@c1/market'
import { type Fold, type FoldOptions, type Output, runFold, TopicCheckpoints } from '@c1/service'
import { describe, expect, it } from 'vitest'
import { newAdmin, newStore, openLog, type Store } from './store.ts'

const INPUT = 'trades.v1'
const OUTPUT = 'candles.v1'
const KEYS = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD', 'ADA/USD', 'DOT/USD', 'LTC/USD', 'XMR/USD']

function record(key: string, value: number): LogRecord {
  return { key, value: Buffer.from(String(value)), timestamp: 0 as EpochMicros, headers: { 'c1-kind': 'number' } }
}

/** The running sum of each key's numbers. */
class RunningSums implements Fold {
  #sums = new Map<string, number>()

  step({ key, value }: StoredRecord): Output[] {
    const sum = (this.#sums.get(key) ?? 0) + Number(Buffer.from(value).toString())
    this.#sums.set(key, sum)
    return [{ topic: OUTPUT, record: record(key, sum) }]
  }

  checkpoint(): unknown {
    return [...this.#sums]
  }

  restore(state: unknown): void {
    this.#sums = new Map(state as [string, number][])
  }
}

class Killed extends Error {}

async function newPlace(partitions = 5): Promise<Store> {
  const store = await newStore({ partitions })
  const admin = newAdmin()
  const configs = [{ name: 'cleanup.policy', value: 'compact' }]
  await admin.createTopics({ topics: [`${store.prefix}checkpoints.v1`], partitions: 1, replicas: 1, configs })
  await admin.close()
  return store
}

async function appendNumbers(log: EventLog, from: number, to: number): Promise<void> {
  const producer = await log.producer(INPUT)
  const numbers = Array.from({ length: to - from + 1 }, (_, at) => from + at)
  await producer.append(numbers.flatMap((number) => KEYS.map((key) => record(key, number))))
  await producer.close()
}

async function outputs(log: EventLog): Promise<Map<string, number[]>> {
  const sums = new Map<string, number[]>(KEYS.map((key) => [key, []]))
  const consumer = await log.consumer(OUTPUT, { from: 'earliest', until: 'end' })
  for await (const { records } of consumer) {
    for (const { key, value } of records) sums.get(key)?.push(Number(Buffer.from(value).toString()))
  }
  return sums
}

function expected(count: number): Map<string, number[]> {
  const sums = Array.from({ length: count }, (_, at) => ((at + 1) * (at + 2)) / 2)
  return new Map(KEYS.map((key) => [key, sums]))
}

/** What a reader has who keeps each sum once. */
function folded(sums: Map<string, number[]>): Map<string, number[]> {
  return new Map([...sums].map(([key, values]) => [key, [...new Set(values)].sort((a, b) => a - b)]))
}

function options(log: EventLog, signal: AbortSignal, own: Partial<FoldOptions> = {}): FoldOptions {
  return {
    log,
    name: 'sums',
    version: '1',
    input: INPUT,
    outputs: [OUTPUT],
    fold: () => new RunningSums(),
    checkpoints: new TopicCheckpoints(log),
    signal,
    checkpointEveryMs: 0,
    ...own,
  }
}

const never = new AbortController().signal

/** A process of the role: a log and a place in the group of its own. */
function startMember(prefix: string, own: Partial<FoldOptions> = {}) {
  const stop = new AbortController()
  const running = openLog(prefix).then(async (log) => {
    await runFold(options(log, stop.signal, { checkpointEveryMs: 100, ...own }))
    await log.close()
  })
  running.catch(() => {})
  const end = (): Promise<void> => {
    stop.abort()
    return running
  }
  return { stop: end, running }
}

describe('a fold on Kafka', () => {
  it('writes what it makes of each partition to the same one of its output, and goes on from there', async () => {
    const store = await newPlace()
    const log = await store.open()
    await appendNumbers(log, 1, 50)
    await runFold(options(log, never, { until: 'end' }))
    await appendNumbers(log, 51, 100)
    await runFold(options(log, never, { until: 'end' }))
    expect(await outputs(log)).toEqual(expected(100))
    await log.close()
  })

  it('leaves each output once when it is killed before or after any append', async () => {
    const store = await newPlace(2)
    const log = await store.open()
    let count = 0
    for (let moment = 1; moment <= 6; moment += 1) {
      await appendNumbers(log, count + 1, count + 20)
      count += 20
      const mortal = await store.open()
      makeMortal(mortal, moment)
      await runFold(options(mortal, never, { until: 'end' })).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
      await mortal.close()
    }
    await runFold(options(log, never, { until: 'end' }))
    expect(await outputs(log)).toEqual(expected(count))
    await log.close()
  })

  it('finds its outputs among those that a process left behind which had lost the partition', async () => {
    const store = await newPlace(1)
    const log = await store.open()
    await appendNumbers(log, 1, 10)
    const zombie = await log.producer(OUTPUT)
    for (const sum of [1, 3, 3, 1, 6, 10, 3]) await zombie.append([record('BTC/USD', sum)])
    const differences: Output[] = []
    await runFold(options(log, never, { until: 'end', onDifference: (again) => differences.push(again) }))
    expect(folded(await outputs(log))).toEqual(expected(10))
    expect((await outputs(log)).get('BTC/USD')).toEqual([1, 3, 3, 1, 6, 10, 3, 15, 21, 28, 36, 45, 55])
    expect(differences).toEqual([])
    await log.close()
  })

  it('is shared out among processes that come and go, and nothing is lost or written twice', async () => {
    const store = await newPlace()
    const log = await store.open()
    const first = startMember(store.prefix)
    const appending = (async () => {
      for (let count = 0; count < 300; count += 10) {
        await appendNumbers(log, count + 1, count + 10)
        await new Promise((resolve) => setTimeout(resolve, 150))
      }
    })()
    const second = startMember(store.prefix)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await first.stop()
    const third = startMember(store.prefix)
    await appending
    await expect.poll(async () => [...folded(await outputs(log)).values()][0]?.length, { timeout: 20_000 }).toBe(300)
    await expect.poll(async () => folded(await outputs(log)), { timeout: 20_000 }).toEqual(expected(300))
    await Promise.all([second.stop(), third.stop()])
    expect(await outputs(log)).toEqual(expected(300))
    await expect.poll(() => log.committed(INPUT, 'sums')).toEqual((await log.bounds(INPUT)).end)
    await log.close()
  })

  it('ends with the failure of a step, after the other partitions were given back', async () => {
    const store = await newPlace()
    const log = await store.open()
    await appendNumbers(log, 1, 1)
    const failing: Fold = {
      step: () => {
        throw new Error('No.')
      },
      checkpoint: () => null,
      restore: () => {},
    }
    const member = startMember(store.prefix, { fold: () => failing })
    await expect(member.running).rejects.toThrow('No.')
    await log.close()
  })
})

describe('checkpoints in a topic', () => {
  it('come back as they were, each by its name, also large ones', async () => {
    const store = await newPlace()
    const log = await store.open()
    const checkpoints = new TopicCheckpoints(log)
    expect(await checkpoints.load('sums/0')).toBeUndefined()
    const noise = Array.from({ length: 400_000 }, () => Math.random())
    await checkpoints.save('sums/0', { noise })
    for (let count = 0; count < 300; count += 1) await checkpoints.save('sums/1', { count })
    expect(await checkpoints.load('sums/1')).toEqual({ count: 299 })
    expect(await new TopicCheckpoints(log).load('sums/0')).toEqual({ noise })
    expect(await checkpoints.load('sums')).toBeUndefined()
    await log.close()
  })
})

/** Its `moment`-th append, counted before and after it happens, is the last that it does. */
function makeMortal(log: EventLog, last: number): void {
  const open = log.producer.bind(log)
  let moment = 0
  const pass = (): void => {
    moment += 1
    if (moment > last) throw new Killed()
  }
  log.producer = async (topic) => {
    const producer = await open(topic)
    const append = producer.append.bind(producer)
    producer.append = async (records) => {
      pass()
      const position = await append(records)
      pass()
      return position
    }
    return producer
  }
}
