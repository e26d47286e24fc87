import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type EventLog,
  KafkaTopics,
  type LogRecord,
  openKafkaLog,
  refuseProblems,
  TOPICS,
  tradesCodec,
} from '@c1/event-log'
import { TradeLog, watchForeignWriters } from '@c1/ingest-trades'
import type { MarketMessage, MarketSymbol } from '@c1/market'
import { CheckpointStore, createLogger, Metrics, TopicCheckpoints } from '@c1/service'
import { ConfigResourceTypes, Producer } from '@platformatic/kafka'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { end, startC1 } from '../recovery/processes.ts'
import { finalsOf, runCandles, runFeatures, tradeRecords, undisturbed } from './chaos/market.ts'
import { newAdmin } from './store.ts'

const SOURCE = 'kraken'
const never = new AbortController().signal
const connection = () => ({ brokers: [inject('kafkaBroker')] })

interface Place {
  readonly prefix: string
  readonly warnings: string[]
  readonly open: (writer?: string) => Promise<EventLog>
}

async function newPlace(partitions = 3): Promise<Place> {
  const prefix = `roles${Math.random().toString(36).slice(2, 8)}.`
  const warnings: string[] = []
  const onWarning = (warning: string): void => void warnings.push(warning)
  const topics = await KafkaTopics.open({ connection: connection(), prefix, patienceMs: 10_000, onWarning })
  await topics.create({ partitions, replicas: 1 })
  await topics.close()
  const open = async (writer = 'tests') => {
    const log = await openKafkaLog({ connection: connection(), prefix, onWarning, headers: { 'c1-writer': writer } })
    onTestFinished(() => log.close())
    return log
  }
  return { prefix, warnings, open }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'c1-kafka-roles-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function append(log: EventLog, records: readonly LogRecord[]): Promise<void> {
  const producer = await log.producer(TOPICS.trades)
  await producer.append(records)
  await producer.close()
}

async function runBoth(log: EventLog): Promise<void> {
  await runCandles({ log, signal: never, until: 'end' })
  await runFeatures({ log, signal: never, until: 'end' })
}

/** Some other program's message. */
async function sendForeign(prefix: string, value: string | null, headers: Record<string, string> = {}): Promise<void> {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'foreign',
    bootstrapBrokers: connection().brokers,
  })
  const entries = Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const)
  await producer.send({
    messages: [
      {
        topic: `${prefix}${TOPICS.trades}`,
        key: Buffer.from('BTC/USD'),
        value: (value === null ? null : Buffer.from(value)) as Buffer,
        headers: new Map(entries),
      },
    ],
  })
  await producer.close()
}

describe('two ingesters of the same symbols', () => {
  it('change no candle and no feature row, and are reported', async () => {
    const { open } = await newPlace()
    const messages = (first: number, count: number): MarketMessage[] => {
      const codec = tradesCodec(SOURCE)
      return tradeRecords(first, count).map((record) => codec.decode({ ...record, partition: 0, offset: 0 }))
    }
    const ingesters = await Promise.all(
      ['one', 'two'].map(async (writer) => {
        const log = await open(writer)
        const trades = await TradeLog.open({ log, checkpoints: new CheckpointStore(newFolder()), source: SOURCE })
        return { log, trades, writer }
      }),
    )
    const metrics = new Metrics()
    const stop = new AbortController()
    const [one, two] = ingesters as [(typeof ingesters)[0], (typeof ingesters)[0]]
    const watching = watchForeignWriters(
      { ...one, source: SOURCE, symbols: ['BTC/USD'], logger: createLogger('silent'), metrics },
      stop.signal,
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (let at = 0; at < 600; at += 30) {
      await Promise.all([one.trades.append(messages(at, 30)), two.trades.append(messages(Math.max(0, at - 7), 37))])
    }
    const counted = async () => Number(/foreign_writer_records_total\{.*\} (\d+)/.exec(await metrics.text())?.[1] ?? 0)
    await expect.poll(counted, { timeout: 10_000 }).toBeGreaterThan(500)
    stop.abort()
    await watching
    // What the other one wrote is known: it is not taken again.
    expect(await one.trades.append(messages(0, 600))).toBe(4800)

    await runBoth(one.log)
    const expected = await undisturbed(newFolder(), tradeRecords(0, 600))
    const finals = await finalsOf(one.log)
    expect([...finals.candles]).toEqual([...expected.candles])
    expect([...finals.rows]).toEqual([...expected.rows])
  }, 60_000)
})

describe('a role that starts again on another machine', () => {
  it('has its state of 200 symbols back in less than five seconds', async () => {
    const { open } = await newPlace(8)
    const log = await open()
    const symbols = Array.from({ length: 200 }, (_, at) => `S${at}/USD` as MarketSymbol)
    for (let at = 0; at < 300; at += 50) await append(log, tradeRecords(at, 50, symbols))
    await runBoth(log)
    const elsewhere = await open('elsewhere')
    const startedAt = performance.now()
    await runBoth(elsewhere)
    const seconds = (performance.now() - startedAt) / 1000
    console.log(
      `candles and features of 200 symbols in 8 partitions, one after the other: back in ${seconds.toFixed(1)} s`,
    )
    expect(seconds).toBeLessThan(5)
  }, 120_000)
})

describe('candles that a process left behind which had lost the partition', () => {
  it('change no feature row, however old they are', async () => {
    const { open } = await newPlace()
    const log = await open()
    await append(log, tradeRecords(0, 2000))
    await runBoth(log)
    const written: LogRecord[] = []
    for await (const { records } of await log.consumer(TOPICS.candles, { from: 'earliest', until: 'end' })) {
      written.push(...records.map((record) => ({ ...record, value: Buffer.from(record.value) })))
    }
    const zombie = await log.producer(TOPICS.candles)
    await zombie.append(written.filter((_, at) => at % 40 === 0))
    await append(log, tradeRecords(2000, 100))
    await runBoth(log)
    const expected = await undisturbed(newFolder(), tradeRecords(0, 2100))
    const finals = await finalsOf(log)
    expect(finals.repeated).toBeGreaterThan(20)
    expect([...finals.rows]).toEqual([...expected.rows])
  }, 60_000)
})

describe('what is not ours in the topics', () => {
  const headers = { 'c1-kind': 'trade', 'c1-schema': 'trades.v1', 'c1-source': SOURCE }

  it.each([
    ['a message of another program', {}, 'schema_unknown', 'its header c1-schema is missing'],
    [
      'a schema version from the future',
      { ...headers, 'c1-schema': 'trades.v2' },
      'schema_unknown',
      'a newer C1 may read it',
    ],
    ['another source', { ...headers, 'c1-source': 'simulator' }, 'source_foreign', 'sources never mix'],
    ['nonsense', headers, 'record_malformed', 'is no JSON object'],
  ])('%s ends the role with one clear message', async (_, headers, code, words) => {
    const { open, prefix } = await newPlace(1)
    const log = await open()
    await append(log, tradeRecords(0, 20))
    await sendForeign(prefix, 'nonsense', headers)
    const failure = { code, message: expect.stringContaining(words) }
    await expect(runCandles({ log, signal: never, until: 'end' })).rejects.toMatchObject(failure)
  })

  it('a tombstone is passed over, and told', async () => {
    const { open, prefix, warnings } = await newPlace(1)
    const log = await open()
    await append(log, tradeRecords(0, 300))
    await sendForeign(prefix, null)
    await append(log, tradeRecords(300, 300))
    await runBoth(log)
    const expected = await undisturbed(newFolder(), tradeRecords(0, 600))
    expect([...(await finalsOf(log)).candles]).toEqual([...expected.candles])
    expect(warnings.join()).toContain('tombstone')
  })
})

describe('retention that passed the position of a role', () => {
  it('stops it with what is lost, and it starts again when it is told to forget', async () => {
    const { open, prefix } = await newPlace(1)
    const log = await open()
    await append(log, tradeRecords(0, 200))
    await runCandles({ log, signal: never, until: 'end' })
    await append(log, tradeRecords(200, 200))
    const admin = newAdmin()
    const deleted = { partition: 0, offset: 2000n }
    await admin.deleteRecords({ topics: [{ name: `${prefix}${TOPICS.trades}`, partitions: [deleted] }] })
    await admin.close()
    await expect(runCandles({ log, signal: never, until: 'end' })).rejects.toMatchObject({
      code: 'position_expired',
      message: expect.stringMatching(/Records 1600 to 1999 .* were removed by retention before they were read/),
    })
    await new TopicCheckpoints(log).save('build-candles/0', null)
    await runCandles({ log, signal: never, until: 'end' })
  })
})

describe('topics that are not as C1 makes them', () => {
  const check = async (prefix: string, partitions?: number) => {
    const topics = await KafkaTopics.open({ connection: connection(), prefix, patienceMs: 10_000, onWarning: () => {} })
    const checked = await topics.check(partitions)
    await topics.close()
    return checked
  }

  it('are all told at once, each with what mends it', async () => {
    const prefix = `unfit${Math.random().toString(36).slice(2, 8)}.`
    const admin = newAdmin()
    const create = (topic: string, partitions: number, configs: Record<string, string> = {}) =>
      admin.createTopics({
        topics: [`${prefix}${topic}`],
        partitions,
        replicas: 1,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      })
    await create(TOPICS.trades, 4, { 'retention.ms': '-1' })
    await create(TOPICS.candles, 3, { 'retention.ms': '-1' })
    await create(TOPICS.features, 4, { 'cleanup.policy': 'compact', 'retention.ms': '-1' })
    await create(TOPICS.predictions, 4)
    await create('checkpoints.v1', 1)
    await expect.poll(async () => (await check(prefix)).topics).toHaveLength(5)
    const { problems } = await check(prefix)
    expect(() => refuseProblems(problems)).toThrow(
      expect.objectContaining({
        code: 'topics_unfit',
        message: expect.stringMatching(
          /candles\.v1 has 3 partitions, not 4.*--partitions 4[\s\S]*features\.v1 is compacted[\s\S]*outcomes\.v1 is missing: run "c1 topics create"[\s\S]*checkpoints\.v1 is not compacted/,
        ),
      }),
    )
    const notes = problems.filter(({ isFatal }) => !isFatal)
    expect(notes.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('predictions.v1 deletes what happened'),
    ])
    await admin.close()
  })

  it('are fit as c1 topics create makes them, and another number of partitions is told', async () => {
    const { prefix } = await newPlace(3)
    const { problems, topics } = await check(prefix)
    expect(problems).toEqual([])
    expect(topics.map(({ partitions }) => partitions)).toEqual([3, 3, 3, 3, 3, 3, 1])
    expect((await check(prefix, 8)).problems).toHaveLength(6)
    const admin = newAdmin()
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: `${prefix}${TOPICS.trades}` }
    const [described] = await admin.describeConfigs({ resources: [resource] })
    const config = (name: string) => described?.configs.find((entry) => entry.name === name)?.value
    expect([config('retention.ms'), config('message.timestamp.after.max.ms')]).toEqual(['-1', '9223372036854775807'])
    await admin.close()
  })
})

describe('c1 run', () => {
  const run = async (prefix: string, args: readonly string[]) => {
    const env = { C1_EVENT_LOG: 'kafka', C1_KAFKA_BROKERS: inject('kafkaBroker'), C1_TOPIC_PREFIX: prefix }
    const child = startC1([...args, '--source', 'kraken', '--data-dir', newFolder()], env)
    onTestFinished(() => end(child, 'SIGKILL'))
    const said = { out: '', err: '' }
    child.stdout?.on('data', (text) => {
      said.out += String(text)
    })
    child.stderr?.on('data', (text) => {
      said.err += String(text)
    })
    const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
    return { child, said, closed }
  }

  it('ends with exit code 2 and the command to run where topics are missing', async () => {
    const { closed, said } = await run('absent.', ['run', 'build-candles', '--metrics-port', '0'])
    expect(await closed).toBe(2)
    expect(said.err).toContain('absent.trades.v1 is missing: run "c1 topics create"')
  })

  it('ends with exit code 1 and a reason where the topic holds what it cannot read', async () => {
    const { prefix } = await newPlace()
    await sendForeign(prefix, 'nonsense')
    const { closed, said } = await run(prefix, ['run', 'build-candles', '--metrics-port', '0'])
    expect(await closed).toBe(1)
    expect(said.err).toContain('its header c1-schema is missing')
  })

  it('is seen from outside: how far roles are, and what the topics hold', async () => {
    const { open, prefix } = await newPlace()
    await append(await open(), tradeRecords(0, 300))
    const role = await run(prefix, ['run', 'build-candles', '--metrics-port', '0'])
    const status = async () => {
      const { closed, said } = await run(prefix, ['status', '--json'])
      await closed
      return JSON.parse(said.out) as { roles: { role: string; lag: Record<string, number> }[]; symbols: object[] }
    }
    await expect
      .poll(async () => (await status()).roles[0], { timeout: 40_000, interval: 500 })
      .toEqual({ role: 'build-candles', topic: 'trades.v1', lag: { 0: 0, 1: 0, 2: 0 } })
    expect((await status()).symbols).toHaveLength(8)
    const read = await run(prefix, ['topics', 'read', 'trades.v1', '--symbols', 'BTC/USD', '--last', '3000'])
    await read.closed
    const lines = read.said.out.trimEnd().split('\n')
    expect(lines).toHaveLength(300)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      key: 'BTC/USD',
      offset: expect.any(Number),
      headers: { 'c1-kind': 'trade', 'c1-writer': 'tests' },
      value: { symbol: 'BTC/USD', tradeId: 1000 },
    })
    const stoppedAt = performance.now()
    role.child.kill('SIGTERM')
    expect(await role.closed).toBe(130)
    expect(performance.now() - stoppedAt).toBeLessThan(5000)
  }, 120_000)
})
