import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs'
import { glob, mkdtemp, readFile, rm, truncate, unlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventLog, openKafkaLog, type StoredRecord } from '@c1/event-log'
import { logRecord } from '@c1/testkit'
import { type CompressionAlgorithmValue, compatibilityPartitioner, Producer } from '@platformatic/kafka'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { type Broker, startBroker, stopBroker } from '../../tools/broker/broker.ts'
import { newAdmin, newStore, openLog } from './store.ts'

const TOPIC = 'trades.v1'
const DAY_MS = 86_400_000
const text = ({ value }: StoredRecord): string => Buffer.from(value).toString()

async function readAll(log: EventLog, from: 'earliest' | Record<number, number> = 'earliest'): Promise<StoredRecord[]> {
  const consumer = await log.consumer(TOPIC, { from, until: 'end' })
  const read: StoredRecord[] = []
  for await (const { records } of consumer) read.push(...records)
  return read
}

/** Some other program's producer. */
function foreignProducer(options: { transactional?: boolean; compression?: CompressionAlgorithmValue } = {}) {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'foreign',
    bootstrapBrokers: [inject('kafkaBroker')],
    strict: true,
    partitioner: compatibilityPartitioner,
    // Else a send that is tried again, as after the making of a topic, may be there twice.
    idempotent: true,
    ...(options.compression && { compression: options.compression }),
    ...(options.transactional && {
      transactionalId: randomUUID(),
      producerId: -1n,
      producerEpoch: -1,
    }),
  })
  onTestFinished(() => producer.close())
  return producer
}

const message = (topic: string, value: string | Buffer, timestamp?: number) => ({
  topic,
  key: Buffer.from('A/B'),
  value: Buffer.from(value),
  ...(timestamp !== undefined && { timestamp: BigInt(timestamp) }),
})

describe('a topic that a foreign program writes in transactions', () => {
  const transactions = async (steps: readonly (readonly ['commit' | 'abort', readonly string[]])[]) => {
    const store = await newStore({ partitions: 1 })
    const producer = foreignProducer({ transactional: true })
    for (const [end, values] of steps) {
      const transaction = await producer.beginTransaction()
      if (values.length > 0) {
        await transaction.send({ messages: values.map((value) => message(`${store.prefix}${TOPIC}`, value)) })
      }
      await transaction[end]()
    }
    const log = await store.open()
    onTestFinished(() => log.close())
    return readAll(log)
  }

  it('is read with its committed records and without the aborted ones, however they alternate', async () => {
    const read = await transactions([
      ['commit', ['c1']],
      ['abort', ['a1']],
      ['commit', ['c2']],
      ['abort', ['a2']],
      ['commit', ['c3']],
    ])
    expect(read.map(text)).toEqual(['c1', 'c2', 'c3'])
  })

  it('is read right where transactions of several programs overlap', async () => {
    const store = await newStore({ partitions: 1 })
    const topic = `${store.prefix}${TOPIC}`
    const [first, second] = [foreignProducer({ transactional: true }), foreignProducer({ transactional: true })]
    const [aborted, committed] = [await first.beginTransaction(), await second.beginTransaction()]
    await aborted.send({ messages: [message(topic, 'a1')] })
    await committed.send({ messages: [message(topic, 'c1')] })
    await committed.commit()
    const log = await store.open()
    expect(await readAll(log)).toEqual([])
    await aborted.abort()
    // The broker answers before its marker is in the partition.
    await expect.poll(async () => (await readAll(log)).map(text)).toEqual(['c1'])
    await log.close()
  })

  it('shows nothing of an aborted transaction that is larger than one answer', async () => {
    const large = Array.from({ length: 6 }, (_, at) => `${at}${'x'.repeat(400_000)}`)
    const store = await newStore({ partitions: 1 })
    const producer = foreignProducer({ transactional: true })
    const transaction = await producer.beginTransaction()
    for (const value of large) await transaction.send({ messages: [message(`${store.prefix}${TOPIC}`, value)] })
    await transaction.abort()
    const after = await producer.beginTransaction()
    await after.send({ messages: [message(`${store.prefix}${TOPIC}`, 'kept')] })
    await after.commit()
    const log = await store.open()
    expect((await readAll(log)).map(text)).toEqual(['kept'])
    expect((await log.bounds(TOPIC)).end[0]).toBeGreaterThan(large.length)
    await log.close()
  })
})

describe('times', () => {
  it('of one batch may lie further apart than the library can write', async () => {
    const store = await newStore({ partitions: 1 })
    const log = await store.open()
    const producer = await log.producer(TOPIC)
    const start = Date.UTC(2018, 4, 8)
    const days = [0, 31, 3000, 10, 24.8, 24.9, 49.7, 50]
    await producer.append(days.map((day) => logRecord('A/B', `${day}`, { timestamp: (start + day * DAY_MS) * 1000 })))
    const read = await readAll(log)
    expect(read.map(({ timestamp }) => (timestamp / 1000 - start) / DAY_MS)).toEqual(days)
    await log.close()
  })

  it('are the broker’s where a topic is stamped when it is appended', async () => {
    const store = await newStore({ partitions: 1, configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const log = await store.open()
    const before = Date.now()
    await (await log.producer(TOPIC)).append([logRecord('A/B', 'x', { timestamp: 0 })])
    const [record] = await readAll(log)
    expect((record?.timestamp ?? 0) / 1000).toBeGreaterThan(before - 60_000)
    await log.close()
  })

  it('that are too far ahead of the broker’s clock are one clear error, and nothing of them is kept', async () => {
    const store = await newStore({ partitions: 1, configs: { 'message.timestamp.after.max.ms': '60000' } })
    const log = await store.open()
    const producer = await log.producer(TOPIC)
    const ahead = logRecord('A/B', 'from the future', { timestamp: (Date.now() + 3_600_000) * 1000 })
    await expect(producer.append([ahead])).rejects.toMatchObject({
      code: 'clock_skewed',
      message: expect.stringContaining('Set the clocks of both machines by NTP'),
    })
    await producer.append([logRecord('A/B', 'now', { timestamp: Date.now() * 1000 })])
    expect((await readAll(log)).map(text)).toEqual(['now'])
    await log.close()
  })
})

describe('records of other programs', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)('are read from %s', async (compression) => {
    const store = await newStore({ partitions: 1 })
    const values = Array.from({ length: 500 }, (_, at) => `value ${at}`)
    const messages = values.map((value) => message(`${store.prefix}${TOPIC}`, value, 1_525_752_700_029))
    await foreignProducer({ compression }).send({ messages })
    const log = await store.open()
    const read = await readAll(log)
    expect(read.map(text)).toEqual(values)
    expect(read[499]).toMatchObject({ key: 'A/B', timestamp: 1_525_752_700_029_000, offset: 499, headers: {} })
    expect((await readAll(log, { 0: 123 })).map(text)).toEqual(values.slice(123))
    await log.close()
  })

  it('stand where ours of the same key do, at any number of partitions', async () => {
    const store = await newStore({ partitions: 7 })
    const keys = Array.from({ length: 60 }, (_, at) => `${'ABCDEFG'[at % 7]}${at}/USD`)
    const topic = `${store.prefix}${TOPIC}`
    const foreign = keys.map((key) => ({ topic, key: Buffer.from(key), value: Buffer.from('theirs') }))
    await foreignProducer().send({ messages: foreign })
    const log = await store.open()
    await (await log.producer(TOPIC)).append(keys.map((key) => logRecord(key, 'ours')))
    const partitions = Map.groupBy(await readAll(log), ({ key }) => key)
    for (const records of partitions.values()) {
      expect(records).toHaveLength(2)
      expect(records[0]?.partition).toBe(records[1]?.partition)
    }
    await log.close()
  })

  it('may be without a key; one without a value is passed over, and said so once', async () => {
    const store = await newStore({ partitions: 1 })
    const topic = `${store.prefix}${TOPIC}`
    const tombstone = { topic, key: Buffer.from('A/B'), value: null as unknown as Buffer }
    const keyless = { topic, value: Buffer.from('no key'), partition: 0 }
    await foreignProducer().send({ messages: [tombstone, keyless, tombstone] })
    const log = await store.open()
    expect(await readAll(log)).toMatchObject([{ key: '', offset: 1 }])
    expect((await log.bounds(TOPIC)).end).toEqual({ 0: 3 })
    expect(store.warnings).toEqual([expect.stringContaining('has no value (a tombstone, from another program)')])
    await log.close()
  })
})

describe('what a topic cannot take or no longer has', () => {
  it('a record larger than the topic takes is refused, and the writer goes on', async () => {
    const store = await newStore({ partitions: 1 })
    const log = await store.open()
    const producer = await log.producer(TOPIC)
    const noise = Buffer.from(Array.from({ length: 3_000_000 }, () => Math.random() * 256))
    await expect(producer.append([logRecord('A/B', noise)])).rejects.toMatchObject({ code: 'batch_too_large' })
    await producer.append([logRecord('A/B', 'small')])
    expect((await readAll(log)).map(text)).toEqual(['small'])
    await log.close()
  })

  it('records that were deleted before they were read are an error that says which', async () => {
    const store = await newStore({ partitions: 1 })
    const log = await store.open()
    await (await log.producer(TOPIC)).append(Array.from({ length: 10 }, (_, at) => logRecord('A/B', `${at}`)))
    const reading = (await log.consumer(TOPIC, { from: { 0: 2 }, maxBatch: 1 }))[Symbol.asyncIterator]()
    const admin = newAdmin()
    await admin.deleteRecords({
      topics: [{ name: `${store.prefix}${TOPIC}`, partitions: [{ partition: 0, offset: 5n }] }],
    })
    await admin.close()
    await expect(log.consumer(TOPIC, { from: { 0: 2 } })).rejects.toMatchObject({
      code: 'position_expired',
      message: expect.stringContaining('Records 2 to 4'),
    })
    await expect(reading.next()).rejects.toMatchObject({ code: 'position_expired' })
    expect((await readAll(log)).map(text)).toEqual(['5', '6', '7', '8', '9'])
    await expect(log.consumer(TOPIC, { from: { 0: 11 } })).rejects.toMatchObject({ code: 'position_ahead' })
    await log.close()
  })

  it('a missing topic is an error that names the command', async () => {
    const log = await openLog(`t${randomUUID().slice(0, 8)}.`)
    const missing = { code: 'topic_missing', message: expect.stringContaining('c1 topics create') }
    await expect(log.producer(TOPIC)).rejects.toMatchObject(missing)
    await expect(log.consumer(TOPIC, { from: 'earliest' })).rejects.toMatchObject(missing)
    await log.close()
  })
})

describe('a broker that is away', () => {
  const open = (address: string, own: { patienceMs?: number; deliveryMs?: number } = {}) => {
    const warnings: string[] = []
    const onWarning = (warning: string): void => void warnings.push(warning)
    return openKafkaLog({ connection: { brokers: [address] }, onWarning, ...own }).then((log) => ({ log, warnings }))
  }

  it('is waited for as long as was asked, and said so', async () => {
    const port = await freePort()
    const { log, warnings } = await open(`127.0.0.1:${port}`, { patienceMs: 1500 })
    await expect(log.bounds(TOPIC)).rejects.toMatchObject({ code: 'log_unreachable', retryable: true })
    expect(warnings).toEqual([expect.stringMatching(/Kafka at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED.*\)\. Trying again\./)])
    await log.close()
  })

  describe('or comes later, dies, and comes back', () => {
    let broker: Broker
    const begin = async () => {
      const folder = await mkdtemp(join(tmpdir(), 'c1-late-'))
      const port = await freePort()
      onTestFinished(async () => {
        await stopBroker(folder)
        await rm(folder, { recursive: true, force: true })
      })
      return { folder, port, heap: '256m' } as const
    }

    it.each([
      // The broker forgets a writer by the times of his records.
      ['of long ago', (count: number) => Date.UTC(2018, 4, 8) * 1000 + count],
      ['of now', () => Date.now() * 1000],
    ])('costs time, and every record %s is there once, in order', { timeout: 180_000 }, async (_, timeOf) => {
      const options = await begin()
      const { log, warnings } = await open(`127.0.0.1:${options.port}`, { patienceMs: Number.POSITIVE_INFINITY })
      const waiting = log.bounds(TOPIC).catch((error: Error) => error)
      broker = await startBroker(options)
      expect(await waiting).toMatchObject({ code: 'topic_missing' })
      expect(warnings.join()).toContain('Trying again')
      const admin = newAdmin(broker.bootstrap)
      await admin.createTopics({ topics: [TOPIC], partitions: 3, replicas: 1 })
      await admin.close()

      const producer = await log.producer(TOPIC)
      const read: StoredRecord[] = []
      const reading = (async () => {
        for await (const { records } of await log.consumer(TOPIC, { from: 'earliest' })) {
          read.push(...records)
          if (read.some((record) => text(record) === '599') && read.length >= 600) return
        }
      })()
      const appending = (async () => {
        for (let count = 0; count < 600; count += 1)
          await producer.append([logRecord(`K${count % 9}/X`, `${count}`, { timestamp: timeOf(count) })])
      })()
      await expect.poll(() => read.length, { timeout: 30_000 }).toBeGreaterThan(50)
      await broker.kill(1)
      broker = await startBroker(options)
      await Promise.all([appending, reading])
      const counts = [...Map.groupBy(read, ({ partition }) => partition).values()].map((records) =>
        records.map((record) => Number(text(record))),
      )
      expect(counts).toEqual(counts.map((of) => of.toSorted((a, b) => a - b)))
      expect(counts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, at) => at))
      await log.close()
    })

    it.each([
      ['of long ago', Date.UTC(2018, 4, 8) * 1000],
      ['of now', Date.now() * 1000],
    ])('is not written on when it lost acknowledged records %s', { timeout: 120_000 }, async (_, timestamp) => {
      const options = await begin()
      broker = await startBroker(options)
      const admin = newAdmin(broker.bootstrap)
      await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1 })
      await admin.close()
      const { log } = await open(broker.bootstrap)
      const producer = await log.producer(TOPIC)
      for (const value of ['kept', 'lost', 'lost too']) await producer.append([logRecord('A/B', value, { timestamp })])
      await broker.kill(1)
      await cutOffBatches(await segmentOf(options.folder), 1)
      broker = await startBroker(options)
      const shortened = { code: 'log_shortened', message: expect.stringContaining('that it had acknowledged') }
      await expect(producer.append([logRecord('A/B', 'next', { timestamp })])).rejects.toMatchObject(shortened)
      await expect(producer.append([logRecord('A/B', 'later', { timestamp })])).rejects.toMatchObject(shortened)
      expect((await readAll(log)).map(text)).toEqual(['kept'])
      await log.close()
    })

    it('is given up by an append after its deadline, and the writer writes nothing more', {
      timeout: 120_000,
    }, async () => {
      const options = await begin()
      broker = await startBroker(options)
      const admin = newAdmin(broker.bootstrap)
      await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1 })
      await admin.close()
      const { log } = await open(broker.bootstrap, { deliveryMs: 2000 })
      const producer = await log.producer(TOPIC)
      await producer.append([logRecord('A/B', 'taken')])
      await broker.kill(1)
      const away = { code: 'log_unreachable', retryable: true, message: expect.stringContaining('for 2 s') }
      await expect(producer.append([logRecord('A/B', 'lost')])).rejects.toMatchObject(away)
      await expect(producer.append([logRecord('A/B', 'later')])).rejects.toMatchObject(away)
      await log.close()
    })
  })
})

describe.skipIf(!canMount())('a broker whose disk is full', () => {
  it('is told of, tried again, and loses nothing once there is room', { timeout: 240_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'c1-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder])
    onTestFinished(async () => {
      await stopBroker(folder)
      // The broker's last mapped file may be let go a moment later.
      execFileSync('umount', ['--lazy', folder])
      await rm(folder, { recursive: true, force: true })
    })
    const options = { folder, port: await freePort(), heap: '256m' } as const
    let broker = await startBroker(options)
    const admin = newAdmin(broker.bootstrap)
    await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1 })
    await admin.close()
    const warnings: string[] = []
    const log = await openKafkaLog({
      connection: { brokers: [broker.bootstrap] },
      onWarning: (warning) => warnings.push(warning),
    })
    const producer = await log.producer(TOPIC)
    await producer.append([logRecord('A/B', 'before')])
    const filler = join(folder, 'filler')
    fillDisk(filler)
    const noise = (at: number) => Buffer.concat([Buffer.from(`${at} `), randomBytes(100_000)])
    const appending = (async () => {
      for (let at = 0; at < 20; at += 1) await producer.append([logRecord('A/B', noise(at))])
    })()
    await expect.poll(() => warnings.join(), { timeout: 60_000 }).toContain('Cannot write trades.v1 yet')
    await unlink(filler)
    broker = await startBroker(options)
    await appending
    const read = (await readAll(log)).map((record) => text(record).split(' ')[0])
    expect(read).toEqual(['before', ...Array.from({ length: 20 }, (_, at) => String(at))])
    await log.close()
  })
})

/** Only root may give a test a small disk of its own. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'c1-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    process.stderr.write('Skipped: the test of a full disk needs to mount a small one, which only root may.\n')
    return false
  } finally {
    rmdirSync(folder)
  }
}

function fillDisk(file: string): void {
  const block = Buffer.alloc(64 * 1024)
  const opened = openSync(file, 'w')
  try {
    for (;;) writeSync(opened, block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(opened)
  }
}

/** The file of the only segment of the topic's only partition. */
async function segmentOf(folder: string): Promise<string> {
  for await (const segment of glob(`${folder}/**/${TOPIC}-0/*.log`)) return segment
  throw new Error(`There is no segment of ${TOPIC} in ${folder}.`)
}

/** Leaves as many record batches as told, as a disk may that lost its last writes. */
async function cutOffBatches(segment: string, kept: number): Promise<void> {
  const bytes = await readFile(segment)
  let end = 0
  for (let batch = 0; batch < kept; batch += 1) end += 12 + bytes.readInt32BE(end + 8)
  await truncate(segment, end)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
