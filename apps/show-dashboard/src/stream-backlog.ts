import type { Interval, MarketSymbol } from '@c1/market'

export const STREAM_TYPES = ['candle', 'prediction', 'outcome', 'status'] as const
export type StreamType = (typeof STREAM_TYPES)[number]

/** Something that happened, as it is sent. */
export interface StreamEvent {
  readonly type: Exclude<StreamType, 'status'>
  readonly symbol: MarketSymbol
  /** Of a candle. */
  readonly interval?: Interval
  /** JSON on one line. */
  readonly data: string
  /** Absent for a provisional candle: the next one makes up for a lost one, so it is not kept. */
  readonly id?: string
}

/** The newest events, for clients that come back: ids are `RUN-NUMBER`, so those of an earlier run are recognised. */
export class StreamBacklog {
  readonly #run: string
  readonly #limit: number
  readonly #events: StreamEvent[] = []
  #count = 0

  constructor(run: string, limit = 10_000) {
    this.#run = run
    this.#limit = limit
  }

  /** Id of the newest event kept. */
  get newestId(): string {
    return `${this.#run}-${this.#count}`
  }

  /** Numbers an event and keeps it. */
  add(event: Omit<StreamEvent, 'id'>): StreamEvent {
    this.#events[this.#count % this.#limit] = { ...event, id: `${this.#run}-${this.#count + 1}` }
    this.#count++
    return this.#events[(this.#count - 1) % this.#limit] as StreamEvent
  }

  /** The events after that one, oldest first; undefined when some of them are no longer here, or it is not of this run. */
  after(id: string): readonly StreamEvent[] | undefined {
    const dash = id.lastIndexOf('-')
    const number = Number(id.slice(dash + 1))
    if (id.slice(0, dash) !== this.#run || !Number.isSafeInteger(number)) return undefined
    if (number > this.#count || number < this.#count - this.#limit || number < 0) return undefined
    const events: StreamEvent[] = []
    for (let at = number; at < this.#count; at++) events.push(this.#events[at % this.#limit] as StreamEvent)
    return events
  }
}
