import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CHECKPOINTS_TOPIC, type EventLog, openKafkaLog, TOPICS } from '@c1/event-log'
import { Admin } from '@platformatic/kafka'
import { type Broker, startBroker } from '../tools/broker/broker.ts'
import { cacheFolder, classPath } from '../tools/broker/jars.ts'
import { run as runProgram } from '../tools/broker/run.ts'
import { type BenchResult, type Figure, median, type Ratio } from './bench.ts'
import type { Told } from './kafka-candles/role.ts'
import { hasRealTrades, writeTrades } from './kafka-candles/trades.ts'

export const name = 'kafka-candles'

const TRADES = 1_000_000
const PARTITIONS = 8
const PREFIX = 'bench.'
const INPUT = `${PREFIX}${TOPICS.trades}`
const OUTPUT = `${PREFIX}${TOPICS.candles}`
const CHECKPOINTS = `${PREFIX}${CHECKPOINTS_TOPIC}`
const ROUNDS = 3
/** What the project promises: how many times as fast as each. */
const TARGETS: Readonly<Record<string, number>> = {
  'Quix Streams': 18,
  'Kafka Streams, tuned': 3.5,
  'consume + JSON.parse': 1,
}
const here = (file: string): string => fileURLToPath(new URL(`kafka-candles/${file}`, import.meta.url))
/** Made by hand, as README.md says: an environment is none of C1's dependencies. */
const QUIX = join(cacheFolder(), 'quix', 'bin', 'python')

interface Lap {
  /** From the first trade seen to the last candle on the broker. */
  readonly seconds: number
  readonly cpuSeconds: number
}

interface Peer {
  readonly label: string
  readonly rounds: number
  lap(): Promise<Lap>
}

/**
 * Trades as JSON on a real broker to candles on that broker, by our role alone in its process, against the ceilings of a Node
 * consumer and against other engines. Ours makes eight intervals, exactly; the others make one, in floating point.
 */
export async function run(): Promise<BenchResult | { readonly skipped: string }> {
  const missing = await classPath().then(
    () => undefined,
    (error: Error) => error.message,
  )
  if (missing !== undefined) return { skipped: missing }
  const folder = await mkdtemp(join(tmpdir(), 'c1-bench-'))
  const broker = await startBroker({ folder, heap: '1g' })
  try {
    const log = await openKafkaLog({
      connection: { brokers: [broker.bootstrap] },
      prefix: PREFIX,
      onWarning: console.error,
    })
    await newTopic(broker, INPUT)
    const trades = await writeTrades(log, TRADES)
    const peers = await contenders(broker, trades, folder)
    const laps = new Map(peers.map(({ label }) => [label, [] as Lap[]]))
    const digests = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const { label, lap, rounds } of peers.filter((peer) => round < peer.rounds)) {
        await newTopic(broker, OUTPUT)
        await newTopic(broker, CHECKPOINTS, 1)
        const found = await lap()
        console.error(
          `${label}: ${found.seconds.toFixed(2)} s, ${found.cpuSeconds.toFixed(2)} CPU s (${round + 1} of ${rounds})`,
        )
        laps.get(label)?.push(found)
        if (label.startsWith('C1')) digests.add(await digestOf(log))
      }
    }
    await log.close()
    if (digests.size !== 1) throw new Error(`The candles of ${digests.size} runs differ.`)
    return resultOf(laps, trades)
  } finally {
    await broker.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function contenders(broker: Broker, trades: number, folder: string): Promise<Peer[]> {
  const at = [broker.bootstrap]
  const ours = (processes: number): Peer => ({
    label: processes === 1 ? 'C1' : `C1, ${processes} processes`,
    rounds: ROUNDS,
    lap: () => roles(broker, trades, processes),
  })
  const ceiling = (label: string, work: string): Peer => ({
    label,
    rounds: ROUNDS,
    lap: async () => lapOf(spawn(process.execPath, [here('ceiling.ts'), ...at, INPUT, String(trades), work], PIPED)),
  })
  const peers = [ours(1), ceiling('consume + JSON.parse', 'parse'), ceiling('consume', 'bare'), ours(2)]
  const streams = await compileStreams(folder)
  if (streams === undefined) console.error('Kafka Streams is left out: there is no javac.')
  else {
    peers.push({
      label: 'Kafka Streams, tuned',
      rounds: ROUNDS,
      lap: () =>
        lapOf(spawn('java', [...streams, ...at, INPUT, OUTPUT, String(trades), join(folder, 'streams')], PIPED)),
    })
  }
  if (!existsSync(QUIX))
    console.error(`Quix Streams is left out: there is no ${QUIX}; benchmarks/kafka-candles/README.md makes it.`)
  else {
    peers.push({
      label: 'Quix Streams',
      rounds: 1,
      lap: () =>
        lapOf(spawn(QUIX, [here('quix.py'), ...at, INPUT, OUTPUT, String(trades), '30'], { ...PIPED, cwd: folder })),
    })
  }
  return peers
}

const PIPED: SpawnOptions = { stdio: ['ignore', 'pipe', 'inherit'] }

/** Arguments of `java` that run the topology; `undefined` without a compiler. */
async function compileStreams(folder: string): Promise<string[] | undefined> {
  const jars = await classPath(here('pom.xml'))
  const { failed, text } = await runProgram('javac', [
    '-cp',
    jars,
    '-d',
    join(folder, 'classes'),
    here('StreamsCandles.java'),
  ])
  if (failed && text.includes('not on the PATH')) return undefined
  if (failed) throw new Error(`StreamsCandles.java does not compile: ${text}`)
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
  return ['-Xmx1g', quiet, '-cp', `${join(folder, 'classes')}:${jars}`, 'StreamsCandles']
}

/** One role in each process, sharing the partitions; they are told to end when the candles of all trades are there. */
async function roles({ bootstrap }: Broker, trades: number, processes: number): Promise<Lap> {
  const children = Array.from({ length: processes }, () => fork(here('role.ts'), [bootstrap, PREFIX]))
  const latest = new Map<ChildProcess, Told>()
  for (const child of children) child.on('message', (told) => latest.set(child, told as Told))
  const all = (): Told[] => [...latest.values()]
  const ended = Promise.all(children.map((child) => once(child, 'exit')))
  await until(() => all().filter(({ joined }) => joined).length === processes, children)
  await pass(SETTLE_MS)
  for (const child of children) child.send('go')
  const isDone = (): boolean => {
    const told = all()
    const read = told.reduce((sum, { read }) => sum + read, 0)
    return read >= trades && Date.now() - Math.max(...told.map(({ ended }) => ended)) > QUIET_MS
  }
  await until(isDone, children)
  for (const child of children) child.send('stop')
  await ended
  const told = all()
  const started = Math.min(...told.map(({ started }) => started))
  return {
    seconds: (Math.max(...told.map(({ ended }) => ended)) - started) / 1000,
    cpuSeconds: told.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  }
}

/** Until the members of a group share its partitions for good. */
const SETTLE_MS = 5000
/** No candle for so long: there are no more. */
const QUIET_MS = 1000

async function until(isTrue: () => boolean, children: readonly ChildProcess[]): Promise<void> {
  while (!isTrue()) {
    const dead = children.find(({ exitCode }) => exitCode !== null)
    if (dead !== undefined) throw new Error(`The role ended with ${dead.exitCode}.`)
    await pass(50)
  }
}

async function lapOf(child: ChildProcess): Promise<Lap> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await new Promise((resolve) => child.once('close', resolve))
  const line = text.split('\n').find((line) => line.startsWith('{'))
  if (line === undefined)
    throw new Error(`${child.spawnargs.slice(0, 3).join(' ')} ended with ${child.exitCode} and no result`)
  return JSON.parse(line) as Lap
}

async function newTopic({ bootstrap }: Broker, topic: string, partitions = PARTITIONS): Promise<void> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap], strict: true })
  try {
    await admin.deleteTopics({ topics: [topic] }).catch(() => {})
    for (let attempt = 0; ; attempt++) {
      try {
        const configs = [{ name: 'retention.ms', value: '-1' }]
        await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs })
        return
      } catch (error) {
        if (attempt === 50) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  } finally {
    await admin.close()
  }
}

/** Of every candle of every symbol, in order. */
async function digestOf(log: EventLog): Promise<string> {
  const hashes = new Map<string, ReturnType<typeof createHash>>()
  for await (const { records } of await log.consumer(TOPICS.candles, { from: 'earliest', until: 'end' })) {
    for (const { key, value } of records) {
      const hash = hashes.get(key) ?? createHash('sha256')
      hashes.set(key, hash.update(value))
    }
  }
  return [...hashes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, hash]) => `${key} ${hash.digest('hex')}`)
    .join()
}

function resultOf(laps: ReadonlyMap<string, readonly Lap[]>, trades: number): BenchResult {
  const seconds = (label: string): number => median((laps.get(label) ?? []).map((lap) => lap.seconds))
  const cpu = (label: string): number => median((laps.get(label) ?? []).map((lap) => lap.cpuSeconds))
  const labels = [...laps.keys()]
  return {
    workload: `${trades / 1e6} M ${hasRealTrades ? 'real' : 'generated'} trades of 8 symbols as JSON, ${PARTITIONS} partitions, broker beside`,
    figures: labels.flatMap((label): Figure[] => [
      { label, value: trades / seconds(label) / 1000, unit: 'k trades/s' },
      { label: `${label}, processor time`, value: cpu(label), unit: 'CPU s' },
    ]),
    ratios: labels
      .filter((label) => label !== 'C1')
      .flatMap((label): Ratio[] => {
        const target = TARGETS[label]
        if (label.startsWith('C1')) return [{ label: `${label} / C1`, value: seconds('C1') / seconds(label) }]
        return [
          { label: `C1 / ${label}`, value: seconds(label) / seconds('C1'), ...(target !== undefined && { target }) },
          { label: `processor time of ${label} / C1`, value: cpu(label) / cpu('C1') },
        ]
      }),
  }
}
