import { archiveNames, openArchive } from '@c1/kraken'
import { INTERVALS, type Interval, parseInterval, UsageError } from '@c1/market'
import { ColumnarCandles, krakenCandleLine } from '@c1/windowing'
import type { Context } from '../context.ts'
import { ProgressLine, rateAndEta } from '../progress.ts'
import { symbolOfFile } from '../symbols.ts'
import { csvHeader, type Format, writeChunks, writeLines, writeTable } from '../table.ts'
import { CANDLE, candleTable } from '../tables.ts'

export interface CandleFileOptions {
  readonly interval: string
  readonly format: Format
  readonly layout: string
  readonly out: string | undefined
  readonly quiet: boolean
}

/** An archive file straight to candles, without a store and in the memory of its windows. */
export async function buildCandleFile(context: Context, file: string, options: CandleFileOptions): Promise<void> {
  const { layout, out, quiet } = options
  if (layout !== 'c1' && layout !== 'kraken') {
    throw new UsageError('layout_unknown', `Unknown layout "${layout}". Choose from c1, kraken.`)
  }
  const lines = new ProgressLine(quiet)
  const intervals = INTERVALS.filter((interval) => options.interval.split(',').map(parseInterval).includes(interval))
  if (layout === 'kraken' && intervals.length > 1) {
    throw new UsageError('layout_unknown', "Kraken's own files hold one interval each: give one with --interval.")
  }
  const members = await readFile(context, file, intervals, lines)
  // Archives pad prices with zeros (`105433.60000` where the venue quotes one decimal), and a VWAP is cut to the venue's decimals.
  const priceDecimals = Math.max(...members.map(({ usedPriceDecimals }) => usedPriceDecimals))
  const rows = members.map((member) => member.candleRows(priceDecimals)).filter((rows) => rows !== undefined)
  const candles = allOf(members.map((member) => member.candles(priceDecimals)))
  if (layout === 'kraken') await writeLines(mapped(candles, krakenCandleLine), 0, out)
  else if (options.format === 'csv' && rows.length === members.length) {
    await writeChunks(allOf<string | Uint8Array>([[csvHeader(CANDLE)], ...rows]), out)
  } else await writeTable(candleTable(candles), options.format, out)
}

/** Reads every member of the file to its end. */
async function readFile(
  { configuration, path, signal, symbols }: Context,
  file: string,
  intervals: readonly Interval[],
  lines: ProgressLine,
): Promise<ColumnarCandles[]> {
  const [symbol = symbolOfFile(path(file)), ...others] = configuration.origins.symbols === 'default' ? [] : symbols
  if (others.length > 0)
    throw new UsageError('symbols_several', 'A file is turned into the candles of one market: give one with --symbols.')
  const members: ColumnarCandles[] = []
  for await (const archive of openArchive(path(file), { aliases: archiveNames(symbol) })) {
    const builder = new ColumnarCandles({ symbol, intervals, layout: archive.layout })
    const startedAt = performance.now()
    const tell = (): string => {
      const { bytesRead, bytesTotal } = archive.progress()
      const seconds = (performance.now() - startedAt) / 1000
      return `${archive.member}: ${builder.rowCount.toLocaleString('en')} trades (${rateAndEta(builder.rowCount, bytesRead / bytesTotal, seconds)})`
    }
    for await (const chunk of archive.chunks) {
      signal.throwIfAborted()
      builder.push(chunk)
      lines.show(tell)
    }
    builder.end()
    lines.say(tell())
    tellRejected(lines, archive.member, builder)
    members.push(builder)
  }
  return members
}

function* allOf<Item>(lists: Iterable<Iterable<Item>>): Generator<Item> {
  for (const list of lists) yield* list
}

function* mapped<Item, Result>(items: Iterable<Item>, map: (item: Item) => Result): Generator<Result> {
  for (const item of items) yield map(item)
}

function tellRejected(lines: ProgressLine, member: string, { rejected: { count, rows } }: ColumnarCandles): void {
  if (count === 0) return
  lines.say(`${member}: ${count.toLocaleString('en')} rows are no trades and were left out. The first:`)
  for (const { line, reason } of rows.slice(0, 5)) lines.say(`  line ${line}: ${reason}`)
}
