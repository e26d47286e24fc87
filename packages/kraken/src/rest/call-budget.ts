import { type EpochMicros, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'
import type { Timers } from '../timers.ts'

/** `urgent` calls go before all others that wait. */
export type Urgency = 'urgent' | 'usual'

/** What was spent of the venue's rate limit, and what is left of it. */
export interface BudgetState {
  /** Calls made, those asked again included. */
  readonly calls: number
  /** Of these, refused because they came too fast. */
  readonly refused: number
  /** Time between two calls now, in milliseconds. */
  readonly spacingMs: number
  /** The venue takes no call before; undefined where it takes them. */
  readonly heldUntil: EpochMicros | undefined
}

interface Waiting {
  readonly urgency: Urgency
  readonly admit: (call: number) => void
}

/** A venue that refuses calls may have any limit; one a second is what Kraken is known to take. */
const FIRST_LEARNED = 1.02 * MICROS_PER_SECOND
const LONGEST_LEARNED = MICROS_PER_MINUTE
const FIRST_STEP = 0.02
/** Refusals this close together say that the step was too small. */
const SOON_CALLS = 10
/** What was learned is forgotten then: a venue's limits depend on its load. */
const REMEMBERED = 10 * MICROS_PER_MINUTE

/**
 * The calls of one client: at least a spacing apart, counted from when the one before was let go; urgent ones first, the others in
 * the order in which they were asked for.
 *
 * A refusal holds back all of them. One that came after the usual spacing widens it, by 2 % and then by twice as much each time, so
 * that a limit that nobody has published is found.
 */
export class CallBudget {
  readonly #timers: Timers
  readonly #leastSpacing: number
  readonly #waiting: Waiting[] = []
  #spacing: number
  #next = Number.NEGATIVE_INFINITY
  #heldUntil = Number.NEGATIVE_INFINITY
  #calls = 0
  #refused = 0
  /** Since the call before, of the newest call. */
  #pause = Number.POSITIVE_INFINITY
  #calledAt = Number.NEGATIVE_INFINITY
  #step = FIRST_STEP
  #widenedAt = Number.NEGATIVE_INFINITY
  #widenedAfter = 0
  #cancel: () => void = () => {}

  constructor(timers: Timers, leastSpacingMs: number) {
    this.#timers = timers
    this.#leastSpacing = leastSpacingMs * 1000
    this.#spacing = this.#leastSpacing
  }

  /** Resolves when the caller may call, with the number of the call. @throws the signal's reason as soon as it aborts */
  turn(urgency: Urgency, signal?: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        this.#admit()
        reject(signal?.reason)
      }
      const waiting = {
        urgency,
        admit: (call: number) => {
          signal?.removeEventListener('abort', abort)
          resolve(call)
        },
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiting)
      this.#admit()
    })
  }

  /** No call is let go before the time. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until)
    this.#admit()
  }

  /** The call of the number came too fast for the venue, which may take the next one at `until`. */
  refuse(call: number, until: number): void {
    this.#refused += 1
    if (call > this.#widenedAfter && this.#pause < 1.5 * Math.max(this.#spacing, FIRST_LEARNED)) this.#widen(call)
    this.hold(until)
  }

  state(): BudgetState {
    const isHeld = this.#heldUntil > this.#timers.now()
    return {
      calls: this.#calls,
      refused: this.#refused,
      spacingMs: this.#spacing / 1000,
      heldUntil: isHeld ? (this.#heldUntil as EpochMicros) : undefined,
    }
  }

  #admit(): void {
    this.#cancel()
    this.#cancel = () => {}
    while (this.#waiting.length > 0) {
      const now = this.#timers.now()
      if (now < this.#calledAt) this.#startAgain(now)
      const wait = Math.max(this.#next, this.#heldUntil) - now
      if (wait > 0) {
        this.#cancel = this.#timers.after(Math.ceil(wait / 1000), () => this.#admit())
        return
      }
      this.#letGo(now)
    }
  }

  #letGo(now: number): void {
    const urgent = this.#waiting.findIndex(({ urgency }) => urgency === 'urgent')
    const [waiting] = this.#waiting.splice(Math.max(urgent, 0), 1)
    if (now - this.#widenedAt > REMEMBERED) this.#spacing = this.#leastSpacing
    this.#calls += 1
    this.#pause = now - this.#calledAt
    this.#calledAt = now
    this.#next = now + this.#spacing
    waiting?.admit(this.#calls)
  }

  /** The host's clock was set back: what was to come by the old time would be far away. */
  #startAgain(now: number): void {
    this.#calledAt = now
    this.#next = now + this.#spacing
    this.#heldUntil = Number.NEGATIVE_INFINITY
  }

  #widen(call: number): void {
    const isSoon = this.#widenedAfter > 0 && call - this.#widenedAfter <= SOON_CALLS
    this.#step = isSoon ? Math.min(this.#step * 2, 1) : FIRST_STEP
    this.#spacing = Math.min(Math.max(this.#spacing * (1 + this.#step), FIRST_LEARNED), LONGEST_LEARNED)
    this.#widenedAt = this.#timers.now()
    this.#widenedAfter = this.#calls
  }
}
