import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openKafkaLog, TOPICS, tradesCodec } from '@c1/event-log'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { type Broker, startBroker, stopBroker } from '../../tools/broker/broker.ts'
import { c1, end, type RunningSimulator, startC1, startSimulatorProcess } from '../recovery/processes.ts'
import { newAdmin, newStore } from './store.ts'

const MEMBER = fileURLToPath(new URL('member.fixture.ts', import.meta.url))
const STOP_MS = 5000

interface Started {
  readonly child: ChildProcess
  /** What it has said so far. */
  readonly said: { out: string; err: string }
}

function listen(child: ChildProcess): Started {
  onTestFinished(() => end(child, 'SIGKILL'))
  const said = { out: '', err: '' }
  child.stdout?.on('data', (text) => {
    said.out += String(text)
  })
  child.stderr?.on('data', (text) => {
    said.err += String(text)
  })
  return { child, said }
}

/** Milliseconds from SIGTERM to the end of the process. */
async function stopped({ child }: Started): Promise<number> {
  const startedAt = performance.now()
  await end(child, 'SIGTERM')
  return performance.now() - startedAt
}

describe('a member of a group', () => {
  it('ends in less than five seconds while the group waits for one that was killed, and nobody waits for it', async () => {
    const { prefix } = await newStore({ partitions: 4, topics: ['trades.v1'] })
    const start = () => listen(spawn(process.execPath, [MEMBER, inject('kafkaBroker'), prefix, 'stopping']))
    const partitions = ({ said }: Started) => JSON.parse(said.out.trimEnd().split('\n').at(-1) || '[]') as number[]
    const members = [start(), start()] as const
    await expect.poll(() => members.map((member) => partitions(member).length), { timeout: 30_000 }).toEqual([2, 2])
    await end(members[1].child, 'SIGKILL')
    const killedAt = performance.now()
    const next = start()
    const admin = newAdmin()
    onTestFinished(() => admin.close())
    const group = `${prefix}stopping`
    const state = async () => (await admin.describeGroups({ groups: [group] })).get(group)?.state
    await expect.poll(state, { timeout: 30_000 }).toBe('PreparingRebalance')
    // The next one has joined, and by now the other one is asked to join again: both wait for the session of the dead one to end.
    await pass(1500)
    expect([await state(), partitions(next)]).toEqual(['PreparingRebalance', []])
    expect(await stopped(members[0])).toBeLessThan(STOP_MS)
    expect(members[0].child.exitCode).toBe(0)
    await expect.poll(() => partitions(next), { timeout: 30_000 }).toEqual([0, 1, 2, 3])
    // The session of the dead one, and not another one after that.
    expect(performance.now() - killedAt).toBeLessThan(12_000)
  }, 90_000)
})

describe('c1 run', () => {
  it('ends without a word of failure where it waits for a broker that was never there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'c1-stopping-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const args = ['run', 'build-candles', '--source', 'kraken', '--data-dir', folder, '--metrics-port', '0']
    const role = listen(startC1(args, { C1_EVENT_LOG: 'kafka', C1_KAFKA_BROKERS: '127.0.0.1:9' }))
    await expect.poll(() => role.said.err, { timeout: 30_000 }).toContain('Trying again')
    expect(await stopped(role)).toBeLessThan(STOP_MS)
    expect(role.child.exitCode).toBe(130)
    expect(role.said.err).not.toContain('c1:')
  }, 60_000)

  describe('with a broker of its own', () => {
    const symbols = ['BTC/USD', 'ETH/USD']
    const roles = ['ingest-trades', 'build-candles', 'compute-features', 'train-model', 'serve-predictions'] as const
    let folder = ''
    let broker: Broker
    let simulator: RunningSimulator
    let env: Record<string, string> = {}

    const startAgain = () => startBroker({ folder: join(folder, 'broker'), heap: '256m' })

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'c1-stopping-'))
      broker = await startAgain()
      simulator = await startSimulatorProcess('--kind signal --seed 5 --speed 20'.split(' '))
      env = { ...simulator.env, C1_EVENT_LOG: 'kafka', C1_KAFKA_BROKERS: broker.bootstrap }
      await c1(['topics', 'create', '--source', 'kraken', '--partitions', '2'], env)
    })

    afterAll(async () => {
      await simulator?.stop()
      await stopBroker(join(folder, 'broker'))
      await rm(folder, { recursive: true, force: true })
    })

    async function run(role: string): Promise<Started> {
      const common = `--source kraken --symbols ${symbols} --backfill 1h --data-dir ${join(folder, 'data')}`.split(' ')
      const started = listen(startC1(['run', role, '--metrics-port', '0', ...common], env))
      const url = async () => /metrics: (http:\/\/\S+)\/metrics/.exec(started.said.out + started.said.err)?.[1]
      await expect.poll(url, { timeout: 60_000 }).toBeDefined()
      const ready = async () => (await fetch(`${await url()}/readyz`)).ok
      await expect.poll(ready, { timeout: 60_000 }).toBe(true)
      return started
    }

    /** Of each symbol how many trades are missing between the first and the last one that the topic holds, and the last. */
    async function held(): Promise<{ readonly missing: number[]; readonly last: number }> {
      const ids = new Map<string, Set<number>>(symbols.map((symbol) => [symbol, new Set()]))
      const codec = tradesCodec('kraken')
      const log = await openKafkaLog({ connection: { brokers: [broker.bootstrap] }, onWarning: () => {} })
      for await (const { records } of await log.consumer(TOPICS.trades, { from: 'earliest', until: 'end' })) {
        for (const record of records) {
          const message = codec.decode(record)
          if (message.kind === 'trade') ids.get(message.trade.symbol)?.add(message.trade.tradeId)
        }
      }
      await log.close()
      const missing = [...ids.values()].map((held) => Math.max(...held) - Math.min(...held) + 1 - held.size)
      return { missing, last: Math.max(...[...ids.values()].flatMap((held) => [...held])) }
    }

    it.each([
      ['was killed', () => broker.kill(1), startAgain],
      [
        'does not answer',
        async () => void process.kill(broker.pids[0] as number, 'SIGSTOP'),
        async () => {
          process.kill(broker.pids[0] as number, 'SIGCONT')
          return broker
        },
      ],
    ])(
      'ends every role in less than five seconds also when the broker %s; what was not written comes at the next start',
      async (_, lose, bringBack) => {
        const started: Started[] = []
        for (const role of roles) started.push(await run(role))
        await lose()
        await pass(2000)
        const drained = await Promise.all(started.map(stopped))
        const told = roles.map((role, at) => `${role} ${Math.round(drained[at] as number)} ms`)
        console.log(`SIGTERM until the end: ${told.join(', ')}`)
        broker = await bringBack()
        expect(Math.max(...drained)).toBeLessThan(STOP_MS)
        expect(started.map(({ child }) => child.exitCode)).toEqual(roles.map(() => 130))
        const [ingest] = started
        expect(ingest?.said.err).toContain('c1: ingest-trades was stopped before the log took everything from it.')
        expect(ingest?.said.err).toContain('fetched again at the next start')

        const before = await held()
        const again = await run('ingest-trades')
        const whole = { missing: symbols.map(() => 0), isLater: true }
        const now = async () => {
          const { last, missing } = await held()
          return { missing, isLater: last > before.last }
        }
        await expect.poll(now, { timeout: 60_000, interval: 500 }).toEqual(whole)
        expect(await stopped(again)).toBeLessThan(STOP_MS)
        expect([again.child.exitCode, again.said.err]).toEqual([130, expect.not.stringContaining('c1:')])
      },
      240_000,
    )
  })
})
