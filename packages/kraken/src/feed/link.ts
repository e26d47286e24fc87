import type { EpochMicros } from '@c1/market'
import { WebSocket } from 'ws'
import type { Timers } from '../timers.ts'

export interface LinkListener {
  opened(): void
  frame(text: string, receivedTime: EpochMicros): void
  /** Called once; nothing follows it. */
  lost(reason: string): void
}

/** One WebSocket connection, given up as dead when it does not open or sends nothing for `staleAfterMs`. */
export class Link {
  readonly #socket: WebSocket
  readonly #timers: Timers
  readonly #staleAfterMs: number
  readonly #listener: LinkListener
  #ended = false
  #lastSign: EpochMicros
  #cancelWatch: () => void

  constructor(url: string, staleAfterMs: number, timers: Timers, listener: LinkListener) {
    this.#timers = timers
    this.#staleAfterMs = staleAfterMs
    this.#listener = listener
    this.#lastSign = timers.now()
    this.#cancelWatch = timers.after(staleAfterMs, () => this.#watch())
    this.#socket = new WebSocket(url, { perMessageDeflate: false, headers: { 'user-agent': 'c1-kraken' } })
    this.#socket.on('open', () => this.#opened())
    this.#socket.on('message', (data) => this.#frame(data as Buffer))
    this.#socket.on('error', (error) => this.#lost(error.message))
    this.#socket.on('close', (code, reason) =>
      this.#lost(`closed with code ${code}${reason.length > 0 ? ` ${reason}` : ''}`),
    )
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text)
  }

  /** Ends the connection at once; the listener hears nothing more. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#cancelWatch()
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000)
    this.#socket.terminate()
  }

  #opened(): void {
    if (this.#ended) return
    this.#lastSign = this.#timers.now()
    this.#listener.opened()
  }

  #frame(data: Buffer): void {
    if (this.#ended) return
    this.#lastSign = this.#timers.now()
    this.#listener.frame(data.toString(), this.#lastSign)
  }

  #lost(reason: string): void {
    if (this.#ended) return
    this.end()
    this.#listener.lost(reason)
  }

  /** Looks once per span rather than setting a timer at every frame. */
  #watch(): void {
    const silentMs = (this.#timers.now() - this.#lastSign) / 1000
    if (silentMs >= this.#staleAfterMs) this.#lost(`silent for ${Math.floor(silentMs)} ms`)
    else this.#cancelWatch = this.#timers.after(Math.ceil(this.#staleAfterMs - silentMs), () => this.#watch())
  }
}
