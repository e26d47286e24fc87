import { Ingest } from '@c1/ingest-trades'
import { KrakenRest, VenueClock } from '@c1/kraken'
import { findInstrument, MICROS_PER_HOUR, MICROS_PER_SECOND, marketSymbol, systemTime } from '@c1/market'
import { createLogger, Metrics } from '@c1/service'
import { type FaultEntry, type Simulator, startSimulator } from '@c1/simulator'
import type { BenchResult } from './bench.ts'
import { withTradeLog } from './trade-log.ts'

/** Holes are made in the first. All have history to fetch. */
const SYMBOLS = ['BTC/USD', 'ETH/BTC', 'KAVA/USD'].map(marketSymbol)
const [BTC] = SYMBOLS as [(typeof SYMBOLS)[number]]
const ROUNDS = Number(process.env.C1_BENCH_ROUNDS ?? 25)
/** BTC/USD makes some 200 trades a second: thirty times as many as usual, in a market that runs twenty times as fast. */
const [ACTIVITY, SPEED] = [30, 20]
const FIRST_SECONDS = 12
const ROUND_SECONDS = 6
const LARGEST = 1000
/** A longer hole is one of the history. */
const LONGEST_CUT = 30 * SPEED * MICROS_PER_SECOND

export const name = 'repair'

interface Hole {
  readonly size: number
  /** From the first trade after it to its last one. */
  readonly seconds: number
}

/**
 * The feed leaves out trades again and again, as a link that is cut does, while the history of all symbols is being fetched within
 * the same limit of one call a second: how long a hole of up to 1,000 trades is open once the feed is back.
 */
export async function run(): Promise<BenchResult> {
  const venue = await startSimulator({
    seed: 3,
    activity: ACTIVITY,
    speed: SPEED,
    restCallsPerSecond: 1,
    faults: cuts(),
  })
  try {
    const holes = (await repairs(venue)).filter(({ size }) => size <= LARGEST)
    const seconds = holes.map((hole) => hole.seconds).sort((a, b) => a - b)
    const quantile = (share: number): number => seconds[Math.ceil(share * seconds.length) - 1] ?? Number.NaN
    const sizes = holes.map(({ size }) => size)
    return {
      workload: `${holes.length} holes of ${Math.min(...sizes)} to ${Math.max(...sizes)} trades, one call a second, back-fill under way`,
      figures: [
        { label: 'p50 until closed', value: quantile(0.5), unit: 's' },
        { label: 'p99 until closed', value: quantile(0.99), unit: 's' },
        { label: 'longest', value: seconds.at(-1) ?? Number.NaN, unit: 's' },
      ],
      ratios: [{ label: '3 s over p99', value: 3 / quantile(0.99), target: 1 }],
    }
  } finally {
    await venue.close()
  }
}

/** Every six seconds the feed leaves out the trades of 1 to 4.5 seconds. */
function cuts(): FaultEntry[] {
  return Array.from({ length: ROUNDS }, (_, round) => ({
    at: `+${(FIRST_SECONDS + round * ROUND_SECONDS) * SPEED}s`,
    fault: 'skip-trades',
    every: 1,
    symbols: [BTC],
    for: `${(1000 + (round % 8) * 500) * SPEED}ms`,
  }))
}

async function repairs(venue: Simulator): Promise<Hole[]> {
  const rest = new KrakenRest({ baseUrl: venue.restUrl })
  const listed = await rest.instruments()
  const clock = new VenueClock(systemTime)
  clock.observe(venue.now(), systemTime())
  return withTradeLog(async (trades) => {
    const ingest = new Ingest({
      trades,
      rest,
      wsUrl: venue.wsUrl,
      instruments: SYMBOLS.map((symbol) => findInstrument(listed, symbol)),
      clock,
      backfill: 12 * MICROS_PER_HOUR,
      pingIntervalMs: 500,
      logger: createLogger('silent'),
      metrics: new Metrics(),
    })
    const stop = new AbortController()
    const running = ingest.run(stop.signal)
    const holes = await Promise.race([watchHoles(ingest), running.then(() => [])])
    stop.abort()
    await running
    return holes
  })
}

/** The holes that open while the feed goes on. Those of the history itself are longer. */
async function watchHoles(ingest: Ingest): Promise<Hole[]> {
  const holes: Hole[] = []
  const end = performance.now() + (FIRST_SECONDS + ROUNDS * ROUND_SECONDS) * 1000
  let open: { readonly since: number; readonly size: number } | undefined
  while (performance.now() < end) {
    const all = ingest.completeness().find(({ symbol }) => symbol === BTC)?.holes ?? []
    const newest = all.filter(({ after, before }) => before - after < LONGEST_CUT).at(-1)
    if (open === undefined && newest !== undefined)
      open = { since: performance.now(), size: newest.last - newest.first + 1 }
    if (open !== undefined && newest === undefined) {
      holes.push({ size: open.size, seconds: (performance.now() - open.since) / 1000 })
      open = undefined
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return holes
}
