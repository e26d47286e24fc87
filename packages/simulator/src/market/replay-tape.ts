import type { EpochMicros } from '@c1/market'
import { lastAtMost } from './search.ts'
import type { Tape, VenueTrade } from './tape.ts'

/** A tape of trades that are all in memory. */
export class ReplayTape implements Tape {
  readonly firstId: number
  readonly #trades: readonly VenueTrade[]

  /** @param trades one or more, with dense ids and times that never decrease */
  constructor(trades: readonly [VenueTrade, ...VenueTrade[]]) {
    this.firstId = trades[0].tradeId
    this.#trades = trades
  }

  lastIdBefore(time: EpochMicros): number {
    const trades = this.#trades
    return this.firstId + lastAtMost(trades.length, (at) => (trades[at] as VenueTrade).time, time - 1)
  }

  read(first: number, last: number): VenueTrade[] {
    return this.#trades.slice(Math.max(first - this.firstId, 0), Math.max(last - this.firstId + 1, 0))
  }
}
