import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { type EventLog, openEmbeddedLog, openKafkaLog } from '@c1/event-log'
import { defineFeatureSet, standardFeatures } from '@c1/features'
import { type EpochMicros, formatTime, parseTime } from '@c1/market'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Random } from '../../faults/random.ts'
import { c1, end, type RunningSimulator, startC1, startSimulatorProcess } from '../../recovery/processes.ts'
import { type Finals, finalsOf, percentiles } from './market.ts'

const KILLS = Number(process.env.C1_TEST_KILLS ?? 100)
const SEED = Number(process.env.C1_TEST_SEED ?? Date.now() % 1_000_000)
const SPEED = 60
/** Right after a cut-off of the models, so that both systems begin before the next one, however long their start takes. */
const START = '2026-03-04T10:01:00Z'
/** Both know everything from here on: their histories begin nine hours before they were started. */
const FROM = parseTime('2026-03-04T10:00:00Z')
const SYMBOLS = 'BTC/USD,ETH/USD,KAVA/USD'
const COMMON =
  `--source kraken --symbols ${SYMBOLS} --backfill 9h --train-every 2h --train-window 6h --log-level error`.split(' ')
/** Those that share their partitions out run twice. */
const PROCESSES = [
  'ingest-trades',
  'build-candles',
  'build-candles',
  'compute-features',
  'compute-features',
  'train-model',
  'serve-predictions',
] as const
const FIRST_METRICS_PORT = 17_310
const RECOVERY_MS = 60_000
/** Nine processes that start at once. */
const START_MS = 240_000
const { group } = defineFeatureSet({ name: 'candle_features', version: 1, interval: '1m', features: standardFeatures })

/**
 * One simulated venue and two systems on it: `c1 up` with everything in one process, left alone; and every role as processes
 * that meet on Kafka, one of them killed with -9 again and again. What both have seen must be the same in the end.
 */
describe(
  `kill -9 of roles that meet on Kafka, ${KILLS} times (seed ${SEED})`,
  () => {
    const prefix = `roles${Math.random().toString(36).slice(2, 8)}.`
    const children: ChildProcess[] = []
    const recovered: number[] = []
    const drained: number[] = []
    let calm: ChildProcess | undefined
    let folder = ''
    let simulator: RunningSimulator
    let kafka: Record<string, string> = {}
    let until = 0 as EpochMicros

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'c1-roles-'))
      simulator = await startSimulatorProcess(`--kind signal --seed 11 --speed ${SPEED} --start ${START}`.split(' '))
      kafka = {
        ...simulator.env,
        C1_EVENT_LOG: 'kafka',
        C1_KAFKA_BROKERS: inject('kafkaBroker'),
        C1_TOPIC_PREFIX: prefix,
      }
      await c1(['topics', 'create', '--source', 'kraken', '--partitions', '4'], kafka)
      calm = startC1(
        ['up', '--data-dir', join(folder, 'calm'), '--http-port', '0', '--quiet', ...COMMON],
        simulator.env,
      )
      for (const at of PROCESSES.keys()) {
        start(at)
        // The market's time at the first start is written by ingest-trades; train-model begins with it.
        if (at === 0) await isReady(at, START_MS)
      }
      await Promise.all(PROCESSES.map((_, at) => isReady(at, START_MS)))
      await killAgainAndAgain()
      await pass(12_000)
      await Promise.all(PROCESSES.map((_, at) => isReady(at)))
      for (const child of children) drained.push(await timed(() => end(child, 'SIGTERM')))
      await end(calm as ChildProcess, 'SIGINT')
      await simulator.stop()
      // What both have seen: on a busy machine one of them lags behind the market.
      until = Math.min((await finals(await calmLog())).newest, (await finals(await rolesLog())).newest) as EpochMicros
    })

    afterAll(async () => {
      for (const child of [...children, calm]) if (child !== undefined) await end(child, 'SIGKILL')
      await simulator?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    function start(at: number): void {
      const role = PROCESSES[at] as string
      const port = String(FIRST_METRICS_PORT + at)
      const child = startC1(
        ['run', role, '--data-dir', join(folder, 'roles'), '--metrics-port', port, ...COMMON],
        kafka,
      )
      child.stderr?.on('data', (text) => {
        if (!String(text).includes('metrics: http')) process.stderr.write(`[${role}] ${text}`)
      })
      children[at] = child
    }

    async function killAgainAndAgain(): Promise<void> {
      const random = new Random(SEED)
      for (let kill = 0; kill < KILLS; kill++) {
        await pass(200 + random.uniform() ** 2 * 3000)
        const at = kill % PROCESSES.length
        recovered.push(
          await timed(async () => {
            await end(children[at] as ChildProcess, 'SIGKILL')
            start(at)
            await isReady(at)
          }),
        )
      }
    }

    /** The process has its partitions and is at the end of them. */
    async function isReady(at: number, patience = RECOVERY_MS): Promise<void> {
      const url = `http://127.0.0.1:${FIRST_METRICS_PORT + at}`
      const deadline = performance.now() + patience
      while (!(await isCaughtUp(url, PROCESSES[at] === 'ingest-trades'))) {
        if (children[at]?.exitCode != null) throw new Error(`${PROCESSES[at]} ended with ${children[at].exitCode}.`)
        if (performance.now() > deadline) throw new Error(`${PROCESSES[at]} is not ready.`)
        await pass(50)
      }
    }

    function calmLog(): Promise<EventLog> {
      return openEmbeddedLog({ directory: join(folder, 'calm', 'kraken', 'log'), onWarning: () => {} })
    }

    function rolesLog(): Promise<EventLog> {
      return openKafkaLog({ connection: { brokers: [inject('kafkaBroker')] }, prefix, onWarning: () => {} })
    }

    async function finals(log: EventLog): Promise<Finals> {
      const found = await finalsOf(log, group, { from: FROM, ...(until > 0 && { until }) })
      await log.close()
      return found
    }

    async function predictions(name: 'calm' | 'roles'): Promise<string[]> {
      const options = `--data-dir ${join(folder, name)} --source kraken --symbols ${SYMBOLS} --from ${formatTime(FROM)} --to ${formatTime(until)}`
      const csv = await c1(['export', 'predictions', ...options.split(' ')], name === 'calm' ? simulator.env : kafka)
      const [header = '', ...lines] = csv.trimEnd().split('\n')
      const timed = ['madeAt', 'late'].map((column) => header.split(',').indexOf(column))
      return lines.map((line) =>
        line
          .split(',')
          .filter((_, at) => !timed.includes(at))
          .join(),
      )
    }

    it('leaves the same final candles and feature rows in the topics, byte for byte', async () => {
      const [calm, killed] = [await finals(await calmLog()), await finals(await rolesLog())]
      expect([...killed.candles]).toEqual([...calm.candles])
      expect([...killed.rows]).toEqual([...calm.rows])
      expect(killed.candles.size).toBeGreaterThan(50)
      console.log(
        `${killed.candles.size} candles and ${killed.rows.size} rows are equal; ${killed.repeated} came twice`,
      )
    }, 120_000)

    it('leaves the same predictions and outcomes but for the moment they were made', async () => {
      const killed = await predictions('roles')
      expect(killed).toEqual(await predictions('calm'))
      expect(killed.length).toBeGreaterThan(0)
    }, 120_000)

    it('takes no longer than a minute each time, and an orderly stop less than five seconds', () => {
      console.log(
        `kill -9 until ready and caught up: ${percentiles(recovered)}; SIGTERM until the end: ${percentiles(drained)} (${drained.map((ms, at) => `${PROCESSES[at]} ${Math.round(ms)} ms`).join(', ')})`,
      )
      expect(Math.max(...drained)).toBeLessThan(5000)
    })
  },
  60 * 60_000,
)

async function isCaughtUp(url: string, isIngest: boolean): Promise<boolean> {
  try {
    const ready = await fetch(`${url}/readyz`)
    if (!ready.ok) return false
    if (isIngest) return true
    const text = await (await fetch(`${url}/metrics`)).text()
    const lags = [...text.matchAll(/^c1_lag_records\{.*\} (\d+)/gm)].map(([, lag]) => Number(lag))
    return lags.every((lag) => lag < 100)
  } catch {
    return false
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
