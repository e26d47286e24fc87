import type { LogRecord, Position, Producer } from '../event-log.ts'

interface Shared {
  readonly opening: Promise<Producer>
  users: number
}

/**
 * One producer of each topic for all that write it in this process: what they append in the same moment travels in one request,
 * as the candles do that folds of several partitions close together.
 */
export class SharedProducers {
  readonly #open: (topic: string) => Promise<Producer>
  readonly #shared = new Map<string, Shared>()

  constructor(open: (topic: string) => Promise<Producer>) {
    this.#open = open
  }

  /** @throws what opening one throws */
  async use(topic: string): Promise<Producer> {
    const shared = this.#shared.get(topic) ?? { opening: this.#open(topic), users: 0 }
    this.#shared.set(topic, shared)
    shared.users += 1
    const leave = (): boolean => {
      shared.users -= 1
      return shared.users === 0
    }
    const forget = (): void => {
      if (this.#shared.get(topic) === shared) this.#shared.delete(topic)
    }
    try {
      return new ProducerUse(await shared.opening, leave, forget)
    } catch (error) {
      forget()
      throw error
    }
  }
}

class ProducerUse implements Producer {
  readonly #producer: Producer
  readonly #leave: () => boolean
  readonly #forget: () => void
  #isClosed = false

  constructor(producer: Producer, leave: () => boolean, forget: () => void) {
    this.#producer = producer
    this.#leave = leave
    this.#forget = forget
  }

  async append(records: readonly LogRecord[]): Promise<Position> {
    try {
      return await this.#producer.append(records)
    } catch (error) {
      // It may write nothing more: whoever comes now gets another one.
      this.#forget()
      throw error
    }
  }

  flush(): Promise<void> {
    return this.#producer.flush()
  }

  /** The last one closes it. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!this.#leave()) return
    this.#forget()
    await this.#producer.close()
  }
}
