import { INTERVALS } from '@c1/market'
import { CandleWindows } from '@c1/windowing'
import { median } from '../bench.ts'
import { TradeStream } from './stream.ts'

/** What one stream was like, in a process of its own. */
export interface ScaleReport {
  /** Nanoseconds of processor time a trade, of each tenth of the stream. */
  readonly perTrade: readonly number[]
  /** Most bytes of memory that the process had. */
  readonly rss: number
  /** Longest milliseconds from one batch of 100 trades to the next, garbage collection included; and all but one in a thousand. */
  readonly longestPause: number
  readonly usualPause: number
  readonly checkpointBytes: number
  /** Milliseconds of processor time. */
  readonly checkpoint: number
  readonly restore: number
}

const BATCH = 100
const WARM_UP = 1_000_000

const [symbols = 1, trades = 1e6] = process.argv.slice(2).map(Number)
const stream = new TradeStream(symbols)
stream.run(WARM_UP)
const pauses: number[] = []
const perTrade = Array.from({ length: 10 }, () => {
  const before = process.cpuUsage()
  for (let left = trades / 10; left > 0; left -= BATCH) {
    const start = performance.now()
    stream.run(BATCH)
    keepLongest(performance.now() - start)
  }
  return cpuMs(before) / (trades / 10 / 1e6)
})
const checkpoint = stream.windows.checkpoint()
const report: ScaleReport = {
  perTrade,
  rss: process.resourceUsage().maxRSS * 1024,
  longestPause: Math.max(...pauses),
  usualPause: Math.min(...pauses),
  checkpointBytes: checkpoint.length,
  checkpoint: work(() => stream.windows.checkpoint()),
  restore: work(() => CandleWindows.restore(checkpoint, { intervals: INTERVALS })),
}
process.send?.(report)

/** Of all batches only the slowest thousandth is kept. */
function keepLongest(milliseconds: number): void {
  const most = Math.max(1, trades / BATCH / 1000)
  if (pauses.length < most) pauses.push(milliseconds)
  else if (milliseconds > (pauses[0] as number)) pauses[0] = milliseconds
  else return
  pauses.sort((a, b) => a - b)
}

function cpuMs(before: NodeJS.CpuUsage): number {
  const { system, user } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** Median of 21, after as many to warm up. */
function work(once: () => unknown): number {
  const laps = Array.from({ length: 42 }, () => {
    const before = process.cpuUsage()
    once()
    return cpuMs(before)
  })
  return median(laps.slice(21))
}
