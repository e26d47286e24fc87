import { compareDecimals, type MarketSymbol, type Trade } from '@c1/market'

/** Trades remembered of a symbol. */
const MOST_OF_A_SYMBOL = 4096
/** Of all symbols together at most twice as many are remembered. */
const MANY = 100_000
/** REST tells times as floats, which are up to a microsecond from what the feed told. */
const SAME_TIME = 1

/** A trade stands at its id modulo the length, until one with a higher id takes the place. */
type Ring = (Trade | undefined)[]

/**
 * The newest trades of each symbol, by id, as the log has them, so that one that comes again can be compared. Bounded: of
 * older trades only the ids are known. Empty after a start.
 */
export class RecentTrades {
  readonly #rings = new Map<MarketSymbol, Ring>()
  /** Of a remembered trade the newest version that said something else. */
  readonly #contradictions = new WeakMap<Trade, Trade>()
  #length = MOST_OF_A_SYMBOL

  remember(trade: Trade): void {
    const ring = this.#rings.get(trade.symbol) ?? this.#add(trade.symbol)
    put(ring, trade)
  }

  /** The remembered version of a trade that now says something else, once for each thing that it says. */
  contradictedBy(trade: Trade): Trade | undefined {
    const known = this.#rings.get(trade.symbol)?.[trade.tradeId % this.#length]
    if (known?.tradeId !== trade.tradeId || !differs(known, trade)) return undefined
    const told = this.#contradictions.get(known)
    this.#contradictions.set(known, trade)
    return told !== undefined && !differs(told, trade) ? undefined : known
  }

  #add(symbol: MarketSymbol): Ring {
    const fair = Math.floor(MANY / (this.#rings.size + 1))
    if (fair < this.#length / 2) this.#shorten(Math.max(1, fair))
    const ring: Ring = new Array(this.#length)
    this.#rings.set(symbol, ring)
    return ring
  }

  #shorten(length: number): void {
    this.#length = length
    for (const [symbol, ring] of this.#rings) {
      const shorter: Ring = new Array(length)
      for (const known of ring) if (known !== undefined) put(shorter, known)
      this.#rings.set(symbol, shorter)
    }
  }
}

function put(ring: Ring, trade: Trade): void {
  const at = trade.tradeId % ring.length
  const held = ring[at]
  if (held === undefined || held.tradeId <= trade.tradeId) ring[at] = trade
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
