import { C1Error, UsageError } from '@c1/market'
import { readAnswer } from '../rest/answer.ts'
import { readTradesResult } from '../rest/trades-page.ts'
import { NumberText, writeExact } from '../wire/exact-json.ts'

/** A stored answer is one page of at most 1,000 rows; joined ones may be larger, but are parsed as one text. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024

/** A stored answer of REST `Trades` as the lines of an archive file in REST's columns. @throws UsageError `archive_foreign` */
export async function* answerAsLines(chunks: AsyncIterable<Uint8Array>, label: string): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    parts.push(chunk)
    size += chunk.length
    if (size > LARGEST_ANSWER_BYTES) throw foreign(label, `a JSON text larger than ${LARGEST_ANSWER_BYTES} bytes`)
  }
  const lines = readRows(Buffer.concat(parts).toString(), label).map(rowAsLine)
  yield Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`)
}

function readRows(text: string, label: string): readonly unknown[] {
  try {
    return readTradesResult(readAnswer(200, text)).rows
  } catch (cause) {
    if (cause instanceof C1Error) throw foreign(label, 'JSON', cause)
    throw cause
  }
}

/** A row that is no list stays on its line as it is, to be rejected there. */
function rowAsLine(row: unknown): string {
  return Array.isArray(row) ? row.map(fieldText).join(',') : writeExact(row)
}

function fieldText(value: unknown): string {
  if (value instanceof NumberText) return value.text
  return typeof value === 'string' ? value.replace(/[\r\n]+/g, ' ') : writeExact(value)
}

function foreign(label: string, what: string, cause?: unknown): UsageError {
  const message = `${label} is ${what}, but not a stored answer of Kraken's REST Trades with rows of price,volume,time,...`
  return new UsageError('archive_foreign', message, { details: { file: label }, cause })
}
