import { compareDecimals, type MarketSymbol, type Trade } from '@c1/market'

/** Trades remembered of a symbol, and of all symbols together. */
const MOST_OF_A_SYMBOL = 4096
const MOST_OF_ALL = 200_000
/** REST tells times as floats, which are up to a microsecond from what the feed told. */
const SAME_TIME = 1

interface Remembered {
  readonly trade: Trade
  /** The newest version of it that said something else. */
  contradiction: Trade | undefined
}

/**
 * The trades of each symbol that came last, as the log has them, so that one that comes again can be compared. Bounded: of
 * older trades only the ids are known. Empty after a start.
 */
export class RecentTrades {
  readonly #trades = new Map<MarketSymbol, Map<number, Remembered>>()

  remember(trade: Trade): void {
    let trades = this.#trades.get(trade.symbol)
    if (trades === undefined) {
      trades = new Map()
      this.#trades.set(trade.symbol, trades)
    }
    trades.set(trade.tradeId, { trade, contradiction: undefined })
    const most = Math.min(MOST_OF_A_SYMBOL, Math.floor(MOST_OF_ALL / this.#trades.size))
    for (const oldest of trades.keys()) {
      if (trades.size <= most) break
      trades.delete(oldest)
    }
  }

  /** The remembered version of a trade that now says something else, once for each thing that it says. */
  contradictedBy(trade: Trade): Trade | undefined {
    const known = this.#trades.get(trade.symbol)?.get(trade.tradeId)
    if (known === undefined || !differs(known.trade, trade)) return undefined
    const isTold = known.contradiction !== undefined && !differs(known.contradiction, trade)
    known.contradiction = trade
    return isTold ? undefined : known.trade
  }
}

/** What one of them does not say contradicts nothing. */
function differs(a: Trade, b: Trade): boolean {
  return (
    compareDecimals(a.price, b.price) !== 0 ||
    compareDecimals(a.quantity, b.quantity) !== 0 ||
    Math.abs(a.eventTime - b.eventTime) > SAME_TIME ||
    areTwo(a.side, b.side) ||
    areTwo(a.orderType, b.orderType)
  )
}

function areTwo(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}
