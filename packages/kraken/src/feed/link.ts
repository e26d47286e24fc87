import type { EpochMicros } from '@c1/market'
import { WebSocket } from 'ws'
import type { Timers } from '../timers.ts'

/** What a listener is told of one connection. */
export interface LinkListener {
  opened(): void
  frame(text: string, receivedTime: EpochMicros): void
  /** It did not open, or sent nothing, for so long. */
  silent(ms: number): void
  /** Called once; nothing follows it. */
  lost(reason: string): void
}

/** Far above the 360 kB of the largest message known; a larger one ends the connection before it fills the memory. */
const LARGEST_FRAME_BYTES = 16 * 1024 * 1024

/** One WebSocket connection, watched for silence. */
export class Link {
  readonly #socket: WebSocket
  readonly #timers: Timers
  readonly #staleAfterMs: number
  readonly #listener: LinkListener
  #isHeard = true
  #isOver = false
  #lastSign: EpochMicros
  #cancelWatch: () => void

  constructor(url: string, staleAfterMs: number, timers: Timers, listener: LinkListener) {
    this.#timers = timers
    this.#staleAfterMs = staleAfterMs
    this.#listener = listener
    this.#lastSign = timers.now()
    this.#cancelWatch = timers.after(staleAfterMs, () => this.#watch())
    this.#socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME_BYTES,
      headers: { 'user-agent': 'c1-kraken' },
    })
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

  /** Ends a connection that is of no use any more: no frame is heard from now on, and `lost` follows at once. */
  hangUp(): void {
    this.#isHeard = false
    this.#cancelWatch()
    this.#socket.terminate()
  }

  /** Ends the connection at once; the listener hears nothing more. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000)
    this.hangUp()
  }

  #opened(): void {
    if (!this.#isHeard) return
    this.#lastSign = this.#timers.now()
    this.#listener.opened()
  }

  #frame(data: Buffer): void {
    if (!this.#isHeard) return
    this.#lastSign = this.#timers.now()
    this.#listener.frame(data.toString(), this.#lastSign)
  }

  #lost(reason: string): void {
    if (this.#isOver) return
    this.end()
    this.#listener.lost(reason)
  }

  /** Looks once per span rather than setting a timer at every frame. */
  #watch(): void {
    const silentMs = (this.#timers.now() - this.#lastSign) / 1000
    if (silentMs >= this.#staleAfterMs) this.#listener.silent(Math.floor(silentMs))
    else this.#cancelWatch = this.#timers.after(Math.ceil(this.#staleAfterMs - silentMs), () => this.#watch())
  }
}
