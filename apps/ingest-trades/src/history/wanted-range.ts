import { type EpochMicros, MICROS_PER_MINUTE } from '@c1/market'
import { RangeEnd } from './range-end.ts'

/** What happened this long ago is served by now. */
const SERVED_AFTER = MICROS_PER_MINUTE
const MOST_BARREN_WALKS = 3

/** Whether trades before `to` may have happened that the venue's history does not serve yet. */
export function isYetToBeServed(to: number, now: EpochMicros): boolean {
  return to > now - SERVED_AFTER
}

/** Event time, in microseconds, of which every trade of a symbol is wanted. */
export class WantedRange {
  readonly from: EpochMicros
  /** Exclusive; Infinity is up to the newest trade. */
  readonly to: number
  readonly end: RangeEnd
  #isOpen = true
  #barrenWalks = 0

  constructor(from: EpochMicros, to: number) {
    this.from = from
    this.to = to
    this.end = new RangeEnd(to)
  }

  /** False once it is fetched, or given up. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  close(): void {
    this.#isOpen = false
  }

  /** A walk ended and left missing what it began with. */
  countBarrenWalk(): void {
    this.#barrenWalks += 1
  }

  /** Whether walks left the same missing so often that the venue does not have it. */
  get isBarren(): boolean {
    return this.#barrenWalks >= MOST_BARREN_WALKS
  }

  /** Whether the next barren walk is the last one. */
  get isLastTry(): boolean {
    return this.#barrenWalks >= MOST_BARREN_WALKS - 1
  }
}
