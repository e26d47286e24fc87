import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pass } from 'node:timers/promises'
import { CHECKPOINTS_TOPIC, TOPICS } from '@c1/event-log'
import type { Place } from '../on-broker.ts'
import type { Told } from './role.ts'

/** Until the members of a group share its partitions for good. */
const SETTLE_MS = 5000
const POLL_MS = 50

/** The role build-candles in one or several processes, which share the partitions. */
export class CandleRoles {
  readonly #children: readonly ChildProcess[]
  readonly #latest = new Map<ChildProcess, Told>()

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
    for (const child of children) child.on('message', (told) => this.#latest.set(child, told as Told))
  }

  /** They begin to read at the same moment, with the partitions shared out. */
  static async start({ bootstrap, own, prefix }: Place, processes: number): Promise<CandleRoles> {
    const file = new URL('role.ts', import.meta.url)
    const roles = new CandleRoles(Array.from({ length: processes }, () => own(fork(file, [bootstrap, prefix]))))
    await roles.#until(() => [...roles.#latest.values()].filter(({ joined }) => joined).length === processes)
    await pass(SETTLE_MS)
    for (const child of roles.#children) child.send('go')
    return roles
  }

  /** Of all of them together: the first trades seen, the last candles on the broker. */
  told(): Told {
    const all = [...this.#latest.values()]
    const sum = (of: (told: Told) => number): number => all.reduce((sum, told) => sum + of(told), 0)
    return {
      joined: all.every(({ joined }) => joined),
      read: sum(({ read }) => read),
      started: Math.min(...all.map(({ started }) => started)),
      ended: Math.max(...all.map(({ ended }) => ended)),
      cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    }
  }

  /** @throws Error when one of them ends before */
  async reached(isThere: (told: Told) => boolean): Promise<void> {
    await this.#until(() => isThere(this.told()))
  }

  async stop(): Promise<Told> {
    const ended = Promise.all(this.#children.map((child) => once(child, 'exit')))
    for (const child of this.#children) child.send('stop')
    await ended
    return this.told()
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      const dead = this.#children.find(({ exitCode }) => exitCode !== null)
      if (dead !== undefined) throw new Error(`The role ended with ${dead.exitCode}.`)
      await pass(POLL_MS)
    }
  }
}

/** The next role starts from the first trade. */
export function forgetCandles(place: Place): Promise<void> {
  return place.emptyTopics([TOPICS.candles, CHECKPOINTS_TOPIC])
}
