import { randomUUID } from 'node:crypto'
import type { Writable } from 'node:stream'
import type { Change } from './market-view.ts'
import { candleRow, predictionRow } from './rows.ts'
import { type StatusSources, statusRow } from './status.ts'
import { StreamBacklog, type StreamEvent } from './stream-backlog.ts'
import { StreamClient, type StreamFilter } from './stream-client.ts'

export interface StreamHubOptions extends StatusSources {
  /** Events kept for clients that come back. Default 10,000. */
  readonly backlog?: number
  /** Bytes that may wait for a slow client. Default 1 MiB. */
  readonly maxBuffered?: number
  readonly onSlowClient?: () => void
}

/** Tells every change of the view to the clients of the stream, each what it asked for. */
export class StreamHub {
  readonly #options: StreamHubOptions
  readonly #backlog: StreamBacklog
  readonly #clients = new Set<StreamClient>()
  readonly #unsubscribe: () => void

  constructor(options: StreamHubOptions) {
    this.#options = options
    this.#backlog = new StreamBacklog(randomUUID().slice(0, 8), options.backlog)
    this.#unsubscribe = options.view.onChange((change) => this.#tell(change))
  }

  /**
   * Starts sending to `output` until it closes: first what the client missed since `lastEventId`, then a status that
   * says where it stands, then what happens.
   */
  connect(output: Writable, filter: StreamFilter, lastEventId: string | undefined): void {
    const { maxBuffered = 1024 * 1024, onSlowClient = () => {} } = this.#options
    const client = new StreamClient(output, filter, maxBuffered, onSlowClient)
    output.once('close', () => this.#clients.delete(client))
    output.write('retry: 2000\n\n')
    const missed = lastEventId === undefined ? [] : this.#backlog.after(lastEventId)
    for (const event of missed ?? []) client.send(event)
    this.#sendStatus(client, missed === undefined)
    this.#clients.add(client)
  }

  /** The state of things to every client. */
  tellStatus(): void {
    for (const client of this.#clients) client.sendStatus(this.#status(client, false))
  }

  beat(): void {
    for (const client of this.#clients) client.beat()
  }

  get clientCount(): number {
    return this.#clients.size
  }

  close(): void {
    this.#unsubscribe()
    for (const client of this.#clients) client.end()
    this.#clients.clear()
  }

  #tell(change: Change): void {
    if (change.kind === 'reset') {
      for (const client of this.#clients) this.#sendStatus(client, true)
      return
    }
    // Provisional candles are not kept for clients that come back.
    if (this.#clients.size === 0 && change.kind === 'candle' && change.candle.state === 'provisional') return
    const event = this.#eventOf(change)
    for (const client of this.#clients) client.send(event)
  }

  #sendStatus(client: StreamClient, reset: boolean): void {
    client.sendStatus(this.#status(client, reset), this.#backlog.newestId)
  }

  #status({ filter }: StreamClient, reset: boolean): string {
    return JSON.stringify(statusRow(this.#options, filter.symbols, reset))
  }

  #eventOf(change: Exclude<Change, { kind: 'reset' }>): StreamEvent {
    const { source } = this.#options.view
    if (change.kind !== 'candle') {
      const { symbol } = change.scored.prediction
      return this.#backlog.add({
        type: change.kind,
        symbol,
        data: JSON.stringify(predictionRow(change.scored, source)),
      })
    }
    const { candle } = change
    const data = JSON.stringify(candleRow(candle, source))
    const event: StreamEvent = { type: 'candle', symbol: candle.symbol, interval: candle.interval, data }
    return candle.state === 'final' ? this.#backlog.add(event) : event
  }
}
