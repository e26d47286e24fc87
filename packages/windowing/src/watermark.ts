import type { IdSpace } from '@c1/market'
import { type Coverage, rangesBeyond, type Span, type TimeRange } from './coverage.ts'
import { LENGTHS, type Level } from './levels.ts'

const MINUTE = LENGTHS[0] as number

/**
 * Which time of a sequence is settled, in whole minutes: no trade of it is expected any more.
 *
 * The venue's time is settled where its ids prove that every trade is there. A file's ordinals prove nothing, so its time is settled
 * up to its newest row.
 */
export class Watermark {
  readonly #idSpace: IdSpace
  readonly #coverage: Coverage
  #settled: readonly TimeRange[]

  constructor(idSpace: IdSpace, coverage: Coverage) {
    this.#idSpace = idSpace
    this.#coverage = coverage
    this.#settled = this.#look()
  }

  get settled(): readonly TimeRange[] {
    return this.#settled
  }

  /**
   * The settled range that holds the whole window, the one that reaches furthest where times that go back let ranges overlap: so it
   * never comes to reach less far. One range: between two of them ids are missing, even where their times meet.
   */
  around(level: Level, openTime: number): TimeRange | undefined {
    const closeTime = openTime + (LENGTHS[level] as number)
    let furthest: TimeRange | undefined
    for (const range of this.#settled) {
      const holds = range.from <= openTime && closeTime <= range.to
      if (holds && (furthest === undefined || range.to > furthest.to)) furthest = range
    }
    return furthest
  }

  /**
   * Looks at the coverage again. Gives the time that is settled since the last look, undefined where all is as it was: ranges that only
   * joined settle no time, and yet they may hold a whole window now.
   */
  advance(): readonly TimeRange[] | undefined {
    const before = this.#settled
    const settled = this.#look()
    const isSame = settled.length === before.length && settled.every((range, at) => isEqual(range, before[at]))
    if (isSame) return undefined
    this.#settled = settled
    return rangesBeyond(settled, before)
  }

  #look(): TimeRange[] {
    const { spans } = this.#coverage
    const settled: TimeRange[] = []
    if (this.#idSpace === 'venue') {
      for (const { anchored, from, to } of spans) if (anchored) addWholeMinutes(from, to, settled)
    } else addWholeMinutes(Number.NEGATIVE_INFINITY, newestOf(spans), settled)
    return settled
  }
}

function isEqual(a: TimeRange, b: TimeRange | undefined): boolean {
  return a.from === b?.from && a.to === b.to
}

function addWholeMinutes(from: number, to: number, ranges: TimeRange[]): void {
  const range = { from: Math.ceil(from / MINUTE) * MINUTE, to: Math.floor(to / MINUTE) * MINUTE }
  if (range.from < range.to) ranges.push(range)
}

function newestOf(spans: readonly Readonly<Span>[]): number {
  return spans.reduce((newest, { to }) => Math.max(newest, to), Number.NEGATIVE_INFINITY)
}
