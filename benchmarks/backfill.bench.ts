import { Backfill } from '@c1/ingest-trades'
import { KrakenRest, type KrakenRestOptions } from '@c1/kraken'
import { type EpochMicros, findInstrument, MICROS_PER_HOUR } from '@c1/market'
import { type SimulatorOptions, startSimulator } from '@c1/simulator'
import type { BenchResult } from './bench.ts'
import { withTradeLog } from './trade-log.ts'

const SYMBOLS = ['BTC/USD', 'ETH/USD', 'SOL/USD']
const SECONDS = Number(process.env.C1_BENCH_SECONDS ?? 60)
/** Enough that every page is full to the end of the measurement. */
const HOURS = 12
const ACTIVITY = 20
const CALLS_PER_SECOND = 1
const PAGE = 1000

export const name = 'backfill'

interface Pace {
  readonly trades: number
  readonly seconds: number
  readonly calls: number
  readonly refused: number
}

/** What of a venue's rate limit becomes trades in the log, with everything that the command does; and how fast it is without a limit. */
export async function run(): Promise<BenchResult> {
  const limited = await pace({ restCallsPerSecond: CALLS_PER_SECOND }, {}, SECONDS)
  const free = await pace({}, { minIntervalMs: 0 }, Math.min(SECONDS, 15))
  const perSecond = ({ trades, seconds }: Pace): number => trades / seconds
  return {
    workload: `${SYMBOLS.join(', ')} at once for ${SECONDS} s from a simulator over sockets, limit ${CALLS_PER_SECOND} call of ${PAGE} trades a second`,
    figures: [
      { label: 'within the limit', value: perSecond(limited), unit: 'trades/s into the log' },
      { label: 'calls made', value: limited.calls, unit: `of which ${limited.refused} refused` },
      {
        label: 'without a limit',
        value: perSecond(free),
        unit: 'trades/s into the log, the simulator in the same process',
      },
    ],
    ratios: [
      { label: 'share of what the limit permits', value: perSecond(limited) / (CALLS_PER_SECOND * PAGE), target: 0.95 },
    ],
  }
}

/** From the first call to the end of the measurement. */
async function pace(limit: SimulatorOptions, rest: KrakenRestOptions, seconds: number): Promise<Pace> {
  const venue = await startSimulator({ seed: 3, activity: ACTIVITY, ...limit })
  try {
    return await withTradeLog(async (trades) => {
      const client = new KrakenRest({ baseUrl: venue.restUrl, ...rest })
      const listed = await client.instruments()
      await new Promise((resolve) => setTimeout(resolve, 1000 / CALLS_PER_SECOND))
      const to = venue.now()
      const from = (to - HOURS * MICROS_PER_HOUR) as EpochMicros
      const ranges = SYMBOLS.map((symbol) => ({ instrument: findInstrument(listed, symbol), from, to }))
      const callsBefore = client.budget().calls
      const work = new Backfill({
        trades,
        rest: client,
        ranges,
        now: () => venue.now(),
        onTrouble: (_, error) => console.error(error.message),
      })
      const stop = new AbortController()
      const startedAt = performance.now()
      const timer = setTimeout(() => stop.abort(), seconds * 1000)
      await work.run(stop.signal)
      clearTimeout(timer)
      const { calls, refused } = client.budget()
      return {
        trades: work.progress().trades,
        seconds: (performance.now() - startedAt) / 1000,
        calls: calls - callsBefore,
        refused,
      }
    })
  } finally {
    await venue.close()
  }
}
