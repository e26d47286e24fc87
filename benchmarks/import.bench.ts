import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { openEmbeddedLog, TOPICS } from '@c1/event-log'
import { importArchive, TradeLog } from '@c1/ingest-trades'
import { type Instrument, type MarketSymbol, marketSymbol } from '@c1/market'
import { CheckpointStore } from '@c1/service'
import { ColumnarCandles } from '@c1/windowing'
import { type BenchResult, type Contender, type Laps, median, race, timed, timesFaster } from './bench.ts'
import { type MadeArchive, withArchive } from './market.ts'

export const name = 'import'

const ROWS = 5_000_000
const PER_MINUTE = 40
const LAYOUT = { header: false, columns: { time: 0, price: 1, volume: 2 }, count: 3 }
const BTC: Instrument = {
  symbol: marketSymbol('BTC/USD'),
  base: 'BTC',
  quote: 'USD',
  priceDecimals: 1,
  quantityDecimals: 8,
  status: 'online',
  aliases: ['XBTUSD'],
}
const MEBIBYTE = 1024 * 1024

/**
 * An archive file of Kraken's 3 columns into the embedded log, ledger and checkpoints included, until it is on the disk; beside
 * it the least that could be done: the same bytes written and synced, and the same rows only read, to candles.
 */
export async function run(): Promise<BenchResult> {
  return await withArchive(ROWS, PER_MINUTE, measure)
}

async function measure({ directory, file, bytes }: MadeArchive): Promise<BenchResult> {
  let logBytes = 0
  const cpuSeconds: number[] = []
  const contenders: Contender[] = [
    {
      label: 'c1 import into the embedded log',
      lap: () =>
        inPlace(directory, async (place) => {
          const before = process.cpuUsage()
          const lap = await timed(() => importFile(place, file))
          const { system, user } = process.cpuUsage(before)
          cpuSeconds.push((system + user) / 1e6)
          logBytes = sizeOf(join(place, 'log', TOPICS.trades))
          return lap
        }),
    },
    {
      label: 'bare copy: the file read, bytes of the size of the log written and synced',
      lap: () => inPlace(directory, (place) => timed(() => copy(file, join(place, 'copy'), logBytes))),
    },
    { label: 'c1 candles on the same file', lap: () => timed(() => readCandles(file)) },
  ]
  const laps = await race(contenders, { rounds: 5, warmUps: 1 })
  const [ours, bare, candles] = laps as [Laps, Laps, Laps]
  return {
    workload: `${ROWS / 1e6} M rows, ${Math.round(bytes / 1e6)} MB, to ${Math.round(logBytes / 1e6)} MB of log`,
    figures: [
      ...contenders.map(({ label }, index) => {
        return { label, value: ROWS / (laps[index] as Laps).median / 1000, unit: 'M rows/s' }
      }),
      {
        label: 'c1 import, of the processor time of all threads and the kernel',
        value: ROWS / median(cpuSeconds.slice(1)) / 1e6,
        unit: 'M rows/CPU s',
      },
    ],
    ratios: [
      { label: 'import / bare copy', value: timesFaster(ours, bare) },
      { label: 'import / candles', value: timesFaster(ours, candles) },
    ],
  }
}

async function inPlace<Result>(directory: string, work: (place: string) => Promise<Result>): Promise<Result> {
  const place = mkdtempSync(join(directory, 'place-'))
  try {
    return await work(place)
  } finally {
    rmSync(place, { recursive: true })
  }
}

async function importFile(place: string, file: string): Promise<void> {
  const log = await openEmbeddedLog({ directory: join(place, 'log'), onWarning: console.error })
  const checkpoints = new CheckpointStore(join(place, 'checkpoints'))
  const trades = await TradeLog.open({ log, checkpoints, source: 'kraken' })
  const { signal } = new AbortController()
  const { added } = await importArchive(file, { trades, checkpoints, market: BTC, signal, onProgress: () => {} })
  await trades.close()
  await log.close()
  if (added !== ROWS) throw new Error(`Imported ${added} of ${ROWS} rows.`)
}

function copy(file: string, to: string, bytes: number): void {
  const chunk = Buffer.alloc(MEBIBYTE, 'x')
  const source = openSync(file, 'r')
  while (readSync(source, chunk) > 0);
  closeSync(source)
  const target = openSync(to, 'w')
  for (let written = 0; written < bytes; ) written += writeSync(target, chunk, 0, Math.min(MEBIBYTE, bytes - written))
  fdatasyncSync(target)
  closeSync(target)
}

function readCandles(file: string): void {
  const builder = new ColumnarCandles({ symbol: 'BTC/USD' as MarketSymbol, intervals: ['1m'], layout: LAYOUT })
  const descriptor = openSync(file, 'r')
  const chunk = new Uint8Array(MEBIBYTE)
  for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
    builder.push(chunk.subarray(0, read))
  }
  closeSync(descriptor)
  builder.end()
  for (const { tradeCount } of builder.candles()) if (tradeCount === 0) throw new Error('A candle has no trades.')
}

function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)
}
