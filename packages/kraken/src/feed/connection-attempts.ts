import { type EpochMicros, MICROS_PER_MINUTE } from '@c1/market'

const WINDOW = 10 * MICROS_PER_MINUTE
/** Cloudflare bans an address beyond about 150; Kraken's own command line stops at 120. */
const MOST_ATTEMPTS = 120
const SPACING = 250_000

/** The budget of connection attempts that all connections of a feed share: at most 120 in any 10 minutes, 250 ms apart. */
export class ConnectionAttempts {
  /** Times of the attempts that still count, oldest first. */
  #attempts: EpochMicros[] = []

  /** Takes one attempt at `now` and answers 0, or answers the milliseconds after which to ask again. */
  take(now: EpochMicros): number {
    this.#attempts = this.#attempts.filter((attempt) => now - attempt < WINDOW)
    const spaced = (this.#attempts.at(-1) ?? Number.NEGATIVE_INFINITY) + SPACING
    const oldest = this.#attempts.at(-MOST_ATTEMPTS)
    const waitMicros = Math.max(spaced, oldest === undefined ? 0 : oldest + WINDOW) - now
    if (waitMicros > 0) return Math.ceil(waitMicros / 1000)
    this.#attempts.push(now)
    return 0
  }
}
