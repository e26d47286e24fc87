import type { TimeRange } from './coverage.ts'
import { LENGTHS } from './levels.ts'

const MINUTE = LENGTHS[0] as number

/** Walks forward through newly settled time and finds where it was empty. Ranges and times are whole minutes. */
export class EmptyTime {
  readonly #ranges: TimeRange[]

  /**
   * A range without beginning starts at the window of the oldest trade, since before it nothing is to be told; where there is no
   * trade at all (`oldest` is Infinity) its last minute is.
   */
  constructor(ranges: readonly TimeRange[], oldest: number) {
    const beginning = (to: number): number => (oldest === Number.POSITIVE_INFINITY ? to - MINUTE : Math.min(oldest, to))
    this.#ranges = ranges
      .map(({ from, to }) => ({ from: from === Number.NEGATIVE_INFINITY ? beginning(to) : from, to }))
      .filter(({ from, to }) => from < to)
  }

  /** The close of the newest minute passed on the way to `time`; undefined when there is none. */
  passUntil(time: number): number | undefined {
    let passed: number | undefined
    for (let range = this.#ranges[0]; range !== undefined && range.from < time; range = this.#ranges[0]) {
      passed = Math.min(range.to, time)
      if (passed === range.to) this.#ranges.shift()
      else this.#ranges[0] = { from: passed, to: range.to }
    }
    return passed
  }
}
