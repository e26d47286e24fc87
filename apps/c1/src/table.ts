import { createWriteStream } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { csvToParquet, type ParquetColumn } from '@c1/feature-store'
import { C1Error, UsageError } from '@c1/market'

/** What stands in a column; a time is ISO 8601 text. */
export type ColumnType = 'text' | 'time' | 'integer' | 'number' | 'boolean'
export type Value = string | number | boolean | undefined

/** Rows under named columns. */
export interface Table {
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[]
  readonly rows: AsyncIterable<readonly Value[]> | Iterable<readonly Value[]>
}

export type Format = 'csv' | 'jsonl' | 'parquet'

/** @throws UsageError `format_unknown` */
export function parseFormat(text: string): Format {
  if (text === 'csv' || text === 'jsonl' || text === 'parquet') return text
  throw new UsageError('format_unknown', `Unknown format "${text}". Choose from csv, jsonl, parquet.`)
}

/** Writes to `out`, or to standard output. A file appears whole or not at all. Gives the number of rows. */
export async function writeTable(table: Table, format: Format, out: string | undefined): Promise<number> {
  if (format !== 'parquet')
    return writeLines(format === 'csv' ? csvLines(table) : jsonLines(table), format === 'csv' ? 1 : 0, out)
  if (out === undefined) throw new UsageError('out_missing', 'Parquet is not text: name a file with --out FILE.')
  const scratch = await mkdtemp(join(dirname(out), '.c1-export-')).catch((cause: unknown) => {
    throw unwritable(out, cause)
  })
  try {
    const csv = join(scratch, 'rows.csv')
    const rows = await writeLines(csvLines(table), 1, csv)
    await csvToParquet(csv, table.columns.map(parquetColumn), join(scratch, 'rows.parquet'))
    await rename(join(scratch, 'rows.parquet'), out)
    return rows
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const CHUNK_CHARS = 1 << 18

/** Lines without their ends, the first `headers` of which are no rows. A file appears whole or not at all. */
export async function writeLines(
  lines: AsyncIterable<string> | Iterable<string>,
  headers: number,
  out: string | undefined,
): Promise<number> {
  let count = 0
  async function* chunks(): AsyncGenerator<string> {
    let chunk = ''
    for await (const line of lines) {
      chunk += `${line}\n`
      count += 1
      if (chunk.length < CHUNK_CHARS) continue
      yield chunk
      chunk = ''
    }
    yield chunk
  }
  await writeChunks(chunks(), out)
  return count - headers
}

/** Writes text as it comes. A file appears whole or not at all. */
export async function writeChunks(
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  out: string | undefined,
): Promise<void> {
  const part = `${out}.part`
  try {
    await pipeline(chunks, out === undefined ? process.stdout : createWriteStream(part), { end: out !== undefined })
    if (out !== undefined) await rename(part, out)
  } catch (cause) {
    if (out !== undefined) await rm(part, { force: true })
    throw cause instanceof C1Error ? cause : unwritable(out, cause)
  }
}

/** The first line of a table as CSV, with its end. */
export function csvHeader(columns: Table['columns']): string {
  return `${columns.map(({ name }) => name).join(',')}\n`
}

function unwritable(out: string | undefined, cause: unknown): C1Error {
  const { code, message } = cause as NodeJS.ErrnoException
  // A reader such as head that has seen enough is not a failure of ours to explain.
  if (code === 'EPIPE') return new C1Error('output_closed', 'The reader of the output closed it.', { cause })
  if (code === 'ENOSPC')
    return new C1Error('disk_full', `Cannot write ${out}: the disk is full. Free some space.`, { cause })
  if (out === undefined) return new C1Error('output_failed', `Cannot write standard output: ${message}.`, { cause })
  return new UsageError(
    'out_unwritable',
    `Cannot write ${out} (${code ?? message}): name a file in a folder of yours with --out.`,
    { cause },
  )
}

async function* csvLines({ columns, rows }: Table): AsyncGenerator<string> {
  yield columns.map(({ name }) => name).join(',')
  for await (const row of rows) yield row.map(csvField).join(',')
}

async function* jsonLines({ columns, rows }: Table): AsyncGenerator<string> {
  for await (const row of rows) {
    yield JSON.stringify(Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null])))
  }
}

function csvField(value: Value): string {
  const text = value === undefined ? '' : String(value)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function parquetColumn({ name, type }: { readonly name: string; readonly type: ColumnType }): ParquetColumn {
  const types = { text: 'VARCHAR', time: 'TIMESTAMP', integer: 'BIGINT', number: 'DOUBLE', boolean: 'BOOLEAN' } as const
  return { name, type: types[type] }
}
