import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EventLog, TOPICS } from '@c1/event-log'
import { cacheFolder, classPath } from '../tools/broker/jars.ts'
import { run as runProgram } from '../tools/broker/run.ts'
import { type BenchResult, type Figure, median, type Ratio } from './bench.ts'
import { CandleRoles, forgetCandles } from './kafka-candles/candle-roles.ts'
import { hasRealTrades, writeTrades } from './kafka-candles/trades.ts'
import { onBroker, PARTITIONS, type Place } from './on-broker.ts'

export const name = 'kafka-candles'

const TRADES = 1_000_000
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
  return onBroker(async (place) => {
    const log = await place.openLog()
    await place.createTopics()
    const trades = await writeTrades(log, TRADES)
    const peers = await contenders(place, trades)
    const laps = new Map(peers.map(({ label }) => [label, [] as Lap[]]))
    const digests = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const { label, lap, rounds } of peers.filter((peer) => round < peer.rounds)) {
        await forgetCandles(place)
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
  })
}

async function contenders(place: Place, trades: number): Promise<Peer[]> {
  const { bootstrap, folder, own, prefix } = place
  const [input, output] = [prefix + TOPICS.trades, prefix + TOPICS.candles]
  const lap = (program: string, args: readonly string[], cwd?: string): Promise<Lap> =>
    lapOf(own(spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...(cwd && { cwd }) })))
  const ours = (processes: number): Peer => ({
    label: processes === 1 ? 'C1' : `C1, ${processes} processes`,
    rounds: ROUNDS,
    lap: () => roles(place, trades, processes),
  })
  const ceiling = (label: string, work: string): Peer => ({
    label,
    rounds: ROUNDS,
    lap: () => lap(process.execPath, [here('ceiling.ts'), bootstrap, input, String(trades), work]),
  })
  const peers = [ours(1), ceiling('consume + JSON.parse', 'parse'), ceiling('consume', 'bare'), ours(2)]
  const streams = await compileStreams(folder)
  if (streams === undefined) console.error('Kafka Streams is left out: there is no javac.')
  else {
    peers.push({
      label: 'Kafka Streams, tuned',
      rounds: ROUNDS,
      lap: () => lap('java', [...streams, bootstrap, input, output, String(trades), join(folder, 'streams')]),
    })
  }
  if (!existsSync(QUIX))
    console.error(`Quix Streams is left out: there is no ${QUIX}; benchmarks/kafka-candles/README.md makes it.`)
  else {
    peers.push({
      label: 'Quix Streams',
      rounds: 1,
      lap: () => lap(QUIX, [here('quix.py'), bootstrap, input, output, String(trades), '30'], folder),
    })
  }
  return peers
}

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
async function roles(place: Place, trades: number, processes: number): Promise<Lap> {
  const roles = await CandleRoles.start(place, processes)
  await roles.reached(({ ended, read }) => read >= trades && Date.now() - ended > QUIET_MS)
  const { cpuSeconds, ended, started } = await roles.stop()
  return { seconds: (ended - started) / 1000, cpuSeconds }
}

/** No candle for so long: there are no more. */
const QUIET_MS = 1000

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
