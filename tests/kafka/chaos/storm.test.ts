import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { type EventLog, KafkaTopics, openKafkaLog, TOPICS } from '@c1/event-log'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { type Broker, startBroker, stopBroker } from '../../../tools/broker/broker.ts'
import { finalsOf, percentiles, runCandles, runFeatures, tradeRecords, undisturbed } from './market.ts'

/** A member joins or leaves this often, for so long. */
const EVERY_MS = 2000
const STORM_SECONDS = Number(process.env.C1_TEST_STORM_SECONDS ?? 120)
const BROKER_KILLS = Number(process.env.C1_TEST_BROKER_KILLS ?? 10)
/** Trades of each symbol that are there at the start: enough for feature rows of each. */
const HEAD_START = 1500
/** Trades of each symbol that are written at once, and how often. */
const TRADES = 20
const FEED_MS = 100

type RunRole = typeof runCandles

const folders: string[] = []
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'c1-chaos-'))
  folders.push(folder)
  return folder
}
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function newTopics(brokers: string, replicas: number): Promise<() => Promise<EventLog>> {
  const prefix = `chaos${Math.random().toString(36).slice(2, 8)}.`
  const connection = { brokers: brokers.split(',') }
  const options = { connection, prefix, patienceMs: 60_000, onWarning: () => {} }
  const topics = await KafkaTopics.open(options)
  await topics.create({ partitions: 6, replicas })
  await topics.close()
  return () => openKafkaLog(options)
}

/** A process of a role, as far as the log can tell: a client and a place in the group of its own. */
async function startMember(open: () => Promise<EventLog>, run: RunRole) {
  const stop = new AbortController()
  const log = await open()
  const running = run({ log, signal: stop.signal })
  running.catch((error: unknown) => console.error(error))
  return async (): Promise<void> => {
    stop.abort()
    await running
    await log.close()
  }
}

/** Writes trades until told to stop, and tells how many of each symbol. */
function startFeed(log: EventLog) {
  const stop = new AbortController()
  const running = (async (): Promise<number> => {
    const producer = await log.producer(TOPICS.trades)
    let count = HEAD_START
    await producer.append(tradeRecords(0, count))
    for (; !stop.signal.aborted; count += TRADES) {
      await producer.append(tradeRecords(count, TRADES))
      await pass(FEED_MS)
    }
    return count
  })()
  return (): Promise<number> => {
    stop.abort()
    return running
  }
}

/** When candles came: the longest time without one is what a reader notices of a disturbance. */
async function watchCandles(log: EventLog, signal: AbortSignal): Promise<number[]> {
  const arrivals: number[] = []
  for await (const _ of await log.consumer(TOPICS.candles, { from: 'earliest', signal }))
    arrivals.push(performance.now())
  return arrivals
}

async function expectSame(log: EventLog, count: number): Promise<void> {
  expect(count).toBeGreaterThan(HEAD_START + TRADES)
  const expected = await undisturbed(await newFolder(), tradeRecords(0, count))
  expect(expected.rows.size).toBeGreaterThan(100)
  const sizes = async (): Promise<number[]> => {
    const { candles, rows } = await finalsOf(log)
    return [candles.size, rows.size]
  }
  await expect.poll(sizes, { timeout: 90_000, interval: 1000 }).toEqual([expected.candles.size, expected.rows.size])
  const finals = await finalsOf(log)
  expect([...finals.candles]).toEqual([...expected.candles])
  expect([...finals.rows]).toEqual([...expected.rows])
  console.log(`${finals.candles.size} candles and ${finals.rows.size} rows are equal; ${finals.repeated} came twice`)
}

describe(`a member that joins or leaves every ${EVERY_MS / 1000} s for ${STORM_SECONDS} s`, () => {
  it('changes no final candle and no feature row', { timeout: (STORM_SECONDS + 240) * 1000 }, async () => {
    const open = await newTopics(inject('kafkaBroker'), 1)
    const log = await open()
    const watching = new AbortController()
    const arrivals = watchCandles(log, watching.signal)
    const stopFeed = startFeed(log)
    const members = [await startMember(open, runCandles), await startMember(open, runFeatures)]
    const until = performance.now() + STORM_SECONDS * 1000
    for (let turn = 0; performance.now() < until; turn += 1) {
      const leaves = members.length > 4 || (members.length > 2 && turn % 2 === 1)
      if (leaves) await members.splice(turn % 3, 1)[0]?.()
      else members.push(await startMember(open, turn % 4 < 2 ? runCandles : runFeatures))
      await pass(EVERY_MS)
    }
    members.push(await startMember(open, runCandles), await startMember(open, runFeatures))
    const count = await stopFeed()
    await expectSame(log, count)
    watching.abort()
    const gaps = (await arrivals).slice(1).map((at, index, all) => at - (all[index - 1] ?? at))
    console.log(`rebalance storm: longest silence of candles ${(Math.max(...gaps) / 1000).toFixed(1)} s`)
    await Promise.all(members.map((stop) => stop()))
    await log.close()
  })
})

describe(`kill -9 of one of three brokers, ${BROKER_KILLS} times`, () => {
  it('changes no final candle and no feature row', { timeout: (BROKER_KILLS * 60 + 300) * 1000 }, async () => {
    const folder = await newFolder()
    const start = (): Promise<Broker> => startBroker({ folder, brokers: 3, heap: '256m' })
    let broker = await start()
    const open = await newTopics(broker.bootstrap, 3)
    const log = await open()
    const watching = new AbortController()
    const arrivals = watchCandles(log, watching.signal)
    const stopFeed = startFeed(log)
    const members = await Promise.all([runCandles, runCandles, runFeatures].map((run) => startMember(open, run)))
    const kills: number[] = []
    for (let kill = 0; kill < BROKER_KILLS; kill += 1) {
      await pass(3000)
      kills.push(performance.now())
      await broker.kill(1 + (kill % 3))
      await pass(2000)
      broker = await start()
    }
    await pass(3000)
    const count = await stopFeed()
    await expectSame(log, count)
    watching.abort()
    const seen = await arrivals
    const recovered = kills.map((at) => silenceAfter(seen, at))
    console.log(`broker kills: longest silence of candles after each, ${percentiles(recovered)}`)
    await Promise.all(members.map((stop) => stop()))
    await log.close()
    await stopBroker(folder)
  })
})

/** The longest time without an arrival in the ten seconds after a moment. */
function silenceAfter(arrivals: readonly number[], moment: number): number {
  const around = arrivals.filter((at) => at > moment - 1000 && at < moment + 20_000)
  return around.slice(1).reduce((longest, at, index) => Math.max(longest, at - (around[index] as number)), 0)
}
