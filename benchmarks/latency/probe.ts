import { type Consumer, type EventLog, TOPICS } from '@c1/event-log'
import type { TradeLog } from '@c1/ingest-trades'
import { type MarketMessage, MICROS_PER_MINUTE } from '@c1/market'
import { WebSocket } from 'ws'

/** One candle that a live trade closed. Times are milliseconds of `performance.now()`. */
export interface Closing {
  /** The closing trade's frame, as the client socket's `message` event began. */
  readonly arrivedAt: number
  /** A consumer of the candles topic held the candle. */
  candleAt?: number
  /** A consumer of the features topic held the row. */
  featuresAt?: number
  /** A consumer of the predictions topic held the prediction. */
  predictionAt?: number
}

/**
 * Times the way of a closing trade through the process: the first trade of a symbol with `eventTime >= asOf` closes the
 * candle that ends at `asOf`, and is matched with candle and prediction by symbol and `asOf`.
 */
export class LatencyProbe {
  readonly #closings = new Map<string, Closing>()
  readonly #minutes = new Map<string, number>()
  /** When the first frame of this turn arrived, until what came with it is written: at the end of the turn. */
  #arrivedAt: number | undefined
  #trades = 0

  /** Live trades that arrived. */
  get trades(): number {
    return this.#trades
  }

  get closings(): readonly Closing[] {
    return [...this.#closings.values()]
  }

  /** Every client socket of this process, before anything of C1 sees the frame. */
  watchSockets(): void {
    const { emit } = WebSocket.prototype
    const probe = this
    WebSocket.prototype.emit = function (this: WebSocket, event: string | symbol, ...rest: unknown[]): boolean {
      if (event !== 'message') return emit.call(this, event, ...rest)
      probe.#arrivedAt ??= performance.now()
      const isHeard = emit.call(this, event, ...rest)
      // After the microtask that `emit` may have made to write the trades.
      queueMicrotask(() => {
        probe.#arrivedAt = undefined
      })
      return isHeard
    }
  }

  /** What is appended in the turn of a `message` event came with its frame. */
  watchTrades(log: TradeLog): void {
    const append = log.append.bind(log)
    log.append = (messages, via) => {
      if (this.#arrivedAt !== undefined) for (const message of messages) this.#arrived(message, this.#arrivedAt)
      return append(messages, via)
    }
  }

  async watchLog(log: EventLog, signal: AbortSignal): Promise<void> {
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

  #arrived(message: MarketMessage, arrivedAt: number): void {
    if (message.kind !== 'trade') return
    const { eventTime, symbol } = message.trade
    const minute = Math.floor(eventTime / MICROS_PER_MINUTE)
    const before = this.#minutes.get(symbol) ?? minute
    this.#trades += 1
    this.#minutes.set(symbol, minute)
    if (minute > before) this.#closings.set(`${symbol} ${(before + 1) * MICROS_PER_MINUTE}`, { arrivedAt })
  }

  /** The first record of a symbol and time counts: of candles that close together that is the one-minute candle. */
  async #note(consumer: Consumer, step: 'candleAt' | 'featuresAt' | 'predictionAt'): Promise<void> {
    for await (const { records } of consumer) {
      const at = performance.now()
      for (const { key, timestamp } of records) {
        const closing = this.#closings.get(`${key} ${timestamp}`)
        if (closing !== undefined) closing[step] ??= at
      }
    }
  }
}
