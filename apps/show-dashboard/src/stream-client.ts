import type { Writable } from 'node:stream'
import type { Interval, MarketSymbol } from '@c1/market'
import type { StreamEvent, StreamType } from './stream-backlog.ts'

/** Undefined is all. */
export interface StreamFilter {
  readonly symbols: readonly MarketSymbol[] | undefined
  readonly types: readonly StreamType[] | undefined
  readonly intervals: readonly Interval[] | undefined
}

/** One reader of the stream. One that reads slower than the market moves is cut off; it comes back with `Last-Event-ID`. */
export class StreamClient {
  readonly filter: StreamFilter
  readonly #output: Writable
  readonly #maxBuffered: number
  readonly #onSlow: () => void

  /** @param maxBuffered bytes that may wait for the client */
  constructor(output: Writable, filter: StreamFilter, maxBuffered: number, onSlow: () => void) {
    this.filter = filter
    this.#output = output
    this.#maxBuffered = maxBuffered
    this.#onSlow = onSlow
  }

  send(event: StreamEvent): void {
    if (this.#wants(event)) this.#write(frame(event.type, event.data, event.id))
  }

  /** @param id where the client stands with it, when it is to remember that */
  sendStatus(data: string, id?: string): void {
    if (this.filter.types?.includes('status') ?? true) this.#write(frame('status', data, id))
    else if (id !== undefined) this.#write(`id: ${id}\n\n`)
  }

  /** A comment: keeps the connection open through proxies. */
  beat(): void {
    this.#write(': still here\n\n')
  }

  end(): void {
    this.#output.end()
  }

  #wants({ type, symbol, interval }: StreamEvent): boolean {
    const { symbols, types, intervals } = this.filter
    if (types !== undefined && !types.includes(type)) return false
    if (symbols !== undefined && !symbols.includes(symbol)) return false
    return interval === undefined || intervals === undefined || intervals.includes(interval)
  }

  #write(text: string): void {
    if (this.#output.destroyed) return
    this.#output.write(text)
    if (this.#output.writableLength <= this.#maxBuffered) return
    this.#output.destroy()
    this.#onSlow()
  }
}

function frame(type: StreamType, data: string, id: string | undefined): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${data}\n\n`
}
