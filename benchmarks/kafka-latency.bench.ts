import { setTimeout as pass } from 'node:timers/promises'
import type { BenchResult } from './bench.ts'
import type { ArrivalsTold } from './latency/ingest-probe.ts'
import { LOAD_TEXT, SYMBOLS, startVenue } from './latency/load.ts'
import { type ClosingTimes, isPredicting, sharedNow, TopicProbe, timesOf } from './latency/probe.ts'
import { quantilesOf, STEPS } from './latency/quantiles.ts'
import { onBroker, type Place, type RoleProcess } from './on-broker.ts'

export const name = 'kafka-latency'

const ROLES = ['ingest-trades', 'build-candles', 'compute-features', 'train-model', 'serve-predictions'] as const
/** A broker that has just started compiles its code for a minute, with as much processor time as it spends on all requests. */
const WARM_UP_SECONDS = 60
/** Measured; C1_BENCH_SECONDS sets another number. */
const SECONDS = Number(process.env.C1_BENCH_SECONDS ?? 60)
const ROUND_SECONDS = 10
/** Until every symbol has predictions: a system that never makes them is given up. */
const START_MS = 120_000
/** What the project promises of the 99th percentile, milliseconds. */
const TARGET_MS = 25
/** One day between trainings: with the market's clock this fast, an hour of it would be one measured minute. */
const ARGS = ['--symbols', SYMBOLS.join(), '--train-every', '1d']

interface Measurement {
  readonly closings: readonly ClosingTimes[]
  readonly trades: number
  /** By role. */
  readonly cpuSeconds: ReadonlyMap<string, number>
}

/**
 * Trade at the socket to prediction on the topic, with every role as a process of its own (`c1 run ROLE`) on a Kafka broker
 * beside them: from the `message` event of the closing trade's frame at the client socket of ingest-trades to a consumer in
 * another process that holds the record of the candle, of its feature row, of its prediction. All on one machine and one
 * clock. The load is that of the benchmark `latency`; models are trained before the measured part, no training is in it.
 */
export async function run(): Promise<BenchResult | { readonly skipped: string }> {
  return onBroker(async (place) => {
    await place.createTopics()
    const { child: venue, env } = await startVenue()
    place.own(venue)
    return resultOf(await measure(place, env))
  })
}

async function measure(place: Place, env: Readonly<Record<string, string>>): Promise<Measurement> {
  const log = await place.openLog()
  const stop = new AbortController()
  const probe = new TopicProbe()
  const watching = probe.watch(log, stop.signal)
  const arrivals = new Map<string, number>()
  let trades = 0
  const roles: RoleProcess[] = []
  for (const role of ROLES) {
    const isFirst = role === 'ingest-trades'
    const preload = new URL('latency/ingest-probe.ts', import.meta.url)
    const started = await place.startRole({ role, args: ARGS, env, ...(isFirst && { preload }) })
    if (isFirst) {
      started.child.on('message', (told: ArrivalsTold) => {
        for (const [key, at] of told.arrivals) arrivals.set(key, at)
        trades = told.trades
      })
    }
    // It writes what the others start from: the history, and when the market was first seen.
    if (isFirst) await started.ready()
    roles.push(started)
  }
  const deadline = performance.now() + START_MS
  while (!isPredicting(probe.closings(arrivals), SYMBOLS.length)) {
    if (performance.now() > deadline) throw new Error(`No predictions within ${START_MS / 1000} s.`)
    await pass(500)
  }
  await pass(WARM_UP_SECONDS * 1000)

  const [from, cpuBefore, tradesBefore] = [sharedNow(), await cpuSecondsOf(roles), trades]
  await pass(SECONDS * 1000)
  const [to, cpuAfter, tradesAfter] = [sharedNow(), await cpuSecondsOf(roles), trades]
  // The last closings get time for their predictions, and for being told.
  await pass(2000)
  const closings = timesOf(probe.closings(arrivals), from, to)
  stop.abort()
  await watching
  await log.close()
  return {
    closings,
    trades: tradesAfter - tradesBefore,
    cpuSeconds: new Map(roles.map(({ role }, at) => [role, (cpuAfter[at] as number) - (cpuBefore[at] as number)])),
  }
}

function cpuSecondsOf(roles: readonly RoleProcess[]): Promise<number[]> {
  return Promise.all(roles.map(({ metric }) => metric('c1_process_cpu_seconds_total')))
}

function resultOf({ closings, cpuSeconds, trades }: Measurement): BenchResult {
  const label = 'socket to prediction, p99'
  const figures = STEPS.flatMap((step) => quantilesOf(closings, step, ROUND_SECONDS))
  const reached = figures.find((figure) => figure.label === label)?.value ?? Number.NaN
  return {
    workload: `${LOAD_TEXT}; ${ROLES.length} roles as processes, broker beside; ${SECONDS} s, medians are of rounds of ${ROUND_SECONDS} s`,
    figures: [
      ...figures,
      { label: 'candles closed', value: closings.length, unit: 'candles' },
      {
        label: 'without a prediction',
        value: closings.filter(({ prediction }) => prediction === undefined).length,
        unit: 'candles',
      },
      { label: 'trades received', value: trades / SECONDS, unit: 'trades/s' },
      ...[...cpuSeconds].map(([role, value]) => ({
        label: `processor time of ${role}`,
        value,
        unit: `s of ${SECONDS}`,
      })),
    ],
    ratios: [{ label: `${TARGET_MS} ms / ${label}`, value: TARGET_MS / reached, target: 1 }],
  }
}
