import type { Wall } from '../clock.ts'

/** A wall clock that moves only by `advance`, in steps of a millisecond as far as timers are concerned. */
export class FakeWall implements Wall {
  #now = 0
  readonly #timers = new Set<{ every: number; due: number; action: () => void }>()

  now(): number {
    return this.#now
  }

  every(milliseconds: number, action: () => void): () => void {
    const timer = { every: milliseconds, due: this.#now + milliseconds, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass and runs each timer as often as it falls due. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (let next = this.#nextDue(); next !== undefined && next.due <= end; next = this.#nextDue()) {
      this.#now = next.due
      next.due += next.every
      next.action()
    }
    this.#now = end
  }

  #nextDue(): { every: number; due: number; action: () => void } | undefined {
    return [...this.#timers].sort((a, b) => a.due - b.due)[0]
  }
}
