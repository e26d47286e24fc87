import { mostTradesIn, OUT_OF_ORDER } from '@c1/kraken'
import { formatTime, type MarketSymbol, MICROS_PER_MINUTE, type Trade } from '@c1/market'
import type { TradeLedger } from '../ledger/ledger.ts'

/** Trades that contradict the ledger, but not each other, for so long are believed: then it is the ledger that is wrong. */
const BELIEVED_AFTER = MICROS_PER_MINUTE

/** Trades of a symbol that agree with each other and not with the ledger. */
interface Doubt {
  readonly first: Trade
  readonly newest: Trade
}

/**
 * Tells trades whose id belongs to another time: ids and times of one market ascend together, so that the trades around an id
 * bound its time, and the time that passed bounds how far the ids can have come.
 *
 * One wrong id would open a hole that is looked for in vain, one wrong time close the windows before it. What goes on for a
 * minute is no mistake of a moment and is believed.
 */
export class TradeOrder {
  readonly #ledger: TradeLedger
  readonly #doubts = new Map<MarketSymbol, Doubt>()

  constructor(ledger: TradeLedger) {
    this.#ledger = ledger
  }

  /** Why the trade is not to be believed; undefined when it is, or when the ledger has its id already. */
  reasonAgainst(trade: Trade): string | undefined {
    if (trade.idSpace !== 'venue') return undefined
    const reason = this.#contradiction(trade)
    if (reason !== undefined) return this.#isBelievedByNow(trade) ? undefined : reason
    if (this.#doubts.size > 0) this.#doubts.delete(trade.symbol)
    return undefined
  }

  #contradiction(trade: Trade): string | undefined {
    const { eventTime, symbol, tradeId } = trade
    const { above, below } = this.#ledger.around(symbol, tradeId)
    if (below !== undefined && below.last >= tradeId) return undefined
    if (below !== undefined) {
      if (eventTime < below.to - OUT_OF_ORDER)
        return `its time ${formatTime(eventTime)} is long before ${formatTime(below.to)}, that of trade ${below.last}`
      if (tradeId - below.last > mostTradesIn(eventTime - below.to))
        return `its id is ${tradeId - below.last} ahead of trade ${below.last}, more than are made in the time between`
    }
    if (above !== undefined) {
      if (eventTime > above.from + OUT_OF_ORDER)
        return `its time ${formatTime(eventTime)} is long after ${formatTime(above.from)}, that of trade ${above.first}`
      if (above.first - tradeId > mostTradesIn(above.from - eventTime))
        return `its id is ${above.first - tradeId} behind trade ${above.first}, more than are made in the time between`
    }
    return undefined
  }

  /** Takes note of a trade that contradicts the ledger. */
  #isBelievedByNow(trade: Trade): boolean {
    const doubt = this.#doubts.get(trade.symbol)
    const agrees = doubt !== undefined && follows(doubt.newest, trade)
    if (agrees && trade.eventTime - doubt.first.eventTime >= BELIEVED_AFTER) {
      this.#doubts.delete(trade.symbol)
      return true
    }
    this.#doubts.set(trade.symbol, { first: agrees ? doubt.first : trade, newest: trade })
    return false
  }
}

function follows({ eventTime, tradeId }: Trade, next: Trade): boolean {
  const ahead = next.tradeId - tradeId
  return ahead > 0 && next.eventTime >= eventTime && ahead <= mostTradesIn(next.eventTime - eventTime)
}
