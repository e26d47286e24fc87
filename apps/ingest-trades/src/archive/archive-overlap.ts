import { type EpochMicros, type Stretch, sliceColumns, type TradeColumns } from '@c1/market'
import { type DayDigest, dayOf, daysOf, emptyDay, isSameDay, withRows } from './day-digests.ts'

/** A file of rows without ids that was imported before, as far as it is compared with another. */
export interface EarlierFile {
  readonly member: string
  readonly from: EpochMicros
  readonly to: EpochMicros
  readonly days: readonly DayDigest[]
}

export interface Overlap {
  readonly member: string
  /** Days of which both files have the same rows, in the same order. */
  readonly same: number
  /** Days of which they do not. */
  readonly different: number
}

interface ComparedDay {
  readonly earlier: EarlierFile
  readonly theirs: DayDigest
  /** The rows of this file that lie beside theirs, as far as they were read. */
  ours: DayDigest
  /** Rows of the day that lie beside none of theirs, where there should be none. */
  surplus: boolean
}

/**
 * Rows of a file beside those of files that were imported before, where none of them has ids. Equal rows are distinct trades,
 * so no row is looked up: the rows of a day have to be the same as a sequence. Where the earlier file ends within a day, its
 * rows are the first ones of that day, and what follows them is new. What the earlier file had stands, also where the two differ.
 */
export class ArchiveOverlap {
  readonly #earlier: readonly EarlierFile[]
  readonly #days = new Map<number, ComparedDay>()
  #first: number | undefined
  #last = 0

  constructor(earlier: readonly EarlierFile[]) {
    this.#earlier = earlier
  }

  /** The rows that the earlier files do not have, of the next rows of this one. */
  newRows(columns: TradeColumns): Stretch[] {
    return daysOf(columns).flatMap((rows) => {
      this.#first ??= rows.day
      this.#last = rows.day
      const earlier = this.#earlier.find(({ from, to }) => dayOf(from) <= rows.day && rows.day <= dayOf(to))
      return earlier === undefined ? [rows] : this.#compare(earlier, columns, rows)
    })
  }

  /**
   * What was compared. The days in which this file begins and ends are not among the different ones: of those it need not have
   * all rows.
   */
  result(): Overlap[] {
    const found = new Map<EarlierFile, { same: number; different: number }>()
    for (const [day, { earlier, ours, surplus, theirs }] of this.#days) {
      const counts = found.get(earlier) ?? { same: 0, different: 0 }
      found.set(earlier, counts)
      if (!surplus && isSameDay(ours, theirs)) counts.same += 1
      else if (day !== this.#first && day !== this.#last) counts.different += 1
    }
    return [...found].map(([{ member }, counts]) => ({ member, ...counts }))
  }

  #compare(earlier: EarlierFile, columns: TradeColumns, { day, from, to }: Stretch & { day: number }): Stretch[] {
    const { times } = columns
    const compared = this.#days.get(day) ?? this.#begin(earlier, day)
    // What happened before the earlier file began.
    let begin = from
    while (begin < to && (times[begin] as number) < earlier.from) begin += 1
    const isLastDay = day === dayOf(earlier.to)
    // What happened after it ended.
    let later = begin
    while (later < to && !(isLastDay && (times[later] as number) > earlier.to)) later += 1
    const end = Math.min(later, begin + compared.theirs.rows - compared.ours.rows)
    compared.ours = withRows(compared.ours, sliceColumns(columns, begin, end))
    const before = { from, to: begin }
    // The earlier file may have ended within a second.
    const after = { from: isLastDay && isSameDay(compared.ours, compared.theirs) ? end : later, to }
    if (end < later && !isLastDay) compared.surplus = true
    return [before, after].filter((rows) => rows.from < rows.to)
  }

  #begin(earlier: EarlierFile, day: number): ComparedDay {
    const theirs = earlier.days.find((digest) => digest.day === day) ?? emptyDay(day)
    const compared = { earlier, theirs, ours: emptyDay(day), surplus: false }
    this.#days.set(day, compared)
    return compared
  }
}
