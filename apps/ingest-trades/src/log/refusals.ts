import type { Codec, DeadLetter } from '@c1/event-log'
import { implausible } from '@c1/kraken'
import type { MarketMessage, Trade } from '@c1/market'
import { RecentTrades } from './recent-trades.ts'

/** What is to be known of trades that do not go into the log. */
export interface RefusalListener {
  onDuplicate(trade: Trade): void
  /** `received` says something else than what the log holds, which stands. Both are in a dead letter. */
  onContradiction(stored: Trade, received: Trade): void
  /** The trade cannot be true beside those that the log holds. It is in a dead letter, once. */
  onImplausible(trade: Trade, reason: string): void
}

/** The origin of dead letters about trades that contradict what is stored. */
export const TRADE_LOG = 'trade-log'
/** Trades that were refused as implausible and are remembered, so that each is told once however often history repeats it. */
const MOST_REFUSED = 10_000

/** Trades that do not go into the log: who is told of them, and the dead letters that keep them as evidence. */
export class Refusals {
  readonly #codec: Codec<MarketMessage>
  readonly #accepted = new RecentTrades()
  readonly #implausible = new Set<string>()
  #listener: RefusalListener | undefined

  constructor(codec: Codec<MarketMessage>) {
    this.#codec = codec
  }

  tell(listener: RefusalListener): void {
    this.#listener = listener
  }

  /** The trade went into the log: one that comes again is compared with it, as long as it is among the newest. */
  accepted(trade: Trade): void {
    if (trade.idSpace === 'venue') this.#accepted.remember(trade)
  }

  /** A trade that cannot be true. No letter where it was refused before: history repeats it as often as it is asked. */
  implausible(trade: Trade, reason: string): DeadLetter | undefined {
    const text = this.#textOf(trade)
    if (this.#implausible.has(text)) return undefined
    if (this.#implausible.size >= MOST_REFUSED) this.#implausible.clear()
    this.#implausible.add(text)
    this.#listener?.onImplausible(trade, reason)
    const { code, message } = implausible(trade, reason)
    return { origin: TRADE_LOG, code, reason: message, raw: Buffer.from(text) }
  }

  /** A trade that the log has already; a letter where it says something else than the stored one. */
  duplicate(trade: Trade): DeadLetter | undefined {
    this.#listener?.onDuplicate(trade)
    const stored = trade.idSpace === 'venue' ? this.#accepted.contradictedBy(trade) : undefined
    if (stored === undefined) return undefined
    this.#listener?.onContradiction(stored, trade)
    const reason = `${stored.symbol} trade ${stored.tradeId} came again and says something else. The stored one stands.`
    const raw = Buffer.from(`{"stored":${this.#textOf(stored)},"received":${this.#textOf(trade)}}`)
    return { origin: TRADE_LOG, code: 'trade_contradicts', reason, raw }
  }

  #textOf(trade: Trade): string {
    return Buffer.from(this.#codec.encode({ kind: 'trade', trade }).value).toString()
  }
}
