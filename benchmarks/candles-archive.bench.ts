import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import { ColumnarCandles } from '@c1/windowing'
import { DuckDBInstance } from '@duckdb/node-api'
import { type BenchResult, contender, type Laps, race, timesFaster } from './bench.ts'
import { writeArchive } from './market.ts'

export const name = 'candles-archive'

const ROWS = 5_000_000
/** Somewhat more than BTC/USD had at Kraken on average in 2025. */
const PER_MINUTE = 40
const LAYOUT = { header: false, columns: { time: 0, price: 1, volume: 2 }, count: 3 }

/** One-minute candles of a file whose prices and volumes are of a type, with the sum of price x volume as given. */
function queryOf(file: string, price: string, volume: string, notional: string): string {
  return `
  SELECT t - t % 60 AS open_time, first(p), max(p), min(p), last(p), sum(v), ${notional} / sum(v), count(*)
  FROM read_csv('${file}', header = false, auto_detect = false, columns = {'t': 'BIGINT', 'p': '${price}', 'v': '${volume}'})
  GROUP BY 1 ORDER BY 1`
}

/** Doubles and no exact sums: DuckDB's fastest way, and it need not keep what C1 keeps. */
const DOUBLES = (file: string): string => queryOf(file, 'DOUBLE', 'DOUBLE', 'sum(p * v)')

/** Prices and both sums exact, as C1 has them. Without the cast the product overflows. */
const EXACT = (file: string): string =>
  queryOf(file, 'DECIMAL(18, 5)', 'DECIMAL(18, 8)', 'sum(CAST(p AS DECIMAL(38, 5)) * v)')

/** An archive file of Kraken's 3 columns to one-minute candles, against DuckDB on one thread. */
export async function run(): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'c1-bench-'))
  try {
    const file = join(directory, 'XBTUSD.csv')
    const bytes = writeArchive(file, ROWS, PER_MINUTE)
    return await measure(file, bytes)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function measure(file: string, bytes: number): Promise<BenchResult> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const toArrays = async (query: string) => (await connection.runAndReadAll(query)).getColumnsJS()
    for (const query of [DOUBLES(file), EXACT(file)]) checkSame(readCandles(file), await toArrays(query))
    const contenders = [
      contender('C1 ColumnarCandles, exact, to Candle objects', () => readCandles(file)),
      contender('DuckDB 1 thread, doubles, to JS arrays', () => toArrays(DOUBLES(file))),
      contender('DuckDB 1 thread, doubles, query only', () => connection.runAndReadAll(DOUBLES(file))),
      contender('DuckDB 1 thread, exact decimals, to JS arrays', () => toArrays(EXACT(file))),
    ]
    const laps = await race(contenders, { rounds: 7, warmUps: 2 })
    const [ours, arrays, query, exact] = laps as [Laps, Laps, Laps, Laps]
    return {
      workload: `${ROWS / 1e6} M rows, ${Math.round(bytes / 1e6)} MB, ${PER_MINUTE} trades a minute, to 1m candles`,
      figures: contenders.map(({ label }, index) => {
        return { label, value: ROWS / (laps[index] as Laps).median / 1000, unit: 'M rows/s' }
      }),
      ratios: [
        { label: 'C1 / DuckDB to JS arrays', value: timesFaster(ours, arrays), target: 4 },
        { label: 'C1 / DuckDB query only', value: timesFaster(ours, query) },
        { label: 'C1 / DuckDB exact decimals to JS arrays', value: timesFaster(ours, exact) },
      ],
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** Opens, counts and volumes of all candles: every candle is made and looked at. */
function readCandles(file: string): { opens: number[]; counts: number[]; volumes: number[] } {
  const builder = new ColumnarCandles({ symbol: 'BTC/USD' as MarketSymbol, intervals: ['1m'], layout: LAYOUT })
  const descriptor = openSync(file, 'r')
  const chunk = new Uint8Array(1024 * 1024)
  for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
    builder.push(chunk.subarray(0, read))
  }
  closeSync(descriptor)
  const opens: number[] = []
  const counts: number[] = []
  const volumes: number[] = []
  builder.end()
  for (const { openTime, tradeCount, volume } of builder.candles()) {
    opens.push(openTime / MICROS_PER_SECOND)
    counts.push(tradeCount)
    volumes.push(volume.length)
  }
  return { opens, counts, volumes }
}

type Columns = readonly (readonly unknown[])[]

function checkSame({ opens, counts }: ReturnType<typeof readCandles>, columns: Columns): void {
  const same = opens.length === columns[0]?.length && opens.every((open, index) => open === Number(columns[0]?.[index]))
  if (!same || !counts.every((count, index) => count === Number(columns[7]?.[index]))) {
    throw new Error('C1 and DuckDB did not make the same candles of the same file.')
  }
}
