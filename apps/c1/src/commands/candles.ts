import { INTERVALS, parseInterval, UsageError } from '@c1/market'
import { krakenCandleLine } from '@c1/windowing'
import { allCandles, type FileCandles, readFileCandles } from '../candle-file/file-candles.ts'
import type { Context } from '../context.ts'
import { ProgressLine } from '../progress.ts'
import { symbolOfFile } from '../symbols.ts'
import { csvHeader, type Format, writeChunks, writeLines, writeTable } from '../table.ts'
import { CANDLE, candleTable } from '../tables.ts'

export interface CandleFileOptions {
  readonly interval: string
  readonly format: Format
  readonly layout: string
  /** How many threads read the file, or `auto`. */
  readonly workers: string
  readonly out: string | undefined
  readonly quiet: boolean
}

/** An archive file straight to candles, without a store and in the memory of its windows. */
export async function buildCandleFile(context: Context, file: string, options: CandleFileOptions): Promise<void> {
  const { layout, out, quiet } = options
  if (layout !== 'c1' && layout !== 'kraken') {
    throw new UsageError('layout_unknown', `Unknown layout "${layout}". Choose from c1, kraken.`)
  }
  const intervals = INTERVALS.filter((interval) => options.interval.split(',').map(parseInterval).includes(interval))
  if (layout === 'kraken' && intervals.length > 1) {
    throw new UsageError('layout_unknown', "Kraken's own files hold one interval each: give one with --interval.")
  }
  const path = context.path(file)
  const { configuration, signal, symbols } = context
  const [symbol = symbolOfFile(path), ...others] = configuration.origins.symbols === 'default' ? [] : symbols
  if (others.length > 0)
    throw new UsageError('symbols_several', 'A file is turned into the candles of one market: give one with --symbols.')
  const threads = parseWorkers(options.workers)
  const members = await readFileCandles(path, { symbol, intervals, threads, signal, lines: new ProgressLine(quiet) })
  try {
    await write(members, options.format, layout, out)
  } finally {
    for (const member of members) await member.close()
  }
}

function parseWorkers(text: string): number | undefined {
  if (text === 'auto') return undefined
  if (!/^[1-9]\d?$/.test(text))
    throw new UsageError('workers_invalid', `--workers is "${text}"; give a count from 1 to 99, or auto.`)
  return Number(text)
}

async function write(
  members: readonly FileCandles[],
  format: Format,
  layout: 'c1' | 'kraken',
  out: string | undefined,
): Promise<void> {
  // Archives pad prices with zeros (`105433.60000` where the venue quotes one decimal), and a VWAP is cut to the venue's decimals.
  const priceDecimals = Math.max(...members.map(({ candles }) => candles.usedPriceDecimals))
  const candles = allCandles(members, priceDecimals)
  if (layout === 'kraken') {
    await writeLines(candles.map(krakenCandleLine), 0, out)
    return
  }
  const rows = format === 'csv' ? members.map((member) => member.rows(priceDecimals)) : []
  if (rows.length > 0 && rows.every((part) => part !== undefined)) await writeChunks(allRows(rows), out)
  else await writeTable(candleTable(candles), format, out)
}

async function* allRows(members: readonly AsyncIterable<Uint8Array>[]): AsyncGenerator<string | Uint8Array> {
  yield csvHeader(CANDLE)
  for (const rows of members) yield* rows
}
