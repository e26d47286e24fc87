import { DuckDb, quoteName, quotePattern, quoteText } from './embedded/duckdb.ts'

/** A column of a Parquet file. Decimals stay text, so that they keep their digits. */
export interface ParquetColumn {
  readonly name: string
  readonly type: 'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP'
}

/** Writes a CSV file with a header as a Parquet file (zstd). Empty fields become NULL. */
export async function csvToParquet(csv: string, columns: readonly ParquetColumn[], parquet: string): Promise<void> {
  const database = new DuckDb()
  const types = columns.map(({ name, type }) => `${quoteText(name)}: ${quoteText(type)}`).join(', ')
  const names = columns.map(({ name }) => quoteName(name)).join(', ')
  const rows = `SELECT ${names} FROM read_csv(${quotePattern(csv)}, header = true, columns = {${types}})`
  try {
    await database.run((connection) =>
      connection.run(`COPY (${rows}) TO ${quoteText(parquet)} (FORMAT parquet, COMPRESSION zstd)`),
    )
  } finally {
    await database.close()
  }
}
