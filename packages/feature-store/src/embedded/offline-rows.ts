import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, formatTime, type MarketSymbol, symbolSlug } from '@c1/market'
import type { RowRange } from '../feature-store.ts'
import type { DuckDb } from './duckdb.ts'
import { makeDirectory } from './durable.ts'
import { ParquetRows } from './parquet-rows.ts'
import { compareRows, mergeRows, newestRevisions, rowKey } from './row-order.ts'
import { writeError } from './storage-error.ts'

/** Rows that are put into files together: they are in memory once more meanwhile. */
const PART_ROWS = 20_000

/** Rows of one symbol and UTC day that are not in its file yet, by their key. */
interface Unwritten {
  readonly symbol: MarketSymbol
  readonly date: string
  readonly rows: Map<string, FeatureRow>
}

/**
 * All rows of one group: `<directory>/symbol=BTC-USD/date=2025-11-10/part-0.parquet`, the date being the UTC day of the
 * event time, with every revision, ordered by event time and revision; and in memory what was written since the last flush.
 */
export class OfflineRows {
  readonly #directory: string
  readonly #parquet: ParquetRows
  readonly #unwritten = new Map<string, Unwritten>()
  #lastFlush: Promise<void> = Promise.resolve()

  constructor(directory: string, group: FeatureGroup, duckDb: DuckDb) {
    this.#directory = directory
    this.#parquet = new ParquetRows(duckDb, group)
  }

  write(rows: readonly FeatureRow[]): void {
    for (const row of rows) this.#unwrittenOf(row).rows.set(rowKey(row), row)
  }

  /** One flush at a time: each sees the files of the one before. `pause` is waited for after each file. */
  flush(pause?: () => Promise<void>): Promise<void> {
    const flushed = this.#lastFlush.then(() => this.#flush(pause))
    this.#lastFlush = flushed.catch(() => {})
    return flushed
  }

  async range({ symbol, from, to, knownAt }: RowRange): Promise<FeatureRow[]> {
    if (from >= to) return []
    // Before the files are read: a flush meanwhile moves rows from here to there, never back.
    const unwritten = this.#unwrittenRows(symbol, ({ eventTime }) => eventTime >= from && eventTime < to)
    const [first, last] = [dateOf(from), dateOf((to - 1) as EpochMicros)]
    const paths = this.#dates(symbol).flatMap((date) =>
      date >= first && date <= last ? [this.#path(symbol, date)] : [],
    )
    const rows = await this.#parquet.read(paths, symbol, { from, to })
    return newestRevisions(mergeRows(rows, unwritten), knownAt)
  }

  async asOf(symbol: MarketSymbol, time: EpochMicros): Promise<FeatureRow | undefined> {
    const known = (row: FeatureRow) => row.eventTime <= time && row.availableAt <= time
    let newest = newestOf(this.#unwrittenRows(symbol, known))
    const last = dateOf(time)
    for (const date of this.#dates(symbol).reverse()) {
      if (date > last) continue
      if (newest !== undefined && date < dateOf(newest.eventTime)) break
      const rows = await this.#parquet.read([this.#path(symbol, date)], symbol)
      newest = newestOf([...rows.filter(known), ...(newest === undefined ? [] : [newest])])
    }
    return newest
  }

  async #flush(pause: (() => Promise<void>) | undefined): Promise<void> {
    for (const some of parts([...this.#unwritten.values()])) {
      const files = some.map((day) => ({
        path: this.#path(day.symbol, day.date),
        symbol: day.symbol,
        rows: [...day.rows.values()],
        day,
      }))
      for (const { symbol, date } of some) await this.#makeFolder(symbol, date)
      await this.#parquet.put(files, (file) => {
        this.#forget(file.day, file.rows)
        return pause?.()
      })
    }
  }

  /** What was written again meanwhile stays for the next flush. */
  #forget({ date, rows, symbol }: Unwritten, stored: readonly FeatureRow[]): void {
    for (const row of stored) {
      const key = rowKey(row)
      if (rows.get(key) === row) rows.delete(key)
    }
    if (rows.size === 0) this.#unwritten.delete(`${symbol} ${date}`)
  }

  async #makeFolder(symbol: MarketSymbol, date: string): Promise<void> {
    const folder = this.#folder(symbol, date)
    try {
      await makeDirectory(this.#directory, folder)
    } catch (error) {
      throw writeError(folder, error)
    }
  }

  #unwrittenOf({ symbol, eventTime }: FeatureRow): Unwritten {
    const date = dateOf(eventTime)
    const key = `${symbol} ${date}`
    let unwritten = this.#unwritten.get(key)
    if (unwritten === undefined) {
      unwritten = { symbol, date, rows: new Map() }
      this.#unwritten.set(key, unwritten)
    }
    return unwritten
  }

  #unwrittenRows(symbol: MarketSymbol, passes: (row: FeatureRow) => boolean): FeatureRow[] {
    const ofSymbol = [...this.#unwritten.values()].filter((unwritten) => unwritten.symbol === symbol)
    return ofSymbol.flatMap(({ rows }) => [...rows.values()].filter(passes))
  }

  /** UTC days with a file, ascending. */
  #dates(symbol: MarketSymbol): string[] {
    const folder = join(this.#directory, `symbol=${symbolSlug(symbol)}`)
    if (!existsSync(folder)) return []
    const dates = readdirSync(folder).flatMap((name) => (name.startsWith('date=') ? [name.slice('date='.length)] : []))
    return dates.filter((date) => existsSync(this.#path(symbol, date))).sort()
  }

  #folder(symbol: MarketSymbol, date: string): string {
    return join(this.#directory, `symbol=${symbolSlug(symbol)}`, `date=${date}`)
  }

  #path(symbol: MarketSymbol, date: string): string {
    return join(this.#folder(symbol, date), 'part-0.parquet')
  }
}

/** Neighbours, together not many more rows than are put into files at once. */
function* parts(days: readonly Unwritten[]): Generator<readonly Unwritten[]> {
  let part: Unwritten[] = []
  let rows = 0
  for (const day of days) {
    part.push(day)
    rows += day.rows.size
    if (rows < PART_ROWS) continue
    yield part
    part = []
    rows = 0
  }
  if (part.length > 0) yield part
}

function newestOf(rows: readonly FeatureRow[]): FeatureRow | undefined {
  return rows.reduce<FeatureRow | undefined>(
    (newest, row) => (newest === undefined || compareRows(row, newest) >= 0 ? row : newest),
    undefined,
  )
}

/** `2025-11-10`. */
function dateOf(time: EpochMicros): string {
  return formatTime(time).slice(0, 10)
}
