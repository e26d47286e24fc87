const WINDOW_MS = 10 * 60 * 1_000
const MOST_CONNECTIONS = 150

/**
 * Cloudflare's limit in front of the venue: about 150 connection attempts in a rolling ten minutes; the next one is
 * refused, and so is every other of the following ten minutes.
 */
export class ConnectionLimit {
  readonly #wallNow: () => number
  #attempts: number[] = []
  #bannedUntil = Number.NEGATIVE_INFINITY

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow
  }

  /** Counts an attempt and says whether it may go on. */
  admit(): boolean {
    const now = this.#wallNow()
    if (now < this.#bannedUntil) return false
    this.#attempts = [...this.#attempts.filter((attempt) => now - attempt < WINDOW_MS), now]
    if (this.#attempts.length <= MOST_CONNECTIONS) return true
    this.#bannedUntil = now + WINDOW_MS
    return false
  }
}
