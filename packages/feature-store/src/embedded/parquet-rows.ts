import { existsSync } from 'node:fs'
import type { FeatureGroup, FeatureRow } from '@c1/features'
import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { type DuckDb, quoteName, quotePattern, quoteText } from './duckdb.ts'
import { replaceFile } from './durable.ts'
import { damagedError, writeError } from './storage-error.ts'

type Api = typeof import('@duckdb/node-api')

/** DuckDB's own size of a chunk. */
const CHUNK_ROWS = 2048
/** Columns before the features. */
const KEYS = 5

/** A column that no feature can have: names of features have no space. */
const FILE = '"file of the row"'

export interface FileRows {
  readonly path: string
  readonly symbol: MarketSymbol
  readonly rows: readonly FeatureRow[]
}

export interface RowFilter {
  /** `from <= eventTime < to`. */
  readonly from: EpochMicros
  readonly to: EpochMicros
}

/**
 * Rows of one symbol in Parquet files. Columns: `eventTime` and `availableAt` (TIMESTAMP in microseconds, UTC), `revision`
 * (INT32), `firstTradeId` and `lastTradeId` (INT64), then a DOUBLE a feature, NULL where not determined (NaN). The symbol is
 * in the folder's name only, as Hive layout has it.
 */
export class ParquetRows {
  readonly #duckDb: DuckDb
  readonly #features: readonly string[]

  constructor(duckDb: DuckDb, group: FeatureGroup) {
    this.#duckDb = duckDb
    this.#features = group.features.map(({ name }) => quoteName(name))
  }

  /** All rows of the files that pass, in no certain order. @throws C1Error `store_damaged` naming the file */
  async read(paths: readonly string[], symbol: MarketSymbol, filter?: RowFilter): Promise<FeatureRow[]> {
    if (paths.length === 0) return []
    try {
      return await this.#select(paths, symbol, filter)
    } catch (error) {
      throw await this.#blame(paths, symbol, error)
    }
  }

  /**
   * Puts rows into files that need not be there yet, one after another, each all or nothing and then told of; a row takes the
   * place of one with its event time and revision. The rows that are there go from file to file within DuckDB: a day of them
   * is much more than what comes at a time.
   *
   * @throws C1Error `disk_full`, `store_unwritable`, or `store_damaged` when a file cannot be read
   */
  async put<File extends FileRows>(
    files: readonly File[],
    onStored: (file: File) => Promise<void> | undefined,
  ): Promise<void> {
    await this.#duckDb.run(async (connection, api) => {
      await this.#append(connection, api, files)
      for (const [index, file] of files.entries()) {
        await this.#put(connection, index, file)
        await onStored(file)
      }
    })
  }

  async #put(connection: DuckDBConnection, index: number, { path, symbol }: FileRows): Promise<void> {
    const stored = existsSync(path) ? [path] : []
    try {
      await replaceFile(path, async (temporary) => {
        await connection.run(copySql(index, stored, temporary))
      })
    } catch (error) {
      const blamed = await this.#blame(stored, symbol, error)
      throw blamed === error ? writeError(path, error) : blamed
    }
  }

  async #select(paths: readonly string[], symbol: MarketSymbol, filter: RowFilter | undefined): Promise<FeatureRow[]> {
    const columns = [
      'epoch_us("eventTime")::DOUBLE',
      'epoch_us("availableAt")::DOUBLE',
      '"revision"',
      '"firstTradeId"::DOUBLE',
      '"lastTradeId"::DOUBLE',
      ...this.#features,
    ]
    const files = `[${paths.map(quotePattern).join(', ')}]`
    const where = filter === undefined ? '' : 'WHERE "eventTime" >= $1 AND "eventTime" < $2'
    const sql = `SELECT ${columns.join(', ')} FROM read_parquet(${files}, hive_partitioning = false) ${where}`
    return this.#duckDb.run(async (connection, { DuckDBTimestampTZValue }) => {
      const bounds = filter === undefined ? [] : [filter.from, filter.to]
      const result = await connection.run(
        sql,
        bounds.map((time) => new DuckDBTimestampTZValue(BigInt(time))),
      )
      const rows: FeatureRow[] = []
      for (const chunk of await result.fetchAllChunks()) appendRows(rows, chunk, symbol)
      return rows
    })
  }

  /** Into a temporary table `written`, with the place of their file among all: a table for each costs more than the rows. */
  async #append(connection: DuckDBConnection, api: Api, files: readonly FileRows[]): Promise<void> {
    const definitions = [
      '"eventTime" TIMESTAMPTZ',
      '"availableAt" TIMESTAMPTZ',
      '"revision" INTEGER',
      '"firstTradeId" BIGINT',
      '"lastTradeId" BIGINT',
      ...this.#features.map((name) => `${name} DOUBLE`),
      `${FILE} INTEGER`,
    ]
    await connection.run(`CREATE TEMP TABLE written (${definitions.join(', ')})`)
    const appender = await connection.createAppender('written')
    for (const [index, { rows }] of files.entries()) {
      for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
        appender.appendDataChunk(this.#chunk(api, rows.slice(from, from + CHUNK_ROWS), index))
      }
    }
    appender.closeSync()
  }

  #chunk(api: Api, rows: readonly FeatureRow[], file: number): DuckDBDataChunk {
    const { BIGINT, DOUBLE, DuckDBDataChunk, DuckDBTimestampTZValue, INTEGER, TIMESTAMPTZ } = api
    const features: DuckDBType[] = this.#features.map(() => DOUBLE)
    const columns: DuckDBValue[][] = [
      rows.map(({ eventTime }) => new DuckDBTimestampTZValue(BigInt(eventTime))),
      rows.map(({ availableAt }) => new DuckDBTimestampTZValue(BigInt(availableAt))),
      rows.map(({ revision }) => revision),
      rows.map(({ firstTradeId }) => BigInt(firstTradeId)),
      rows.map(({ lastTradeId }) => BigInt(lastTradeId)),
      ...this.#features.map((_, index) => rows.map(({ values }) => nullIfNaN(values[index] as number))),
      rows.map(() => file),
    ]
    const chunk = DuckDBDataChunk.create([TIMESTAMPTZ, TIMESTAMPTZ, INTEGER, BIGINT, BIGINT, ...features, INTEGER])
    chunk.setColumns(columns)
    return chunk
  }

  /** DuckDB does not always name the file it could not read. */
  async #blame(paths: readonly string[], symbol: MarketSymbol, error: unknown): Promise<Error> {
    for (const path of paths) {
      try {
        await this.#select([path], symbol, undefined)
      } catch (cause) {
        return damagedError(path, cause)
      }
    }
    return error as Error
  }
}

/** Writes the rows of the file in the table `written`, and of what is stored those that they do not replace. */
function copySql(file: number, stored: readonly string[], to: string): string {
  const fresh = `SELECT * EXCLUDE (${FILE}) FROM written WHERE ${FILE} = ${file}`
  const kept = stored.map(
    (path) =>
      `FROM read_parquet([${quotePattern(path)}], hive_partitioning = false) ` +
      `ANTI JOIN (${fresh}) AS fresh USING ("eventTime", "revision")`,
  )
  const all = [fresh, ...kept].map((rows) => `(${rows})`).join(' UNION ALL BY NAME ')
  // A dictionary would give -0 and 0 one entry.
  const options = 'FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 0'
  return `COPY (FROM (${all}) ORDER BY "eventTime", "revision") TO ${quoteText(to)} (${options})`
}

function appendRows(rows: FeatureRow[], chunk: DuckDBDataChunk, symbol: MarketSymbol): void {
  const columns = chunk.getColumns() as (number | null)[][]
  const [eventTimes, availableAts, revisions, firstTradeIds, lastTradeIds] = columns as number[][]
  const features = columns.slice(KEYS)
  for (let index = 0; index < chunk.rowCount; index++) {
    rows.push({
      symbol,
      eventTime: eventTimes?.[index] as EpochMicros,
      availableAt: availableAts?.[index] as EpochMicros,
      revision: revisions?.[index] as number,
      firstTradeId: firstTradeIds?.[index] as number,
      lastTradeId: lastTradeIds?.[index] as number,
      values: features.map((column) => column[index] ?? Number.NaN),
    })
  }
}

function nullIfNaN(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
