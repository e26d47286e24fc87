import type { EpochMicros } from '@c1/market'

const FAST_DELAYS_MS = [1_000, 2_000]
const FIRST_SLOW_DELAY_MS = 5_000
const LONGEST_DELAY_MS = 30_000
const JITTER_MS = 750
const STABLE_MICROS = 30_000_000
/** Kraken: no faster than this in maintenance, nothing is gained by it. */
const MAINTENANCE_DELAY_MS = 5_000

/**
 * How long to wait before the next connection: twice briefly, then 5 s doubling to 30 s, each with up to 750 ms on top; from
 * the start again after a connection that held for 30 s. These are the delays of Kraken's own command line. While the venue
 * is in maintenance none is below 5 s.
 */
export class ReconnectDelay {
  readonly #random: () => number
  #failures = 0
  #isOnline = true
  #openedAt: EpochMicros | undefined

  constructor(random: () => number) {
    this.#random = random
  }

  opened(now: EpochMicros): void {
    this.#openedAt = now
  }

  /** What the venue said of itself last. */
  venueIs(online: boolean): void {
    this.#isOnline = online
  }

  /** The connection, or the attempt, ended at `now`: milliseconds until the next attempt. */
  lost(now: EpochMicros): number {
    if (this.#openedAt !== undefined && now - this.#openedAt >= STABLE_MICROS) this.#failures = 0
    this.#openedAt = undefined
    const slow = FIRST_SLOW_DELAY_MS * 2 ** (this.#failures - FAST_DELAYS_MS.length)
    const delay = FAST_DELAYS_MS[this.#failures] ?? Math.min(slow, LONGEST_DELAY_MS)
    this.#failures += 1
    return Math.max(delay, this.#isOnline ? 0 : MAINTENANCE_DELAY_MS) + Math.round(this.#random() * JITTER_MS)
  }
}
