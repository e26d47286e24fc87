/**
 * What it costs to read a million trades from a topic: by our own fetch requests, and by those of the library alone, without
 * its stream.
 *
 *     node benchmarks/kafka-read.ts            starts a broker of its own
 *     node benchmarks/kafka-read.ts HOST:PORT
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKafkaLog, tradesCodec } from '@c1/event-log'
import type { DecimalText, EpochMicros, MarketSymbol } from '@c1/market'
import { Admin, Consumer } from '@platformatic/kafka'
import { startBroker } from '../tools/broker/broker.ts'

const RECORDS = 1_000_000
const ROUNDS = 5
const PARTITIONS = 8
const TOPIC = 'trades.v1'
const SYMBOLS = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD', 'ADA/USD', 'DOT/USD', 'LTC/USD', 'XMR/USD']
const prefix = `read${process.pid}.`
const topic = `${prefix}${TOPIC}`

async function write(broker: string): Promise<void> {
  const admin = new Admin({ clientId: 'benchmark', bootstrapBrokers: [broker] })
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 })
  await admin.close()
  const log = await openKafkaLog({ connection: { brokers: [broker] }, prefix, onWarning: console.error })
  const codec = tradesCodec('kraken')
  const producer = await log.producer(TOPIC)
  const now = Date.now() * 1000
  for (let first = 0; first < RECORDS; first += 1000) {
    const trades = Array.from({ length: 1000 }, (_, at) => ({
      symbol: SYMBOLS[at % SYMBOLS.length] as MarketSymbol,
      idSpace: 'venue' as const,
      tradeId: first + at,
      eventTime: (now + first + at) as EpochMicros,
      price: '61234.5' as DecimalText,
      quantity: '0.00044780' as DecimalText,
      side: 'buy' as const,
      orderType: 'limit' as const,
    }))
    await producer.append(trades.map((trade) => codec.encode({ kind: 'trade', trade })))
  }
  await log.close()
}

async function readOurs(broker: string): Promise<number> {
  const log = await openKafkaLog({ connection: { brokers: [broker] }, prefix, onWarning: console.error })
  let count = 0
  for await (const { records } of await log.consumer(TOPIC, { from: 'earliest', until: 'end' })) count += records.length
  await log.close()
  return count
}

async function readTheirs(broker: string): Promise<number> {
  const consumer = new Consumer({
    clientId: 'benchmark',
    groupId: 'benchmark',
    bootstrapBrokers: [broker],
    isolationLevel: 0,
  })
  const { topics } = await consumer.metadata({ topics: [topic] })
  const found = topics.get(topic)
  const offsets = found?.partitions.map(() => 0n) ?? []
  const options = { node: found?.partitions[0]?.leader ?? 0, maxBytes: 1 << 20, maxWaitTime: 500, minBytes: 1 }
  let count = 0
  while (count < RECORDS) {
    const partitions = offsets.map((fetchOffset, partition) => {
      return { partition, fetchOffset, currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: 1 << 20 }
    })
    const { responses } = await consumer.fetch({ ...options, topics: [{ topicId: found?.id ?? '', partitions }] })
    for (const { partitionIndex, records } of responses.flatMap(({ partitions }) => partitions)) {
      for (const batch of records ?? []) {
        count += batch.records.length
        offsets[partitionIndex] = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n
      }
    }
  }
  await consumer.close()
  return count
}

async function measure(name: string, read: () => Promise<number>): Promise<void> {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  const count = await read()
  const { system, user } = process.cpuUsage(before)
  const rate = Math.round(count / ((performance.now() - startedAt) / 1000))
  console.log(`${name}: ${rate.toLocaleString('en')} records/s, ${((system + user) / 1e6).toFixed(2)} CPU s a million`)
}

async function run(broker: string): Promise<void> {
  await write(broker)
  for (let round = 0; round < ROUNDS; round += 1) {
    await measure('own fetch requests', () => readOurs(broker))
    await measure("the library's     ", () => readTheirs(broker))
  }
}

const [address] = process.argv.slice(2)
if (address !== undefined) await run(address)
else {
  const folder = await mkdtemp(join(tmpdir(), 'c1-read-'))
  const broker = await startBroker({ folder })
  await run(broker.bootstrap)
  await broker.stop()
  await rm(folder, { recursive: true, force: true })
}
