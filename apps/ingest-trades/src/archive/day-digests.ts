import { crc32 } from 'node:zlib'
import { MICROS_PER_DAY, type Stretch, sliceColumns, type TradeColumns } from '@c1/market'

/** The rows that a file has of one day. */
export interface DayDigest {
  /** Days since 1970. */
  readonly day: number
  readonly rows: number
  /** CRC-32 of their times, and of their prices and quantities, in the file's order. */
  readonly times: number
  readonly texts: number
}

/** What a file has of each day, so that another can be told to have the same. */
export class DayDigests {
  readonly #days: Map<number, DayDigest>

  constructor(days: readonly DayDigest[] = []) {
    this.#days = new Map(days.map((digest) => [digest.day, digest]))
  }

  add(columns: TradeColumns): void {
    for (const { day, from, to } of daysOf(columns)) {
      this.#days.set(day, withRows(this.#days.get(day) ?? emptyDay(day), sliceColumns(columns, from, to)))
    }
  }

  /** In the order in which they began in the file. */
  all(): readonly DayDigest[] {
    return [...this.#days.values()]
  }
}

export function emptyDay(day: number): DayDigest {
  return { day, rows: 0, times: 0, texts: 0 }
}

/** The digest of the rows so far and those that follow. */
export function withRows(digest: DayDigest, { bounds, count, texts, times }: TradeColumns): DayDigest {
  return {
    day: digest.day,
    rows: digest.rows + count,
    times: crc32(new Uint8Array(times.buffer, times.byteOffset, times.byteLength), digest.times),
    texts: crc32(texts.subarray(bounds[0], bounds[2 * count]), digest.texts),
  }
}

export function isSameDay(a: DayDigest, b: DayDigest): boolean {
  return a.rows === b.rows && a.times === b.times && a.texts === b.texts
}

export function dayOf(time: number): number {
  return Math.floor(time / MICROS_PER_DAY)
}

/** Rows that follow each other and are of one day. */
export function daysOf({ count, times }: TradeColumns): (Stretch & { readonly day: number })[] {
  const days: (Stretch & { day: number })[] = []
  for (let from = 0; from < count; ) {
    const day = dayOf(times[from] as number)
    const [begin, end] = [day * MICROS_PER_DAY, (day + 1) * MICROS_PER_DAY]
    let to = from + 1
    while (to < count && (times[to] as number) >= begin && (times[to] as number) < end) to += 1
    days.push({ day, from, to })
    from = to
  }
  return days
}
