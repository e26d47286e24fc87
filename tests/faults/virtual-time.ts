import type { Timers } from '@c1/kraken'
import type { EpochMicros } from '@c1/market'
import type { Wall } from '@c1/simulator'

interface Task {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/** Time that passes as fast as what happens in it allows. Of two things due at one moment the one asked for first is first. */
export class VirtualTime {
  #now: number
  #order = 0
  /** A binary heap, the next one first. */
  readonly #tasks: Task[] = []

  constructor(start: EpochMicros) {
    this.#now = start
  }

  now(): EpochMicros {
    return this.#now as EpochMicros
  }

  after(ms: number, run: () => void): () => void {
    const task: Task = { at: this.#now + Math.max(0, ms) * 1000, order: this.#order++, run }
    this.#push(task)
    return () => {
      task.run = undefined
    }
  }

  every(ms: number, action: () => void): () => void {
    let cancel = (): void => {}
    const next = (): void => {
      cancel = this.after(ms, next)
      action()
    }
    cancel = this.after(ms, next)
    return () => cancel()
  }

  /** The host's clock of a simulator. */
  get wall(): Wall {
    return { now: () => this.#now / 1000, every: (ms, action) => this.every(ms, action) }
  }

  /** Timers of one process, whose clock is `skew` microseconds ahead. They end with it. */
  timers(skew: number, isAlive: () => boolean): Timers {
    return {
      now: () => (this.#now + skew) as EpochMicros,
      after: (ms, run) =>
        this.after(ms, () => {
          if (isAlive()) run()
        }),
    }
  }

  /** Lets time pass until `end`, or until `isOver` when that comes first. */
  async pass(end: EpochMicros, isOver: () => boolean = () => false): Promise<void> {
    await settled()
    while (!isOver()) {
      const task = this.#tasks[0]
      if (task === undefined || task.at > end) break
      this.#pop()
      if (task.run === undefined) continue
      this.#now = task.at
      task.run()
      await settled()
    }
    if (!isOver()) this.#now = Math.max(this.#now, end)
  }

  #push(task: Task): void {
    const tasks = this.#tasks
    let at = tasks.push(task) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(task, tasks[parent] as Task)) break
      tasks[at] = tasks[parent] as Task
      at = parent
    }
    tasks[at] = task
  }

  #pop(): void {
    const tasks = this.#tasks
    const last = tasks.pop() as Task
    if (tasks.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= tasks.length) break
      if (child + 1 < tasks.length && isBefore(tasks[child + 1] as Task, tasks[child] as Task)) child += 1
      if (!isBefore(tasks[child] as Task, last)) break
      tasks[at] = tasks[child] as Task
      at = child
    }
    tasks[at] = last
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Resolves when no promise moves on any more. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
