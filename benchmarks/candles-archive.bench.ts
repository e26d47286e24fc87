import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type MarketSymbol, MICROS_PER_SECOND, parseTime } from '@c1/market'
import { DuckDBInstance } from '@duckdb/node-api'
import { readFileCandles } from '../apps/c1/src/candle-file/file-candles.ts'
import { ProgressLine } from '../apps/c1/src/progress.ts'
import { csvHeader, writeChunks } from '../apps/c1/src/table.ts'
import { CANDLE } from '../apps/c1/src/tables.ts'
import { type BenchResult, type Contender, contender, type Laps, race, timesFaster } from './bench.ts'
import { type MadeArchive, withArchive } from './market.ts'

export const name = 'candles-archive'

const ROWS = 20_000_000
/** Somewhat more than BTC/USD had at Kraken on average in 2025. */
const PER_MINUTE = 40
const SYMBOL = 'BTC/USD' as MarketSymbol
const C_PROGRAM = fileURLToPath(new URL('candles-archive/candles.c', import.meta.url))

/** One-minute candles of a file whose prices and volumes are of a type, with the sum of price x volume as given. */
function queryOf(file: string, price: string, volume: string, notional: string): string {
  return `
  SELECT t - t % 60 AS open_time, first(p), max(p), min(p), last(p), sum(v), count(*), ${notional} / sum(v)
  FROM read_csv('${file}', header = false, auto_detect = false, columns = {'t': 'BIGINT', 'p': '${price}', 'v': '${volume}'})
  GROUP BY 1 ORDER BY 1`
}

/** Doubles and no exact sums: DuckDB's fastest way, and it need not keep what C1 keeps. */
const DOUBLES = (file: string): string => queryOf(file, 'DOUBLE', 'DOUBLE', 'sum(p * v)')

/** Prices and both sums exact, as C1 has them. Without the cast the product overflows. */
const EXACT = (file: string): string =>
  queryOf(file, 'DECIMAL(18, 5)', 'DECIMAL(18, 8)', 'sum(CAST(p AS DECIMAL(38, 5)) * v)')

/**
 * An archive file of Kraken's 3 columns to one-minute candles. C1 and the C program write C1's CSV rows into a file, byte for
 * byte the same; DuckDB, on one thread, only makes its columns of eight values in memory, and writes nothing.
 */
export async function run(): Promise<BenchResult> {
  return await withArchive(ROWS, PER_MINUTE, measure)
}

async function measure({ directory, file, bytes }: MadeArchive): Promise<BenchResult> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const outs = ['one', 'two', 'c'].map((name) => join(directory, `${name}.csv`)) as [string, string, string]
    const program = compile(join(directory, 'candles'))
    const contenders = [
      contender('C1, 1 thread, exact, CSV file', () => writeCandles(file, 1, outs[0])),
      contender('C1, 2 threads, exact, CSV file', () => writeCandles(file, 2, outs[1])),
      contender('DuckDB, 1 thread, doubles, query only', () => connection.runAndReadAll(DOUBLES(file))),
      contender('DuckDB, 1 thread, exact decimals, query only', () => connection.runAndReadAll(EXACT(file))),
      ...(program === undefined ? [] : [cContender(program, file, outs[2])]),
    ]
    const laps = await race(contenders, { rounds: 5, warmUps: 1 })
    const [one, two, doubles, exact, c] = laps as [Laps, Laps, Laps, Laps, Laps | undefined]
    const written = outs.slice(0, c === undefined ? 2 : 3).map((out) => readFileSync(out, 'utf8'))
    if (written.some((text) => text !== written[0])) throw new Error('Not all wrote the same candles.')
    const columns = async (query: string) => (await connection.runAndReadAll(query)).getColumnsJson()
    checkSame(written[0] as string, await columns(EXACT(file)), true)
    checkSame(written[0] as string, await columns(DOUBLES(file)), false)
    return {
      workload: `${ROWS / 1e6} M rows, ${Math.round(bytes / 1e6)} MB, ${PER_MINUTE} trades a minute, to 1m candles`,
      figures: contenders.map(({ label }, index) => {
        return { label, value: ROWS / (laps[index] as Laps).median / 1000, unit: 'M rows/s' }
      }),
      ratios: [
        { label: 'C1 / DuckDB doubles', value: timesFaster(one, doubles), target: 6 },
        { label: 'C1 / DuckDB exact decimals', value: timesFaster(one, exact) },
        ...(c === undefined ? [] : [{ label: 'C1 / C program at -O3', value: timesFaster(one, c), target: 0.8 }]),
        { label: 'C1 with 2 threads / with 1', value: timesFaster(two, one), target: 1.8 },
      ],
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** What `c1 candles FILE --interval 1m --out OUT` does once it has started. */
async function writeCandles(file: string, threads: number, out: string): Promise<void> {
  const { signal } = new AbortController()
  const lines = new ProgressLine(true)
  const [member] = await readFileCandles(file, { symbol: SYMBOL, intervals: ['1m'], threads, signal, lines })
  const rows = member?.rows(member.candles.usedPriceDecimals)
  if (member === undefined || rows === undefined) throw new Error('The candles were not written at once.')
  async function* chunks(): AsyncGenerator<string | Uint8Array> {
    yield csvHeader(CANDLE)
    if (rows !== undefined) yield* rows
  }
  await writeChunks(chunks(), out)
  await member.close()
}

/** The C program, where there is a compiler. */
function compile(program: string): string | undefined {
  const { status, stderr } = spawnSync('cc', ['-O3', '-march=native', '-o', program, C_PROGRAM], { encoding: 'utf8' })
  if (status === 0) return program
  console.log(`The C program is left out: cc ${status === null ? 'is not there' : `failed: ${stderr}`}.`)
  return undefined
}

function cContender(program: string, file: string, out: string): Contender {
  return contender('C program at -O3, exact, CSV file', () => {
    const stdout = openSync(out, 'w')
    const { status } = spawnSync(program, [SYMBOL, file], { stdio: ['ignore', stdout, 'inherit'] })
    closeSync(stdout)
    if (status !== 0) throw new Error('The C program failed.')
  })
}

/** DuckDB's values against the written ones: all of them exactly, or volumes as nearly as doubles are. */
function checkSame(csv: string, columns: readonly (readonly unknown[])[], exactly: boolean): void {
  const rows = csv.trimEnd().split('\n').slice(1)
  if (rows.length !== columns[0]?.length) throw new Error('C1 and DuckDB made different numbers of candles.')
  for (const [index, row] of rows.entries()) {
    const [, , openTime = '', , open, high, low, close, volume, , count] = row.split(',')
    const ours = [parseTime(openTime) / MICROS_PER_SECOND, open, high, low, close, volume, count].map(Number)
    const theirs = columns.slice(0, 7).map((column) => Number(column[index]))
    const same = ours.every((value, at) => {
      return exactly || at !== 5 ? value === theirs[at] : Math.abs(value - (theirs[at] as number)) < 1e-6
    })
    if (!same) throw new Error(`C1 and DuckDB differ: ${row} and ${theirs.join()}.`)
  }
}
