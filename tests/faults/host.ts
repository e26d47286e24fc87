import { type EventLog, type Producer, TOPICS } from '@c1/event-log'
import { MemoryStore } from '@c1/testkit/memory-log'
import type { Random } from './random.ts'
import type { Remains } from './schedule.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The disk of a host, which outlives its processes: an event log and checkpoints. */
export class Host {
  readonly store: MemoryStore = new MemoryStore()
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #diskMs: number
  #saved: string[] = []
  /** How many of these tell of a log that a power cut has shortened since: once replaced, none of them comes back. */
  #outdated = 0

  /** @param diskMs the longest that an append takes but rarely */
  constructor(time: VirtualTime, random: Random, diskMs = 2) {
    this.#diskMs = diskMs
    this.#time = time
    this.#random = random
  }

  readonly checkpoints = {
    load: (): unknown => {
      const newest = this.#saved.at(-1)
      return newest === undefined ? undefined : JSON.parse(newest)
    },
    save: (_: string, checkpoint: unknown): void => {
      this.#saved.push(JSON.stringify(checkpoint))
    },
  }

  /** The log as a process writes it: some milliseconds for each append, and a process that dies meanwhile has not written. */
  async openLog(isAlive: () => boolean): Promise<EventLog> {
    const log = await this.store.open()
    return {
      isShared: log.isShared,
      share: (topic, options) => log.share(topic, options),
      producer: async (topic) => this.#slowed(await log.producer(topic), isAlive),
      consumer: (topic, options) => log.consumer(topic, options),
      bounds: (topic) => log.bounds(topic),
      committed: (topic, group) => log.committed(topic, group),
      close: () => log.close(),
    }
  }

  #slowed(producer: Producer, isAlive: () => boolean): Producer {
    let last = 0
    const inTurn = <Result>(ms: number, act: () => Promise<Result>): Promise<Result> => {
      const now = this.#time.now()
      last = Math.max(last, now + ms * 1000)
      return new Promise((resolve, reject) => {
        this.#time.after((last - now) / 1000, () => {
          if (isAlive()) act().then(resolve, reject)
        })
      })
    }
    const appendMs = (): number => (this.#random.oneIn(30) ? 200 : this.#random.whole(0, this.#diskMs))
    return {
      append: (records) => inTurn(appendMs(), () => producer.append(records)),
      flush: () => inTurn(1, () => producer.flush()),
      close: () => inTurn(0, () => producer.close()),
    }
  }

  /** What a death leaves of what was written. */
  async lose(remains: Remains): Promise<void> {
    const fewest = Math.min(this.#outdated + 1, this.#saved.length)
    if (remains === 'older') this.#saved.splice(this.#random.whole(fewest, this.#saved.length))
    if (remains === 'none') [this.#saved, this.#outdated] = [[], 0]
    if (remains !== 'power-cut') return
    this.#outdated = this.#saved.length
    const log = await this.store.open()
    const { end } = await log.bounds(TOPICS.trades)
    this.store.cut(TOPICS.trades, Math.max(0, (end[0] ?? 0) - this.#random.whole(0, 40)))
  }
}
