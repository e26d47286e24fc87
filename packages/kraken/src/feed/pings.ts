import type { Timers } from '../timers.ts'

export interface PingOptions {
  readonly timers: Timers
  readonly intervalMs: number
  /** How long the oldest ping without a pong may wait for one. */
  readonly deadlineMs: number
  readonly send: () => void
  /** Called when a pong is overdue. */
  readonly unanswered: () => void
}

const SECOND_LOOK_MS = 250

/** Pings at regular intervals, the first one at once, and watches that pongs come. */
export class Pings {
  readonly #options: PingOptions
  #cancelNext: () => void = () => {}
  #cancelDeadline: (() => void) | undefined

  constructor(options: PingOptions) {
    this.#options = options
  }

  start(): void {
    const { timers, intervalMs, deadlineMs, send } = this.#options
    this.#cancelNext = timers.after(intervalMs, () => this.start())
    this.#cancelDeadline ??= timers.after(Math.max(0, deadlineMs - SECOND_LOOK_MS), () => this.#lookAgain())
    send()
  }

  /** A pong came. It counts for every ping before it. */
  answered(): void {
    this.#cancelDeadline?.()
    this.#cancelDeadline = undefined
  }

  stop(): void {
    this.#cancelNext()
    this.answered()
  }

  /** After a pause of this process a timer comes before the pong that arrived meanwhile: sure is only the second look. */
  #lookAgain(): void {
    const { deadlineMs, timers } = this.#options
    this.#cancelDeadline = timers.after(Math.min(SECOND_LOOK_MS, deadlineMs), () => this.#overdue())
  }

  #overdue(): void {
    this.#cancelDeadline = undefined
    this.#options.unanswered()
  }
}
