import { UsageError } from '@c1/market'

/** Where the values of a row are, as column numbers from 0. */
export interface ArchiveColumns {
  /** Decimal seconds since the epoch. */
  readonly time: number
  readonly price: number
  readonly volume: number
  readonly side?: number
  readonly orderType?: number
  /** Absent where the rows have no venue id. */
  readonly tradeId?: number
}

/** How the rows of an archive file are laid out. */
export interface ArchiveLayout {
  /** The first line that is not empty names the columns. */
  readonly header: boolean
  readonly columns: ArchiveColumns
  /** Fields in a row. */
  readonly count: number
}

const TIME_AND_SALES: ArchiveColumns = { time: 0, price: 1, volume: 2 }
const REST_ROW: ArchiveColumns = { price: 0, volume: 1, time: 2, side: 3, orderType: 4 }

const EPOCH_SECONDS = /^[1-9]\d{9}(?:\.\d*)?$/
const DECIMAL = /^\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/
const SIDE = /^(?:b|s|buy|sell)?$/
const ORDER_TYPE = /^(?:m|l|market|limit)?$/

/**
 * Recognises the layout from the first lines of a file that are not empty: 3 columns `time,price,volume` (Kraken's Time &
 * Sales), 6 or 7 columns as REST gives them, or a header that names the columns. Where header and rows have different numbers
 * of fields, as was reported of an edition of 2026, the rows decide.
 *
 * @throws UsageError `archive_foreign`
 */
export function detectLayout(lines: readonly string[], file: string): ArchiveLayout {
  const [first = '', second] = lines
  const header = !DECIMAL.test(first.split(',', 1)[0] ?? '')
  const row = (header ? second : first)?.split(',')
  const layout = header ? headedLayout(first.split(','), row) : row && rowLayout(row)
  if (layout === undefined) throw foreign(file, first)
  return row === undefined || hasId(layout, row) ? { header, ...layout } : { header, ...withoutId(layout) }
}

type Layout = Omit<ArchiveLayout, 'header'>

function rowLayout(row: readonly string[]): Layout | undefined {
  const [a = '', b = '', c = '', side = '', orderType = ''] = row
  const count = row.length
  if (count === 3) {
    return EPOCH_SECONDS.test(a) && DECIMAL.test(b) && DECIMAL.test(c) ? { columns: TIME_AND_SALES, count } : undefined
  }
  const isRest =
    DECIMAL.test(a) && DECIMAL.test(b) && EPOCH_SECONDS.test(c) && SIDE.test(side) && ORDER_TYPE.test(orderType)
  if (!isRest || (count !== 6 && count !== 7)) return undefined
  return { columns: count === 7 ? { ...REST_ROW, tradeId: 6 } : REST_ROW, count }
}

const COLUMN_OF: ReadonlyMap<string, keyof ArchiveColumns> = new Map([
  ['time', 'time'],
  ['timestamp', 'time'],
  ['price', 'price'],
  ['volume', 'volume'],
  ['qty', 'volume'],
  ['quantity', 'volume'],
  ['amount', 'volume'],
  ['side', 'side'],
  ['buyorsell', 'side'],
  ['ordertype', 'orderType'],
  ['ordtype', 'orderType'],
  ['marketorlimit', 'orderType'],
  ['tradeid', 'tradeId'],
  ['id', 'tradeId'],
])

function headedLayout(names: readonly string[], row: readonly string[] | undefined): Layout | undefined {
  if (row !== undefined && row.length !== names.length) return rowLayout(row)
  const columns: { -readonly [Name in keyof ArchiveColumns]?: number } = {}
  const plain = names.map((name) => name.toLowerCase().replace(/[^a-z]/g, ''))
  for (const [index, name] of plain.entries()) {
    const column = COLUMN_OF.get(name)
    if (column !== undefined) columns[column] ??= index
  }
  // Kraken calls the taker's side `type`; beside a column named for the side it is the order's type.
  const type = plain.indexOf('type')
  if (type !== -1) columns[columns.side === undefined ? 'side' : 'orderType'] ??= type
  const { time, price, volume } = columns
  if (time === undefined || price === undefined || volume === undefined) return undefined
  if (row !== undefined && !EPOCH_SECONDS.test(row[time] ?? '')) return undefined
  return { columns: { ...columns, time, price, volume }, count: names.length }
}

function hasId({ columns }: Layout, row: readonly string[]): boolean {
  return columns.tradeId !== undefined && /^[1-9]\d*$/.test(row[columns.tradeId] ?? '')
}

function withoutId({ columns: { tradeId: _, ...columns }, count }: Layout): Layout {
  return { columns, count }
}

function foreign(file: string, first: string): UsageError {
  // Only printable characters: the file may be an image.
  const start = first.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')
  const message =
    `${file} is not a file of Kraken trades: it starts with "${start}". Expected rows of time,price,volume or ` +
    'price,volume,time,type,ordertype,misc[,tradeid], with time in seconds, or a header that names time, price and volume.'
  return new UsageError('archive_foreign', message, { details: { file, start } })
}
