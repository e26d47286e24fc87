const QUIET_MS = 50

/**
 * Whether something that is waited for, as predictions are, is being worked on in this process: long work that is in no hurry
 * pauses for it between its parts.
 */
export class LiveWork {
  #at = Number.NEGATIVE_INFINITY

  /** Some is done now. */
  note(): void {
    this.#at = performance.now()
  }

  /** Resolves when there was none for a moment, which may be at once, and by `deadline` of `performance.now()`. */
  async pause(deadline: number): Promise<void> {
    for (;;) {
      const now = performance.now()
      const quietAt = Math.min(this.#at + QUIET_MS, deadline)
      if (now >= quietAt) return
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(quietAt - now)))
    }
  }
}
