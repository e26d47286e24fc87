import { sleep, type Timers } from '../timers.ts'

/** Keeps the calls of one client at least `intervalMs` apart, in the order in which they were asked for. */
export class CallSpacing {
  readonly #timers: Timers
  readonly #intervalMicros: number
  #next = Number.NEGATIVE_INFINITY

  constructor(timers: Timers, intervalMs: number) {
    this.#timers = timers
    this.#intervalMicros = intervalMs * 1000
  }

  /** Resolves when the caller may call. @throws the signal's reason as soon as it aborts */
  async turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const now = this.#timers.now()
    const turn = Math.max(now, this.#next)
    this.#next = turn + this.#intervalMicros
    if (turn > now) await sleep(this.#timers, Math.ceil((turn - now) / 1000), signal)
  }
}
