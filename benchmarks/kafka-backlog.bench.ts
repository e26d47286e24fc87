import { type BenchResult, median } from './bench.ts'
import { Feed, SYMBOLS, TRADES_PER_SECOND } from './kafka-backlog/feed.ts'
import { CandleRoles, forgetCandles } from './kafka-candles/candle-roles.ts'
import { end, onBroker, type Place } from './on-broker.ts'

export const name = 'kafka-backlog'

/** Of market time; C1_BENCH_SECONDS sets another number. */
const BACKLOG_SECONDS = Number(process.env.C1_BENCH_SECONDS ?? 3600)
const ROUNDS = 2
const RESTARTS = 3
/** What the project promises: of the top speed, and to have the state back. */
const SHARE_TARGET = 0.5
const RESTORE_TARGET_SECONDS = 5
/** No candle for so long: there are no more. */
const QUIET_MS = 1000

/**
 * An hour of trades of 200 symbols waits on the broker, and build-candles, one process, makes the candles of it: alone, which is
 * its top speed, and while live trades go on, until it is less than a second of live trades behind. Then, with live trades still
 * coming, `c1 run build-candles` is stopped with SIGTERM and started again: from the start of the process until `/readyz`
 * says that it has its partitions and their state.
 */
export async function run(): Promise<BenchResult | { readonly skipped: string }> {
  return onBroker(async (place) => {
    await place.createTopics()
    const log = await place.openLog()
    const feed = await Feed.open(log)
    await feed.writeBacklog(BACKLOG_SECONDS)
    const alone: number[] = []
    const live: number[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      alone.push(await topSpeed(place, feed))
      live.push(await speedWithLive(place, feed))
      console.error(`round ${round} of ${ROUNDS}: alone ${alone.at(-1)}, with live ${live.at(-1)} trades/s`)
    }
    const restored = await restarts(place, feed)
    await log.close()
    return resultOf(alone, live, restored)
  })
}

/** Trades a second. */
async function topSpeed(place: Place, feed: Feed): Promise<number> {
  await forgetCandles(place)
  const roles = await CandleRoles.start(place, 1)
  await roles.reached(({ ended, read }) => read >= feed.written && Date.now() - ended > QUIET_MS)
  const { ended, read, started } = await roles.stop()
  return Math.round(read / ((ended - started) / 1000))
}

async function speedWithLive(place: Place, feed: Feed): Promise<number> {
  await forgetCandles(place)
  const endLive = feed.goLive()
  const roles = await CandleRoles.start(place, 1)
  await roles.reached(({ read }) => feed.written - read < TRADES_PER_SECOND)
  const { read, started } = roles.told()
  const seconds = (Date.now() - started) / 1000
  await roles.stop()
  await endLive()
  return Math.round(read / seconds)
}

/** Seconds of each. The first start only makes checkpoints. */
async function restarts(place: Place, feed: Feed): Promise<number[]> {
  const endLive = feed.goLive()
  const seconds: number[] = []
  for (let start = 0; start <= RESTARTS; start++) {
    const startedAt = performance.now()
    const role = await place.startRole({ role: 'build-candles', args: ['--symbols', SYMBOLS.join()], env: {} })
    await role.ready()
    if (start > 0) seconds.push((performance.now() - startedAt) / 1000)
    await end(role.child, 'SIGTERM')
  }
  await endLive()
  return seconds
}

function resultOf(alone: readonly number[], live: readonly number[], restored: readonly number[]): BenchResult {
  const slowest = Math.max(...restored)
  return {
    workload:
      `${(BACKLOG_SECONDS * TRADES_PER_SECOND) / 1e6} M trades (${BACKLOG_SECONDS} s at ${TRADES_PER_SECOND}/s) of ${SYMBOLS.length} symbols, ` +
      `one build-candles, broker beside; medians of ${ROUNDS} rounds, ${RESTARTS} restarts`,
    figures: [
      { label: 'alone', value: median(alone) / 1000, unit: 'k trades/s' },
      { label: `while ${TRADES_PER_SECOND} live trades/s go on`, value: median(live) / 1000, unit: 'k trades/s' },
      { label: 'restart until ready, median', value: median(restored), unit: 's' },
      { label: 'restart until ready, slowest', value: slowest, unit: 's' },
    ],
    ratios: [
      { label: 'with live trades / alone', value: median(live) / median(alone), target: SHARE_TARGET },
      {
        label: `${RESTORE_TARGET_SECONDS} s / slowest restart until ready`,
        value: RESTORE_TARGET_SECONDS / slowest,
        target: 1,
      },
    ],
  }
}
