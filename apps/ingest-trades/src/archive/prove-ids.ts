import { type EpochMicros, MICROS_PER_SECOND, type Trade } from '@c1/market'
import { alignRows, type ProvenRows } from './align-rows.ts'

/** A file of rows without ids. */
export interface RowFile {
  /** Of the last row. */
  readonly rows: number
  /**
   * The rows from each of the ordinals on, `length` of them or what the file has, in one reading of the file. The ordinals
   * ascend.
   */
  sample(ordinals: readonly number[], length: number): Promise<readonly (readonly Trade[])[]>
}

/** What the venue has of the symbol from a time on: at least `count` trades, or all up to now. Ascending ids. */
export type TradesFrom = (time: EpochMicros, count: number) => Promise<readonly Trade[]>

export interface IdProof {
  /** Ascending. Empty where nothing is proven. What lies between is no trade of the venue, or stands in another order. */
  readonly proven: readonly ProvenRows[]
  /** Pages that were asked for. */
  readonly places: number
}

/** Rows that are compared at a place: a page of the venue holds them and what else may have happened in their first second. */
const ROWS_OF_A_PLACE = 500
/** Places between the ends that are looked at although the ends agree. */
const PLACES_BETWEEN = 14
/** Places looked at in each reading of the file to find where ends that disagree part. */
const PLACES_OF_A_SEARCH = 6
const MOST_SEARCHES = 12
/** A file that disagrees in more places than these can tell is not worth the venue's time. */
const MOST_PLACES = 250

/**
 * Proves which trades the rows of a file are, without looking at all of them: where the rows at two places are trades of the
 * same offset between ordinal and id, there are as many rows as trades between them, and so each row is its trade. Where the
 * offsets differ a row is missing or too many, and the place is searched for until the rows on both sides of it are proven.
 */
export async function proveIds(file: RowFile, tradesFrom: TradesFrom): Promise<IdProof> {
  let places = 0
  const look = async (ordinals: readonly number[]): Promise<ProvenRows[]> => {
    const found: ProvenRows[] = []
    for (const rows of await file.sample(ordinals, ROWS_OF_A_PLACE)) {
      const [first] = rows
      if (first === undefined) continue
      places += 1
      const second = (Math.floor(first.eventTime / MICROS_PER_SECOND) * MICROS_PER_SECOND) as EpochMicros
      const aligned = alignRows(rows, await tradesFrom(second, 2 * ROWS_OF_A_PLACE))
      if (aligned !== undefined) found.push(aligned)
    }
    return found
  }
  const last = Math.max(1, file.rows - ROWS_OF_A_PLACE + 1)
  let proven = joined(await look(spread(1, last, PLACES_BETWEEN)))
  for (let search = 0; search < MOST_SEARCHES && proven.length > 0 && places < MOST_PLACES; search += 1) {
    const gaps = gapsOf(proven, file.rows)
    if (gaps.length === 0) break
    const found = await look(gaps.flatMap(({ from, to }) => spread(from, to, PLACES_OF_A_SEARCH)))
    const more = joined([...proven, ...found])
    if (rowsOf(more) === rowsOf(proven)) break
    proven = more
  }
  return { proven, places }
}

/**
 * Stretches that touch, overlap or have between them as many rows as trades are one. Where there are more rows, those that
 * would be trades which others are already belong to none.
 */
function joined(found: readonly ProvenRows[]): ProvenRows[] {
  const stretches: ProvenRows[] = []
  for (const next of found.toSorted((a, b) => a.from - b.from)) {
    const before = stretches.at(-1)
    if (before?.offset === next.offset) {
      stretches[stretches.length - 1] = { ...before, to: Math.max(before.to, next.to) }
      continue
    }
    const surplus = before === undefined ? 0 : Math.max(0, before.offset - next.offset)
    const from = Math.max(next.from, (before?.to ?? 0) + surplus + 1)
    if (from <= next.to) stretches.push({ ...next, from })
  }
  return stretches
}

function rowsOf(stretches: readonly ProvenRows[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from + 1, 0)
}

/** The rows before, between and after the stretches. */
function gapsOf(stretches: readonly ProvenRows[], rows: number): { from: number; to: number }[] {
  const ends = [0, ...stretches.map(({ to }) => to)]
  const begins = [...stretches.map(({ from }) => from), rows + 1]
  return ends
    .map((end, index) => ({ from: end + 1, to: (begins[index] as number) - 1 }))
    .filter(({ from, to }) => from <= to)
}

/** Ordinals from `first` to `last`, both included, and `between` more, evenly. Fewer where they would be the same. */
function spread(first: number, last: number, between: number): number[] {
  const step = (last - first) / (between + 1)
  return [...new Set(Array.from({ length: between + 2 }, (_, index) => Math.round(first + index * step)))]
}
