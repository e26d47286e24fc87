import type { EpochMicros, MarketSymbol } from '@c1/market'
import { type Market, tapeOf } from '../market/market.ts'
import type { Outgoing, TradeBatch } from '../socket/frames.ts'
import type { Link } from '../socket/session.ts'
import type { Fault } from './fault.ts'
import { malformed } from './malformed-frame.ts'
import type { FaultSchedule } from './schedule.ts'

/** The socket under a link. */
export interface Wire {
  send(frame: string): void
  close(code: number, reason: string): void
  /** Ends without a close frame. */
  terminate(): void
  /** Stops or goes on reading what the client sends, closing and protocol pings included. */
  listen(listening: boolean): void
}

/** What takes a frame on its way out and gives what goes on: nothing, itself, or more. */
type Stage = (message: Outgoing) => readonly Outgoing[]

/** `backwards-id` sends the trade this many ids before the newest. */
const BACKWARDS = 10

/** The way of one connection's frames to its socket, where faults strike them. */
export class FaultyLink implements Link {
  readonly #faults: FaultSchedule
  readonly #wire: Wire
  readonly #market: Market
  readonly #openedAt: EpochMicros
  readonly #held = new Map<MarketSymbol, Outgoing>()
  readonly #stages: readonly Stage[]
  #silent = false

  constructor(faults: FaultSchedule, wire: Wire, market: Market, openedAt: EpochMicros) {
    this.#faults = faults
    this.#wire = wire
    this.#market = market
    this.#openedAt = openedAt
    this.#stages = [this.#lose, this.#spoil, this.#double, this.#swap, this.#delay]
    this.passTime()
  }

  send(message: Outgoing): void {
    let messages: readonly Outgoing[] = [message]
    for (const stage of this.#stages) messages = messages.flatMap(stage)
    for (const { text } of messages) this.#put(text)
  }

  close(code: number, reason: string): void {
    this.#wire.close(code, reason)
  }

  /** Silence begins and ends; what was held for a successor that did not come is sent. */
  passTime(): void {
    const silent = this.#silenced()
    if (silent !== this.#silent) this.#wire.listen(!silent)
    this.#silent = silent
    for (const [symbol, held] of this.#held) {
      if (this.#faults.inForce('reorder-frames', symbol) !== undefined) continue
      this.#held.delete(symbol)
      this.#put(held.text)
    }
  }

  #put(text: string): void {
    if (!this.#silenced()) this.#wire.send(text)
  }

  #silenced(): boolean {
    const fault = this.#faults.inForce('silence')
    return fault !== undefined && (fault.connections === 'all' || this.#openedAt < fault.from)
  }

  readonly #lose: Stage = (message) => {
    const { about, symbol } = message
    const lost =
      (about === 'heartbeat' && this.#faults.inForce('no-heartbeat')) ||
      (about === 'pong' && this.#faults.inForce('no-pong')) ||
      (about === 'acknowledgement' && this.#faults.inForce('no-ack', symbol))
    return lost ? [] : [message]
  }

  readonly #spoil: Stage = (message) => {
    const { batch, symbol } = message
    const fault = batch && batch.trades.length > 0 ? this.#faults.strikes('malformed-frames', symbol) : undefined
    if (batch === undefined || fault === undefined) return [message]
    return this.#malformed(fault, batch).map((text) => ({ ...message, text }))
  }

  #malformed(fault: Fault, batch: TradeBatch): string[] {
    const turn = (this.#faults.struck(fault) - 1) % fault.kinds.length
    const before = (batch.trades[0]?.tradeId ?? 0) - BACKWARDS
    const earlier = tapeOf(this.#market, batch.pair).read(before, before)[0]
    return malformed(fault.kinds[turn] as Fault['kinds'][number], { ...batch, earlier, replaces: fault.replaces })
  }

  readonly #double: Stage = (message) => {
    const doubled = message.about === 'trades' && this.#faults.strikes('duplicate-frames', message.symbol)
    return doubled ? [message, message] : [message]
  }

  /** Each second frame of a symbol goes before the one before it. */
  readonly #swap: Stage = (message) => {
    const { about, symbol } = message
    if (about !== 'trades' || symbol === undefined) return [message]
    const held = this.#held.get(symbol)
    if (held !== undefined) {
      this.#held.delete(symbol)
      return [message, held]
    }
    if (this.#faults.inForce('reorder-frames', symbol) === undefined) return [message]
    this.#held.set(symbol, message)
    return []
  }

  readonly #delay: Stage = (message) => {
    const { about, symbol, text } = message
    const kind = about === 'trades' ? 'delay-frames' : about === 'pong' ? 'delay-pong' : undefined
    const fault = kind && this.#faults.strikes(kind, symbol)
    if (fault === undefined) return [message]
    this.#faults.later(fault.by, () => this.#put(text))
    return []
  }
}
