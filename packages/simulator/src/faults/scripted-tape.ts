import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { Market } from '../market/market.ts'
import { lastAtMost } from '../market/search.ts'
import type { Tape, VenueTrade } from '../market/tape.ts'
import { concerns, type Fault } from './fault.ts'

/**
 * The market that really happens under a script: no trade while the engine is halted, and bursts. Both are facts of the
 * market and part of its truth, unlike all other faults, which only change what is told of it.
 */
export function scriptedMarket(market: Market, faults: readonly Fault[]): Market {
  const halts = merged(faults.filter(({ kind }) => kind === 'status'))
  const bursts = faults.filter(({ kind }) => kind === 'burst').sort((a, b) => a.from - b.from)
  const scripted = (symbol: MarketSymbol, tape: Tape): Tape => {
    const trading = halts.length === 0 ? tape : new HaltedTape(tape, halts)
    const own = bursts.filter((burst) => concerns(burst, symbol)).map((burst) => afterHalt(burst, halts))
    return own.length === 0 ? trading : new BurstTape(trading, own)
  }
  const tapes = [...market.tapes].map(([symbol, tape]) => [symbol, scripted(symbol, tape)] as const)
  return { ...market, tapes: new Map(tapes) }
}

interface Span {
  readonly from: EpochMicros
  readonly to: EpochMicros
}

interface Burst {
  readonly time: EpochMicros
  readonly trades: number
}

/** Spans in order, those that touch as one. */
function merged(spans: readonly Span[]): Span[] {
  const whole: Span[] = []
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const previous = whole.at(-1)
    if (previous === undefined || from > previous.to) whole.push({ from, to })
    else whole.splice(-1, 1, { from: previous.from, to: Math.max(previous.to, to) as EpochMicros })
  }
  return whole
}

/** A burst inside a halt waits until trading goes on. */
function afterHalt({ from, trades }: Fault, halts: readonly Span[]): Burst {
  const halt = halts.find((halt) => halt.from <= from && from < halt.to)
  return { time: halt?.to ?? from, trades }
}

/** A tape without the trades of some spans: the ids after them close up. */
class HaltedTape implements Tape {
  readonly firstId: number
  readonly #tape: Tape
  readonly #halts: readonly Span[]
  #gaps: readonly { readonly firstId: number; readonly removed: number }[] | undefined

  constructor(tape: Tape, halts: readonly Span[]) {
    this.firstId = tape.firstId
    this.#tape = tape
    this.#halts = halts
  }

  lastIdBefore(time: EpochMicros): number {
    let last = this.#tape.lastIdBefore(time)
    const at = lastAtMost(this.#halts.length, (at) => (this.#halts[at] as Span).from, time)
    const halt = this.#halts[at]
    if (halt === undefined) return last
    // Inside a halt nothing is added to what was there when it began.
    if (time < halt.to) last = this.#tape.lastIdBefore(halt.from)
    return last - (time < halt.to ? this.#removedBefore(at) : this.#removedBefore(at + 1))
  }

  read(first: number, last: number): VenueTrade[] {
    const trades: VenueTrade[] = []
    for (let id = Math.max(first, this.firstId); id <= last; ) {
      const at = lastAtMost(this.#found().length, (at) => this.#gap(at).firstId, id)
      const removed = this.#removedBefore(at + 1)
      const end = Math.min(last, at + 1 < this.#found().length ? this.#gap(at + 1).firstId - 1 : last)
      for (const trade of this.#tape.read(id + removed, end + removed))
        trades.push({ ...trade, tradeId: trade.tradeId - removed })
      id = end + 1
    }
    return trades
  }

  #gap(at: number): { readonly firstId: number; readonly removed: number } {
    return this.#found()[at] as { firstId: number; removed: number }
  }

  /** Trades that the first `halts` halts took away. */
  #removedBefore(halts: number): number {
    return halts === 0 ? 0 : this.#gap(halts - 1).removed
  }

  /** For each halt the first id after it, and what was removed up to then. Found when it is first asked for. */
  #found(): readonly { readonly firstId: number; readonly removed: number }[] {
    if (this.#gaps !== undefined) return this.#gaps
    let removed = 0
    this.#gaps = this.#halts.map(({ from, to }) => {
      const before = this.#tape.lastIdBefore(from)
      const firstId = before + 1 - removed
      removed += this.#tape.lastIdBefore(to) - before
      return { firstId, removed }
    })
    return this.#gaps
  }
}

/** A tape on which the next trades from some times on all happen at once, on one nanosecond. */
class BurstTape implements Tape {
  readonly firstId: number
  readonly #tape: Tape
  readonly #bursts: readonly Burst[]
  #ranges: readonly { readonly first: number; readonly last: number; readonly time: EpochMicros }[] | undefined

  /** @param bursts in order of time */
  constructor(tape: Tape, bursts: readonly Burst[]) {
    this.firstId = tape.firstId
    this.#tape = tape
    this.#bursts = bursts
  }

  lastIdBefore(time: EpochMicros): number {
    const last = this.#tape.lastIdBefore(time)
    const at = lastAtMost(this.#bursts.length, (at) => (this.#bursts[at] as Burst).time, time - 1)
    return at === -1 ? last : Math.max(last, this.#found()[at]?.last ?? last)
  }

  read(first: number, last: number): VenueTrade[] {
    const ranges = this.#found()
    return this.#tape.read(first, last).map((trade) => {
      const range = ranges[lastAtMost(ranges.length, (at) => ranges[at]?.first ?? 0, trade.tradeId)]
      return range === undefined || trade.tradeId > range.last ? trade : { ...trade, time: range.time, nanos: 0 }
    })
  }

  #found(): readonly { readonly first: number; readonly last: number; readonly time: EpochMicros }[] {
    if (this.#ranges !== undefined) return this.#ranges
    let taken = this.firstId - 1
    this.#ranges = this.#bursts.map(({ time, trades }) => {
      const first = Math.max(this.#tape.lastIdBefore(time), taken) + 1
      // A replayed file may end before the burst is complete.
      taken = this.#tape.read(first, first + trades - 1).at(-1)?.tradeId ?? first - 1
      return { first, last: taken, time }
    })
    return this.#ranges
  }
}
