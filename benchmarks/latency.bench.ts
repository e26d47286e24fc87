import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseTime } from '@c1/market'
import { type BenchResult, median } from './bench.ts'
import type { Load } from './latency/market.ts'
import type { Measurement, SystemOptions } from './latency/system.ts'

const SYMBOLS = Array.from({ length: 25 }, (_, at) => `L${String(at).padStart(2, '0')}/USD`)
const LOAD: Load = {
  symbols: SYMBOLS,
  tradesPerSecond: 1000,
  speed: 60,
  start: parseTime('2026-01-06T00:05:00Z'),
}
const WARM_UP_SECONDS = 15
const ROUNDS = 6
const ROUND_SECONDS = 10
const STEPS = ['candle', 'features', 'prediction'] as const

/** What the project promises of the prediction, milliseconds. */
const TARGETS = { p50: 1, p99: 5 }

type Closings = Measurement['closings']

export const name = 'latency'

/**
 * Trade at the socket to prediction out, with every role in one process as `c1 up` wires them: from the `message` event of
 * the closing trade's frame at the client socket to a consumer in that process that holds the record of the candle, of its
 * feature row, of its prediction.
 *
 * A venue in another process sends 1,000 trades a second, a frame each, in a market 60 times as fast as real: each of 25
 * symbols closes a candle a second, all of them within 25 ms. Models are trained before the measured minute; no
 * training is in it, and nobody watches the page.
 */
export async function run(): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'c1-latency-'))
  const venue = start('venue', LOAD)
  try {
    const { restUrl, wsUrl } = await answer<{ restUrl: string; wsUrl: string }>(venue)
    const options: SystemOptions = {
      dataDir: directory,
      symbols: SYMBOLS,
      warmUp: WARM_UP_SECONDS,
      measured: ROUNDS * ROUND_SECONDS,
    }
    // A configuration file where the benchmark is started is none of its business.
    const env = { ...process.env, INIT_CWD: directory, KRAKEN_REST_URL: restUrl, KRAKEN_WS_URL: wsUrl }
    const system = start('system', options, env)
    const measurement = await answer<Measurement>(system)
    if (system.exitCode === null) await once(system, 'exit')
    return resultOf(measurement)
  } finally {
    if (venue.connected) venue.disconnect()
    rmSync(directory, { recursive: true })
  }
}

function start(file: string, options: object, env: NodeJS.ProcessEnv = process.env): ChildProcess {
  return fork(new URL(`./latency/${file}.ts`, import.meta.url), [JSON.stringify(options)], { env })
}

function answer<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Message))
    child.once('exit', (code) => reject(new Error(`${child.spawnargs[1]} ended with ${code} before it answered`)))
  })
}

function resultOf({ closings, cpuSeconds, elasticNets, seconds, trades, waitedSeconds }: Measurement): BenchResult {
  const prediction = quantilesOf(closings, 'prediction')
  return {
    workload:
      `${SYMBOLS.length} symbols, ${LOAD.tradesPerSecond} trades/s asked for, a market ${LOAD.speed} times as fast; ` +
      `medians are of ${ROUNDS} rounds of ${ROUND_SECONDS} s`,
    figures: [
      ...STEPS.flatMap((step) => quantilesOf(closings, step).map(({ label, value }) => ({ label, value, unit: 'ms' }))),
      { label: 'candles closed', value: closings.length, unit: 'candles' },
      {
        label: 'without a prediction',
        value: closings.filter((closing) => !closing.prediction).length,
        unit: 'candles',
      },
      { label: 'models that are elastic nets', value: elasticNets, unit: `of ${SYMBOLS.length}` },
      { label: 'trades received', value: trades / seconds, unit: 'trades/s' },
      { label: 'processor time', value: cpuSeconds, unit: `s of ${seconds.toFixed(0)}` },
      ...(waitedSeconds === undefined
        ? []
        : [{ label: 'main thread waited for a processor', value: waitedSeconds, unit: `s of ${seconds.toFixed(0)}` }]),
    ],
    ratios: Object.entries(TARGETS).map(([share, target]) => {
      const label = `socket to prediction, median ${share}`
      const reached = prediction.find((figure) => figure.label === label)?.value ?? Number.NaN
      return { label: `${target} ms / ${label}`, value: target / reached, target: 1 }
    }),
  }
}

/** Over the whole time, and as the median over the rounds, which one disturbance from outside does not move. */
function quantilesOf(closings: Closings, step: (typeof STEPS)[number]): { label: string; value: number }[] {
  const times = (some: Closings): number[] => some.flatMap((closing) => closing[step] ?? [])
  const rounds = [...Map.groupBy(closings, ({ at }) => Math.floor(at / 1000 / ROUND_SECONDS)).values()]
  const shares = { p50: 0.5, p90: 0.9, p99: 0.99, max: 1 }
  const overall = Object.entries(shares).map(([label, share]) => ({ label, value: quantile(times(closings), share) }))
  const medians = Object.keys(TARGETS).map((label) => {
    const share = shares[label as keyof typeof TARGETS]
    return { label: `median ${label}`, value: median(rounds.map((round) => quantile(times(round), share))) }
  })
  return [...overall, ...medians].map(({ label, value }) => ({ label: `socket to ${step}, ${label}`, value }))
}

/** The smallest value that at least `share` of the values do not exceed. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN
}
