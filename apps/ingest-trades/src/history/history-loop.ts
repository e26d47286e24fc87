import { sleep, type Timers } from '@c1/kraken'

export interface HistoryLoopOptions {
  readonly timers: Timers
  /** Begins with what is next; undefined when there is nothing to begin with now. */
  readonly next: () => Promise<void> | undefined
  /** Milliseconds until there is something to begin with; undefined when nothing is left. */
  readonly waitMs: () => number | undefined
  /** Goes on when nothing is left: there may be something later. */
  readonly isEndless: boolean
}

/** Keeps calls for history under way, several at a time: their turns are the client's matter, and a slow answer keeps nothing back. */
export class HistoryLoop {
  readonly #options: HistoryLoopOptions
  #wake: () => void = () => {}

  constructor(options: HistoryLoopOptions) {
    this.#options = options
  }

  /** There may be something to begin with sooner than it seemed. */
  wake(): void {
    this.#wake()
  }

  /** Returns when `signal` aborts, or when nothing is left. @throws the first error of a call */
  async run(signal: AbortSignal): Promise<void> {
    const underWay = new Set<Promise<void>>()
    const failures: unknown[] = []
    while (!signal.aborted && failures.length === 0) {
      const fetching = this.#options.next()
      if (fetching === undefined) {
        const waitMs = this.#options.waitMs()
        if (waitMs === undefined && underWay.size === 0 && !this.#options.isEndless) break
        await this.#pause(waitMs, signal)
        continue
      }
      underWay.add(fetching)
      fetching
        .catch((error) => failures.push(error))
        .finally(() => {
          underWay.delete(fetching)
          this.#wake()
        })
    }
    if (failures.length === 0) await Promise.allSettled(underWay)
    if (failures.length > 0) throw failures[0]
  }

  /** Until something happens, or for `ms`. */
  async #pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    const either = AbortSignal.any([signal, woken.signal])
    if (ms === undefined) await new Promise((resolve) => either.addEventListener('abort', resolve, { once: true }))
    else await sleep(this.#options.timers, ms, either).catch(() => {})
  }
}
