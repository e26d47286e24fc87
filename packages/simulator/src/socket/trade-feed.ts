import type { EpochMicros } from '@c1/market'
import { type Market, tapeOf } from '../market/market.ts'
import type { Pair } from '../market/pairs.ts'
import type { VenueTrade } from '../market/tape.ts'
import { type Outgoing, tradeFrame } from './frames.ts'
import type { Session } from './session.ts'

const SNAPSHOT_TRADES = 50
/** Trades in one update frame at most; a busier moment is sent as several. */
const MOST_TRADES_PER_FRAME = 500

/** Which trades the feed brings. */
export interface Served {
  readonly inFeed: (pair: Pair, trade: VenueTrade) => boolean
  readonly inSnapshot: (pair: Pair, trade: VenueTrade) => boolean
}

/** Sends each pair's new trades to the sessions that follow it. */
export class TradeFeed {
  readonly #market: Market
  readonly #now: () => EpochMicros
  readonly #sessions: () => Iterable<Session>
  readonly #served: Served
  /** Id of the newest trade that was sent, or passed while nobody listened. */
  readonly #sent = new Map<Pair, number>()
  #paused = false

  constructor(market: Market, now: () => EpochMicros, sessions: () => Iterable<Session>, served: Served) {
    this.#market = market
    this.#now = now
    this.#sessions = sessions
    this.#served = served
  }

  /** Sends what has happened since the last call. */
  advance(): void {
    const now = this.#now()
    for (const pair of this.#market.pairs) this.#advancePair(pair, now)
  }

  /** The latest trades of a pair, after its followers were sent all of them. */
  snapshot(pair: Pair): Outgoing {
    this.#advancePair(pair, this.#now())
    const last = this.#sent.get(pair) as number
    const latest = tapeOf(this.#market, pair).read(last - SNAPSHOT_TRADES + 1, last)
    const trades = latest.filter((trade) => this.#served.inSnapshot(pair, trade))
    return tradeFrame({ type: 'snapshot', pair, trades })
  }

  /** From now on trades happen without being sent. */
  pause(): void {
    this.advance()
    this.#paused = true
  }

  /** Goes on with the trades from now on: those of the pause are missing in the feed. */
  resume(): void {
    this.advance()
    this.#paused = false
  }

  #advancePair(pair: Pair, now: EpochMicros): void {
    const tape = tapeOf(this.#market, pair)
    const last = tape.lastIdBefore(now)
    const sent = this.#sent.get(pair) ?? last
    this.#sent.set(pair, last)
    const followers = [...this.#sessions()].filter((session) => session.follows(pair.symbol))
    if (followers.length === 0 || this.#paused) return
    for (let first = sent + 1; first <= last; first += MOST_TRADES_PER_FRAME) {
      const happened = tape.read(first, Math.min(first + MOST_TRADES_PER_FRAME - 1, last))
      const trades = happened.filter((trade) => this.#served.inFeed(pair, trade))
      if (trades.length === 0) continue
      const frame = tradeFrame({ type: 'update', pair, trades })
      for (const session of followers) session.publish(frame)
    }
  }
}
