import { type Consumer, type EventLog, TOPICS } from '@c1/event-log'
import type { TradeLog } from '@c1/ingest-trades'
import { type MarketMessage, MICROS_PER_MINUTE } from '@c1/market'
import { WebSocket } from 'ws'

/** Milliseconds of a clock that all processes of a machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** One candle that a live trade closed. Times are of `sharedNow`. */
export interface Closing extends Sighting {
  /** The closing trade's frame, as the client socket's `message` event began. */
  readonly arrivedAt: number
}

interface Sighting {
  /** A consumer of the candles topic held the candle. */
  candleAt?: number
  /** A consumer of the features topic held the row. */
  featuresAt?: number
  /** A consumer of the predictions topic held the prediction. */
  predictionAt?: number
}

/** By symbol and `asOf`: when the trade came that closed the candle. */
export type Arrivals = ReadonlyMap<string, number>

/**
 * Notes when closing trades arrive at the client sockets of this process: the first trade of a symbol with
 * `eventTime >= asOf` closes the candle that ends at `asOf`.
 */
export class ArrivalProbe {
  readonly arrivals: Arrivals
  readonly #arrivals = new Map<string, number>()
  readonly #minutes = new Map<string, number>()
  /** When the first frame of this turn arrived, until what came with it is written: at the end of the turn. */
  #arrivedAt: number | undefined
  #trades = 0

  constructor() {
    this.arrivals = this.#arrivals
  }

  /** Live trades that arrived. */
  get trades(): number {
    return this.#trades
  }

  /** Every client socket of this process, before anything of C1 sees the frame. */
  watchSockets(): void {
    const { emit } = WebSocket.prototype
    const probe = this
    WebSocket.prototype.emit = function (this: WebSocket, event: string | symbol, ...rest: unknown[]): boolean {
      if (event !== 'message') return emit.call(this, event, ...rest)
      probe.#arrivedAt ??= sharedNow()
      const isHeard = emit.call(this, event, ...rest)
      // After the microtask that `emit` may have made to write the trades.
      queueMicrotask(() => {
        probe.#arrivedAt = undefined
      })
      return isHeard
    }
  }

  /** One log, or all by their prototype. What is appended in the turn of a `message` event came with its frame. */
  watchTrades(logs: Pick<TradeLog, 'append'>): void {
    const { append } = logs
    const probe = this
    logs.append = function (this: TradeLog, messages, via) {
      const arrivedAt = probe.#arrivedAt
      if (arrivedAt !== undefined) for (const message of messages) probe.#arrived(message, arrivedAt)
      return append.call(this, messages, via)
    }
  }

  #arrived(message: MarketMessage, arrivedAt: number): void {
    if (message.kind !== 'trade') return
    const { eventTime, symbol } = message.trade
    const minute = Math.floor(eventTime / MICROS_PER_MINUTE)
    const before = this.#minutes.get(symbol) ?? minute
    this.#trades += 1
    this.#minutes.set(symbol, minute)
    if (minute > before) this.#arrivals.set(`${symbol} ${(before + 1) * MICROS_PER_MINUTE}`, arrivedAt)
  }
}

/** Notes when what followed from closing trades came out of the topics; matched by symbol and `asOf`. */
export class TopicProbe {
  readonly #sightings = new Map<string, Sighting>()

  async watch(log: EventLog, signal: AbortSignal): Promise<void> {
    const follow = (topic: string): Promise<Consumer> => log.consumer(topic, { from: 'latest', signal })
    const [candles, features, predictions] = [
      await follow(TOPICS.candles),
      await follow(TOPICS.features),
      await follow(TOPICS.predictions),
    ]
    await Promise.all([
      this.#note(candles, 'candleAt'),
      this.#note(features, 'featuresAt'),
      this.#note(predictions, 'predictionAt'),
    ])
  }

  /** In the order of the arrivals. What was seen before the trade came did not follow from it. */
  closings(arrivals: Arrivals): Closing[] {
    return [...arrivals].map(([key, arrivedAt]) => {
      const seen = Object.entries(this.#sightings.get(key) ?? {}).filter(([, at]) => at >= arrivedAt)
      return { arrivedAt, ...Object.fromEntries(seen) }
    })
  }

  /** The first record of a symbol and time counts: of candles that close together that is the one-minute candle. */
  async #note(consumer: Consumer, step: keyof Sighting): Promise<void> {
    for await (const { records } of consumer) {
      const at = sharedNow()
      for (const { key, timestamp } of records) {
        const name = `${key} ${timestamp}`
        const sighting = this.#sightings.get(name) ?? {}
        sighting[step] ??= at
        this.#sightings.set(name, sighting)
      }
    }
  }
}

/** How long each step took after the arrival, milliseconds; absent steps never happened. */
export interface ClosingTimes {
  /** Since the measured part began. */
  readonly at: number
  readonly candle?: number
  readonly features?: number
  readonly prediction?: number
}

/** Of the trades that arrived in the measured part, `from` to `to` of `sharedNow`. */
export function timesOf(closings: readonly Closing[], from: number, to: number): ClosingTimes[] {
  return closings
    .filter(({ arrivedAt }) => arrivedAt >= from && arrivedAt < to)
    .map(({ arrivedAt, candleAt, featuresAt, predictionAt }) => ({
      at: arrivedAt - from,
      ...(candleAt !== undefined && { candle: candleAt - arrivedAt }),
      ...(featuresAt !== undefined && { features: featuresAt - arrivedAt }),
      ...(predictionAt !== undefined && { prediction: predictionAt - arrivedAt }),
    }))
}

/** True when most of the newest closings of all `symbols` have predictions: models are trained and nothing lags. */
export function isPredicting(closings: readonly Closing[], symbols: number): boolean {
  const newest = closings.slice(-2 * symbols)
  return newest.filter(({ predictionAt }) => predictionAt !== undefined).length >= symbols
}
