import type { EpochMicros } from '@c1/market'
import type { Timers } from '../timers.ts'
import type { OpenSocket, Socket } from './socket.ts'

/** What a listener is told of one connection. */
export interface LinkListener {
  opened(): void
  frame(text: string, receivedTime: EpochMicros): void
  /** It did not open, or sent nothing, for so long. */
  silent(ms: number): void
  /** Called once; nothing follows it. */
  lost(reason: string): void
}

export interface LinkOptions {
  readonly url: string
  readonly openSocket: OpenSocket
  readonly staleAfterMs: number
  readonly timers: Timers
}

const SECOND_LOOK_MS = 250

/** One WebSocket connection, watched for silence. */
export class Link {
  readonly #socket: Socket
  readonly #timers: Timers
  readonly #staleAfterMs: number
  readonly #listener: LinkListener
  #isHeard = true
  #isOver = false
  #lastSign: EpochMicros
  #cancelWatch: () => void

  constructor({ openSocket, staleAfterMs, timers, url }: LinkOptions, listener: LinkListener) {
    this.#timers = timers
    this.#staleAfterMs = staleAfterMs
    this.#listener = listener
    this.#lastSign = timers.now()
    this.#cancelWatch = timers.after(Math.max(0, staleAfterMs - SECOND_LOOK_MS), () => this.#watch())
    this.#socket = openSocket(url, {
      opened: () => this.#opened(),
      frame: (data) => this.#frame(data),
      ended: (reason) => this.#lost(reason),
    })
  }

  send(text: string): void {
    this.#socket.send(text)
  }

  /** Ends a connection that is of no use any more: no frame is heard from now on, and `lost` follows at once. */
  hangUp(): void {
    this.#cease(false)
  }

  /** Ends the connection at once; the listener hears nothing more. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cease(true)
  }

  #cease(goodbye: boolean): void {
    this.#isHeard = false
    this.#cancelWatch()
    this.#socket.end(goodbye)
  }

  #opened(): void {
    if (!this.#isHeard) return
    this.#lastSign = this.#timers.now()
    this.#listener.opened()
  }

  #frame(data: { toString(): string }): void {
    if (!this.#isHeard) return
    this.#lastSign = this.#timers.now()
    this.#listener.frame(data.toString(), this.#lastSign)
  }

  #lost(reason: string): void {
    if (this.#isOver) return
    this.end()
    this.#listener.lost(reason)
  }

  /**
   * Looks once per span rather than setting a timer at every frame; and a second time before it is sure, because after a
   * pause of this process a timer comes before the frames that arrived meanwhile.
   */
  #watch(isSecondLook = false): void {
    const leftMs = Math.ceil(this.#staleAfterMs - (this.#timers.now() - this.#lastSign) / 1000)
    if (leftMs > SECOND_LOOK_MS) this.#watchAfter(leftMs - SECOND_LOOK_MS, false)
    else if (!isSecondLook) this.#watchAfter(Math.max(leftMs, Math.min(SECOND_LOOK_MS, this.#staleAfterMs)), true)
    else if (leftMs > 0) this.#watchAfter(leftMs, true)
    else this.#listener.silent(Math.floor((this.#timers.now() - this.#lastSign) / 1000))
  }

  #watchAfter(ms: number, isSecondLook: boolean): void {
    this.#cancelWatch = this.#timers.after(ms, () => this.#watch(isSecondLook))
  }
}
