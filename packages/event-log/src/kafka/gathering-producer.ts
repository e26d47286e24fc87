import type { LogRecord, Position, Producer } from '../event-log.ts'
import type { PendingAppend } from './producer.ts'

/**
 * Appends what comes within `gatherMs` of the append before together: many small ones cost the broker and every reader a
 * request each. What comes after a longer silence is appended at once.
 */
export class GatheringProducer implements Producer {
  readonly #producer: Producer
  readonly #gatherMs: number
  #waiting: PendingAppend[] = []
  #timer: NodeJS.Timeout | undefined
  #sentAt = Number.NEGATIVE_INFINITY

  constructor(producer: Producer, gatherMs: number) {
    this.#producer = producer
    this.#gatherMs = gatherMs
  }

  append(records: readonly LogRecord[]): Promise<Position> {
    const { promise, reject, resolve } = Promise.withResolvers<Position>()
    this.#waiting.push({ records, reject, resolve })
    const waitMs = this.#sentAt + this.#gatherMs - performance.now()
    if (waitMs <= 0) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), waitMs)
    return promise
  }

  async flush(): Promise<void> {
    this.#send()
    await this.#producer.flush()
  }

  async close(): Promise<void> {
    this.#send()
    await this.#producer.close()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const appends = this.#waiting
    if (appends.length === 0) return
    this.#waiting = []
    this.#sentAt = performance.now()
    this.#producer.append(appends.flatMap(({ records }) => records)).then(
      (position) => {
        for (const { resolve } of appends) resolve(position)
      },
      (error: unknown) => {
        for (const { reject } of appends) reject(error)
      },
    )
  }
}
