import type { Batch, Selection, StoredRecord } from '../event-log.ts'
import { logCorrupt } from './errors.ts'
import { listSegments, type SegmentFile } from './segment-files.ts'
import { SegmentReader } from './segment-reader.ts'
import { readTimes } from './segment-times.ts'

export interface SelectedRange {
  readonly directory: string
  readonly from: number
  readonly until: number
  readonly only: Selection
  readonly maxBatch: number
}

/**
 * The records of one key and time among those from `from` until `until`, which are all there. Segments that hold no such time are not
 * opened, batches that do not have the key are not decoded.
 *
 * @throws C1Error `log_corrupt`
 */
export async function* selectedRecords({
  directory,
  from,
  until,
  only,
  maxBatch,
}: SelectedRange): AsyncGenerator<Batch> {
  for (const { file, end } of await segmentsWithin(directory, from, until)) {
    if (!(await mayHold(file, only))) continue
    for await (const records of selectedIn(file, Math.min(end, until), only)) {
      const wanted = records.filter(({ offset }) => offset >= from && offset < until)
      for (let at = 0; at < wanted.length; at += maxBatch) {
        const batch = wanted.slice(at, at + maxBatch)
        yield { records: batch, next: { 0: (batch.at(-1) as StoredRecord).offset + 1 } }
      }
    }
  }
}

interface Segment {
  readonly file: SegmentFile
  /** Offset of the first record of the segment after it. */
  readonly end: number
}

async function segmentsWithin(directory: string, from: number, until: number): Promise<Segment[]> {
  const files = await listSegments(directory)
  const segments = files.map((file, at) => ({ file, end: files[at + 1]?.base ?? Number.POSITIVE_INFINITY }))
  return segments.filter(({ file, end }) => file.base < until && end > from)
}

async function mayHold(file: SegmentFile, { from, to }: Selection): Promise<boolean> {
  const times = await readTimes(file)
  return times === undefined || (times.oldest < to && times.newest >= from)
}

/** Batch by batch, up to the record at `end`. */
async function* selectedIn(file: SegmentFile, end: number, only: Selection): AsyncGenerator<readonly StoredRecord[]> {
  const reader = await SegmentReader.open(file)
  // Retention took it: what the reader had of it is for the caller to know.
  if (reader === undefined) return
  try {
    while (reader.offset < end) {
      const frame = reader.peek() ?? (await reader.load())
      if (typeof frame === 'string') throw logCorrupt(file.path, reader.position, reader.offset, 'no intact batch')
      const records = reader.decode(frame, only)
      reader.advance(frame)
      if (records.length > 0) yield records
    }
  } finally {
    await reader.close()
  }
}
