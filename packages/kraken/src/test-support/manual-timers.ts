import type { EpochMicros } from '@c1/market'
import type { Timers } from '../timers.ts'

/** Time that stands still until a test moves it. Starts at 2026-09-25T17:48:00Z. */
export class ManualTimers implements Timers {
  #now = 1_790_358_480_000_000
  #tasks: { readonly at: number; readonly task: () => void }[] = []

  now(): EpochMicros {
    return this.#now as EpochMicros
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms * 1000, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** Runs everything that is due in the next `ms` milliseconds, in order. */
  advance(ms: number): void {
    const end = this.#now + ms * 1000
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) this.#run(next)
    this.#now = end
  }

  /** Moves to the next task and runs it; false when there is none. */
  advanceToNext(): boolean {
    const next = this.#next()
    if (next !== undefined) this.#run(next)
    return next !== undefined
  }

  get pending(): number {
    return this.#tasks.length
  }

  /** Moves time on whenever nothing else can move `promise` on. For code that waits on nothing outside the process. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    for (;;) {
      await new Promise(setImmediate)
      if (settled) return promise
      if (!this.advanceToNext()) throw new Error('Nothing is due, and the promise is not settled.')
    }
  }

  #next(): { readonly at: number; readonly task: () => void } | undefined {
    return this.#tasks.toSorted((a, b) => a.at - b.at)[0]
  }

  #run(entry: { readonly at: number; readonly task: () => void }): void {
    this.#tasks = this.#tasks.filter((other) => other !== entry)
    this.#now = Math.max(this.#now, entry.at)
    entry.task()
  }
}
