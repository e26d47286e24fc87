import { finalCandles } from '@c1/compute-features'
import { type Candle, type EpochMicros, type Interval, type MarketSymbol, parseInterval, UsageError } from '@c1/market'
import { type FilledCandle, fillFlat, krakenCandleLine } from '@c1/windowing'
import type { Context } from '../context.ts'
import { catchUp } from '../pipeline.ts'
import { storedPredictions, storedSymbols, storedTrades, type TimeRange } from '../stored.ts'
import { type Format, type Table, writeLines, writeTable } from '../table.ts'
import {
  candleTable,
  featureTable,
  filledCandleTable,
  krakenTradeLine,
  predictionTable,
  tradeTable,
} from '../tables.ts'
import { openWorkspace, storedFolder, type Workspace } from '../workspace.ts'

export const EXPORTS = ['trades', 'candles', 'features', 'predictions'] as const
export type Exportable = (typeof EXPORTS)[number]

export interface ExportOptions {
  readonly range: TimeRange
  readonly knownAt: EpochMicros | undefined
  readonly interval: string | undefined
  readonly format: Format
  readonly out: string | undefined
  readonly layout: string
  /** `flat`: rows for windows without trades too. */
  readonly fill: string | undefined
}

/** Rows out of the stores, brought up to date first unless a running C1 does that. */
export async function exportRows(context: Context, what: string, options: ExportOptions): Promise<number> {
  const kind = EXPORTS.find((kind) => kind === what)
  if (kind === undefined)
    throw new UsageError('export_unknown', `Cannot export "${what}". Choose from ${EXPORTS.join(', ')}.`)
  checkOptions(kind, options)
  const folder = await storedFolder(context)
  const workspace = await openUpToDate(context, folder, kind)
  try {
    if (options.layout === 'kraken') {
      return await writeLines(krakenLines(context, workspace, kind, options), 0, options.out)
    }
    return await writeTable(await tableOf(context, workspace, kind, options), options.format, options.out)
  } finally {
    await workspace.close()
  }
}

function checkOptions(kind: Exportable, { fill, interval, layout, knownAt }: ExportOptions): void {
  if (layout !== 'c1' && layout !== 'kraken')
    throw new UsageError('layout_unknown', `Unknown layout "${layout}". Choose from c1, kraken.`)
  if (layout === 'kraken' && kind !== 'trades' && kind !== 'candles') {
    throw new UsageError(
      'layout_unknown',
      `Kraken publishes no files of ${kind}: --layout kraken is for trades and candles.`,
    )
  }
  if (interval !== undefined && kind !== 'candles')
    throw new UsageError('option_unused', `--interval says nothing of ${kind}: leave it out.`)
  if (fill !== undefined && fill !== 'flat') {
    throw new UsageError('fill_unknown', `Unknown fill "${fill}". Choose flat, or leave --fill out.`)
  }
  if (fill !== undefined && kind !== 'candles')
    throw new UsageError('option_unused', `--fill says nothing of ${kind}: leave it out.`)
  if (fill !== undefined && layout === 'kraken')
    throw new UsageError(
      'option_unused',
      "Kraken's own files have no rows without trades: leave --fill or --layout out.",
    )
  if (knownAt !== undefined && kind !== 'features')
    throw new UsageError('option_unused', `--known-at says nothing of ${kind}: leave it out.`)
}

/** A running C1 keeps its stores up to date; without one that is done here. */
async function openUpToDate(context: Context, folder: string, kind: Exportable): Promise<Workspace> {
  if (kind === 'trades' || kind === 'predictions') return openWorkspace(context, folder, [])
  try {
    const workspace = await openWorkspace(context, folder, ['build-candles', 'compute-features'])
    await catchUp(context, workspace)
    return workspace
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'directory_locked') throw error
    return openWorkspace(context, folder, [])
  }
}

async function tableOf(
  context: Context,
  workspace: Workspace,
  kind: Exportable,
  options: ExportOptions,
): Promise<Table> {
  const symbols = await storedSymbols(context, workspace)
  switch (kind) {
    case 'trades':
      return tradeTable(await collect(symbols, (symbol) => storedTrades(workspace, symbol, options.range)))
    case 'candles': {
      const lists = await candleLists(context, workspace, symbols, options)
      return options.fill === undefined
        ? candleTable(lists.flatMap((candles) => inRange(candles, options.range)))
        : filledCandleTable(allFilled(lists, options.range))
    }
    case 'features': {
      const { features } = workspace
      const { knownAt, range } = options
      const read = (symbol: MarketSymbol) =>
        features.range({ symbol, ...range, ...(knownAt !== undefined && { knownAt }) })
      return featureTable(await collect(symbols, read), features.group)
    }
    case 'predictions':
      return predictionTable(await collect(symbols, (symbol) => storedPredictions(workspace, symbol, options.range)))
  }
}

/** Kraken's files hold one market each, so their lines do not name it. */
async function* krakenLines(
  context: Context,
  workspace: Workspace,
  kind: Exportable,
  options: ExportOptions,
): AsyncGenerator<string> {
  const [symbol, ...others] = await storedSymbols(context, workspace)
  if (others.length > 0 || symbol === undefined) {
    throw new UsageError('symbols_several', "Kraken's own files hold one market each: give one with --symbols.")
  }
  if (kind === 'trades') {
    for (const trade of await storedTrades(workspace, symbol, options.range)) yield krakenTradeLine(trade)
  } else {
    for (const candles of await candleLists(context, workspace, [symbol], options)) {
      for (const candle of inRange(candles, options.range)) yield krakenCandleLine(candle)
    }
  }
}

/** All candles, a list for each market and interval. */
async function candleLists(
  { settings }: Context,
  workspace: Workspace,
  symbols: readonly MarketSymbol[],
  { interval }: ExportOptions,
): Promise<(readonly Candle[])[]> {
  const intervals: readonly Interval[] =
    interval === undefined ? settings.intervals.slice(0, 1) : interval.split(',').map(parseInterval)
  return collect(symbols, (symbol) =>
    Promise.all(intervals.map((interval) => finalCandles(workspace, symbol, interval, 'end'))),
  )
}

function inRange(candles: readonly Candle[], { from, to }: TimeRange): readonly Candle[] {
  return candles.filter(({ openTime }) => openTime >= from && openTime < to)
}

function* allFilled(lists: readonly (readonly Candle[])[], range: TimeRange): Generator<FilledCandle> {
  for (const candles of lists) yield* fillFlat(candles, range)
}

async function collect<Row>(
  symbols: readonly MarketSymbol[],
  read: (symbol: MarketSymbol) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const symbol of symbols) for (const row of await read(symbol)) rows.push(row)
  return rows
}
