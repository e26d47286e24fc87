import { type EpochMicros, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'

/** A trade, or the venue's next word on its clock, is at most so far ahead of what is expected. */
const AHEAD = 5 * MICROS_PER_MINUTE
/** How far apart two looks at the clock are from which its pace is measured, and what may delay one of them. */
const APART = MICROS_PER_SECOND / 2
const DELAY = 2 * MICROS_PER_SECOND
/** Two paces are the same within this factor. */
const SAME_PACE = 2
/** So many looks that continue each other are believed against those before. */
const BELIEVED = 3

interface Look {
  readonly venueTime: EpochMicros
  readonly receivedTime: EpochMicros
}

/**
 * What the venue's clock shows, as far as its own words can be believed. A market that runs faster than real time is followed;
 * one word that is far off is not, unless those after it go on from it.
 */
export class VenueTime {
  #known: Look | undefined
  #pace = 1
  #doubted: readonly Look[] = []

  /** The venue said `venueTime` in a frame that arrived at `receivedTime`. False when it is not believed, for now. */
  observe(venueTime: EpochMicros, receivedTime: EpochMicros): boolean {
    const look = { venueTime, receivedTime }
    if (this.#known !== undefined && Math.abs(venueTime - this.#expected(receivedTime)) > this.#tolerance()) {
      this.#doubted = [...this.#doubted, look].slice(-BELIEVED)
      const pace = this.#paceOfDoubted(this.#known)
      if (pace === undefined) return false
      this.#pace = Math.max(1, pace)
      this.#known = undefined
    }
    this.#doubted = []
    if (this.#known === undefined) this.#known = look
    else if (receivedTime - this.#known.receivedTime >= APART) {
      this.#pace = Math.max(1, paceOf(this.#known, look))
      this.#known = look
    }
    return true
  }

  /** No trade that arrives at `receivedTime` happened after this; infinite before the first word. */
  latest(receivedTime: EpochMicros): number {
    return this.#known === undefined ? Number.POSITIVE_INFINITY : this.#expected(receivedTime) + this.#tolerance()
  }

  #expected(receivedTime: EpochMicros): number {
    const { receivedTime: then, venueTime } = this.#known as Look
    return venueTime + (receivedTime - then) * this.#pace
  }

  #tolerance(): number {
    return AHEAD + this.#pace * DELAY
  }

  /**
   * The pace of the doubted words, where they are to be believed: they go on at the pace that led to them, as in a fast market,
   * or they are many and go on at the one that was known.
   */
  #paceOfDoubted(known: Look): number | undefined {
    const first = this.#doubted[0] as Look
    const newest = this.#doubted.at(-1) as Look
    if (newest.receivedTime - first.receivedTime < APART) return undefined
    const pace = paceOf(first, newest)
    const isFast = isSamePace(pace, paceOf(known, first))
    return isFast || (this.#doubted.length >= BELIEVED && isSamePace(pace, this.#pace)) ? pace : undefined
  }
}

function paceOf(from: Look, to: Look): number {
  return (to.venueTime - from.venueTime) / Math.max(1, to.receivedTime - from.receivedTime)
}

function isSamePace(a: number, b: number): boolean {
  return a > 0 && b > 0 && a / b <= SAME_PACE && b / a <= SAME_PACE
}
