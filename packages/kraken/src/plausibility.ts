import { type EpochMicros, MalformedError, MICROS_PER_DAY, type Trade } from '@c1/market'

/** Kraken's busiest market made about 110 million trades in its first 13 years. */
const LARGEST_ID = 10_000_000_000
/** Ten days of its busiest market: more than any outage that a running feed comes back from. */
const FARTHEST_AHEAD = 1_000_000
/** Between two frames of one market there are not more. */
const FARTHEST_IN_AGREEMENT = 1_000

/**
 * Tells trades that may be true from those that cannot: one id or time out of all proportion would open a hole that never
 * closes, or move the venue's clock for good.
 *
 * A step back in the ids is plausible: what is repeated or late is for those who know all ids. Two ids that agree are believed
 * against all that came before, so that a wrong first one does not shut out the true ones.
 */
export class Plausibility {
  readonly #newest = new Map<string, number>()
  readonly #doubted = new Map<string, number>()
  #latestTime = Number.POSITIVE_INFINITY

  /** The venue's clock: a trade is not a day after it. Unknown before the first call. */
  observeClock(venueTime: EpochMicros): void {
    const latest = venueTime + MICROS_PER_DAY
    this.#latestTime = this.#latestTime === Number.POSITIVE_INFINITY ? latest : Math.max(latest, this.#latestTime)
  }

  /** Whether the trade may be true; if so, it is what the next one is compared with. */
  admits({ symbol, tradeId, eventTime }: Trade): boolean {
    if (tradeId > LARGEST_ID || eventTime < 0 || eventTime > this.#latestTime) return false
    const ahead = tradeId - (this.#newest.get(symbol) ?? tradeId)
    const aheadOfDoubted = tradeId - (this.#doubted.get(symbol) ?? tradeId)
    const agrees = aheadOfDoubted > 0 && aheadOfDoubted <= FARTHEST_IN_AGREEMENT
    if (ahead > FARTHEST_AHEAD && !agrees) return false
    this.#newest.set(symbol, tradeId)
    return true
  }

  /** The trade itself. @throws MalformedError `trade_implausible` */
  check(trade: Trade): Trade {
    if (this.admits(trade)) return trade
    this.#doubted.set(trade.symbol, trade.tradeId)
    throw new MalformedError(
      'trade_implausible',
      `${trade.symbol} trade ${trade.tradeId} at ${trade.eventTime} us is out of all proportion to the trades or the clock before it.`,
    )
  }
}
