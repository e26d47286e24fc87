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
  #saved: string[] = []

  constructor(time: VirtualTime, random: Random) {
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
    const appendMs = (): number => (this.#random.oneIn(30) ? 200 : this.#random.whole(0, 2))
    return {
      append: (records) => inTurn(appendMs(), () => producer.append(records)),
      flush: () => inTurn(1, () => producer.flush()),
      close: () => inTurn(0, () => producer.close()),
    }
  }

  /** What a death leaves of what was written. */
  async lose(remains: Remains): Promise<void> {
    if (remains === 'older') this.#saved = this.#saved.slice(0, this.#random.whole(0, this.#saved.length))
    if (remains === 'none') this.#saved = []
    if (remains !== 'power-cut') return
    const log = await this.store.open()
    const { end } = await log.bounds(TOPICS.trades)
    this.store.cut(TOPICS.trades, Math.max(0, (end[0] ?? 0) - this.#random.whole(0, 40)))
  }
}
