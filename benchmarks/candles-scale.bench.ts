import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type BenchResult, type Figure, median } from './bench.ts'
import type { ScaleReport } from './candles-scale/process.ts'

export const name = 'candles-scale'

/** Kraken's spot market. */
const SYMBOLS = 1450
const TRADES = 2_000_000
/** `C1_BENCH_TRADES=100e6` runs the long stream to 100 million; that takes about a minute. */
const LONG = Number(process.env.C1_BENCH_TRADES ?? 10_000_000)

/** What a trade costs from the bytes of its record to its windows: with one symbol and many, at the start of a stream and at its end. */
export async function run(): Promise<BenchResult> {
  const one = await stream(1, TRADES)
  const many = await stream(SYMBOLS, TRADES)
  const long = await stream(SYMBOLS, LONG)
  const [first, last] = [long.perTrade[0] as number, long.perTrade.at(-1) as number]
  const millions = LONG / 1e6
  return {
    workload: `trades of each symbol 250 a second, in turn, as log records; all eight intervals`,
    figures: [
      ...figures('1 symbol', one),
      ...figures(`${SYMBOLS} symbols`, many),
      ...figures(`${SYMBOLS} symbols, ${millions} M trades`, long),
    ],
    ratios: [
      {
        label: `time a trade: 1 symbol / ${SYMBOLS} symbols`,
        value: median(one.perTrade) / median(many.perTrade),
        target: 0.8,
      },
      { label: `time a trade: first tenth / last tenth of ${millions} M`, value: first / last, target: 0.8 },
      { label: 'memory: 300 MB / most', value: 300e6 / Math.max(one.rss, many.rss, long.rss), target: 1 },
      { label: 'checkpoint and restore: 5 ms / taken', value: 5 / (many.checkpoint + many.restore), target: 1 },
      { label: 'pauses: 5 ms / all but one of 1,000 batches', value: 5 / many.usualPause, target: 1 },
    ],
  }
}

function figures(label: string, report: ScaleReport): Figure[] {
  return [
    { label: `${label}: time a trade`, value: median(report.perTrade), unit: 'ns' },
    { label: `${label}: records`, value: 1000 / median(report.perTrade), unit: 'M/s' },
    { label: `${label}: memory at most`, value: report.rss / 1e6, unit: 'MB' },
    { label: `${label}: longest pause`, value: report.longestPause, unit: 'ms' },
    { label: `${label}: checkpoint`, value: report.checkpoint, unit: `ms (${report.checkpointBytes} bytes)` },
    { label: `${label}: restore`, value: report.restore, unit: 'ms' },
  ]
}

async function stream(symbols: number, trades: number): Promise<ScaleReport> {
  const child = fork(new URL('candles-scale/process.ts', import.meta.url), [String(symbols), String(trades)])
  const [report] = (await once(child, 'message')) as [ScaleReport]
  child.disconnect()
  return report
}
