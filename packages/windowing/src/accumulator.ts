import { decimalsOf, type Trade, toUnits, type UnitTrade } from '@c1/market'
import { exactUnits } from './units.ts'
import { WideAccumulator } from './wide-accumulator.ts'

/**
 * What a window's trades add up to, exactly. Merging is associative and commutative, so neither the order in which
 * trades arrive nor how they are grouped on the way changes the result.
 */
export type Accumulator = NarrowAccumulator | WideAccumulator

/** Notional is `notionalLow + notionalHigh * NOTIONAL_SPLIT`. */
const NOTIONAL_SPLIT = 2 ** 20
/** Below this a factor times what is left of the other under the split is an exact integer, with room for a carry. */
const SMALL_FACTOR = 2 ** 32
const MAX = Number.MAX_SAFE_INTEGER

/** What an accumulator takes of a trade, in integers and as decimal text. */
export type UnitFigures = Pick<
  UnitTrade,
  'tradeId' | 'price' | 'priceDecimals' | 'quantity' | 'quantityDecimals' | 'side'
>
export type TradeFigures = Pick<Trade, 'tradeId' | 'price' | 'quantity' | 'side'>

/** The figures of a narrow accumulator, each an exact integer (`bought` may be NaN). */
export interface NarrowFigures {
  readonly priceDecimals: number
  readonly quantityDecimals: number
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly tradeCount: number
  readonly volume: number
  readonly bought: number
  readonly notionalLow: number
  readonly notionalHigh: number
}

/**
 * Accumulates in integer `number`s: prices in units of `10^-priceDecimals`, quantities in `10^-quantityDecimals`.
 *
 * When a figure would leave the exact integers the result is a `WideAccumulator`, so callers go on with what they get.
 *
 * The fields are only declared: as `undefined` at first they would hold numbers as objects, a new one for every trade.
 */
export class NarrowAccumulator implements NarrowFigures {
  declare readonly priceDecimals: number
  declare readonly quantityDecimals: number
  declare firstTradeId: number
  declare lastTradeId: number
  declare open: number
  declare high: number
  declare low: number
  declare close: number
  declare tradeCount: number
  declare volume: number
  /** Volume of the takers that bought; NaN once a trade had no side, which no sum can undo. */
  declare bought: number
  declare notionalLow: number
  declare notionalHigh: number

  constructor(figures: NarrowFigures) {
    this.priceDecimals = figures.priceDecimals
    this.quantityDecimals = figures.quantityDecimals
    this.firstTradeId = figures.firstTradeId
    this.lastTradeId = figures.lastTradeId
    this.open = figures.open
    this.high = figures.high
    this.low = figures.low
    this.close = figures.close
    this.tradeCount = figures.tradeCount
    this.volume = figures.volume
    this.bought = figures.bought
    this.notionalLow = figures.notionalLow
    this.notionalHigh = figures.notionalHigh
  }

  /** An accumulator that holds nothing yet: `addExact` is what may be done with it. */
  static empty(priceDecimals: number, quantityDecimals: number): NarrowAccumulator {
    return new NarrowAccumulator({
      priceDecimals,
      quantityDecimals,
      firstTradeId: Number.POSITIVE_INFINITY,
      lastTradeId: Number.NEGATIVE_INFINITY,
      open: 0,
      high: -1,
      low: Number.POSITIVE_INFINITY,
      close: 0,
      tradeCount: 0,
      volume: 0,
      bought: 0,
      notionalLow: 0,
      notionalHigh: 0,
    })
  }

  get buyVolume(): number | undefined {
    return Number.isNaN(this.bought) ? undefined : this.bought
  }

  /** Sum of price x quantity in units of `10^-(priceDecimals + quantityDecimals)`. */
  get notional(): bigint {
    return BigInt(this.notionalLow) + BigInt(this.notionalHigh) * BigInt(NOTIONAL_SPLIT)
  }

  /**
   * Adds a trade. False, and nothing is added, when the trade has other decimals or a figure would leave the exact integers.
   * All in one function: between functions a `number` that is no small integer travels as an object.
   */
  addExact({ tradeId, price, priceDecimals, quantity, quantityDecimals, side }: UnitFigures): boolean {
    const volume = this.volume + quantity
    if (priceDecimals !== this.priceDecimals || quantityDecimals !== this.quantityDecimals || volume > MAX) return false
    const notional = this.notionalLow + price * quantity
    if (notional <= MAX) this.notionalLow = notional
    else if (!this.#addProduct(price, quantity)) return false
    this.volume = volume
    // A product, since the processor foresees no branch on the side: it goes to and fro at random.
    this.bought += side === undefined ? Number.NaN : +(side === 'buy') * quantity
    this.tradeCount++
    if (tradeId > this.lastTradeId) {
      this.lastTradeId = tradeId
      this.close = price
    }
    if (tradeId < this.firstTradeId) {
      this.firstTradeId = tradeId
      this.open = price
    }
    if (price > this.high) this.high = price
    if (price < this.low) this.low = price
    return true
  }

  /** Adds a product that an exact integer may not hold, by splitting the larger factor. False when that is not enough. */
  #addProduct(price: number, quantity: number): boolean {
    const small = Math.min(price, quantity)
    const large = Math.max(price, quantity)
    const upper = Math.floor(large / NOTIONAL_SPLIT)
    const carry = Math.floor(this.notionalLow / NOTIONAL_SPLIT)
    const high = this.notionalHigh + carry + small * upper
    if (small >= SMALL_FACTOR || high > MAX) return false
    this.notionalLow += small * (large - upper * NOTIONAL_SPLIT) - carry * NOTIONAL_SPLIT
    this.notionalHigh = high
    return true
  }

  /** The two together. Neither is changed. */
  merge(other: Accumulator): Accumulator {
    if (other instanceof WideAccumulator) return this.widen().merge(other)
    const priceDecimals = Math.max(this.priceDecimals, other.priceDecimals)
    const quantityDecimals = Math.max(this.quantityDecimals, other.quantityDecimals)
    const a = this.rescale(priceDecimals, quantityDecimals)
    const b = other.rescale(priceDecimals, quantityDecimals)
    const both = a !== undefined && b !== undefined ? join(a, b) : undefined
    return both ?? this.widen().merge(other.widen())
  }

  /** The same figures with at least as many decimals as now; undefined where they would leave the exact integers. */
  rescale(priceDecimals: number, quantityDecimals: number): NarrowAccumulator | undefined {
    if (priceDecimals === this.priceDecimals && quantityDecimals === this.quantityDecimals) return this
    const byPrice = 10 ** (priceDecimals - this.priceDecimals)
    const byQuantity = 10 ** (quantityDecimals - this.quantityDecimals)
    const carry = Math.floor(this.notionalLow / NOTIONAL_SPLIT)
    const scaled = new NarrowAccumulator({
      ...this,
      priceDecimals,
      quantityDecimals,
      open: this.open * byPrice,
      high: this.high * byPrice,
      low: this.low * byPrice,
      close: this.close * byPrice,
      volume: this.volume * byQuantity,
      bought: this.bought * byQuantity,
      notionalLow: (this.notionalLow - carry * NOTIONAL_SPLIT) * byPrice * byQuantity,
      notionalHigh: (this.notionalHigh + carry) * byPrice * byQuantity,
    })
    return scaled.#isExact() ? scaled : undefined
  }

  #isExact(): boolean {
    return Math.max(this.high, this.volume, this.notionalLow, this.notionalHigh) <= MAX
  }

  /** Notional over volume, in price units, cut. Without volume, which trades of zero quantity give, it is the close. */
  get vwap(): number | bigint {
    const { volume, notionalHigh, notionalLow } = this
    if (volume === 0) return this.close
    // Long division, one digit of base NOTIONAL_SPLIT after the other. The quotient of two integers can only be rounded up to
    // the next one when their sum reaches 2^53.
    const upper = Math.floor(notionalHigh / volume)
    const rest = (notionalHigh - upper * volume) * NOTIONAL_SPLIT + notionalLow
    if (notionalHigh + volume > MAX || rest + volume > MAX) return this.notional / BigInt(volume)
    return upper * NOTIONAL_SPLIT + Math.floor(rest / volume)
  }

  widen(): WideAccumulator {
    return new WideAccumulator({
      priceDecimals: this.priceDecimals,
      quantityDecimals: this.quantityDecimals,
      firstTradeId: this.firstTradeId,
      lastTradeId: this.lastTradeId,
      open: BigInt(this.open),
      high: BigInt(this.high),
      low: BigInt(this.low),
      close: BigInt(this.close),
      tradeCount: this.tradeCount,
      volume: BigInt(this.volume),
      buyVolume: this.buyVolume === undefined ? undefined : BigInt(this.buyVolume),
      notional: this.notional,
    })
  }
}

/** Adds two of equal decimals; undefined where a sum would leave the exact integers. */
function join(a: NarrowAccumulator, b: NarrowAccumulator): NarrowAccumulator | undefined {
  const first = a.firstTradeId <= b.firstTradeId ? a : b
  const last = a.lastTradeId >= b.lastTradeId ? a : b
  const low = a.notionalLow + b.notionalLow
  const carries = low > MAX
  const carry = carries ? Math.floor(a.notionalLow / NOTIONAL_SPLIT) + Math.floor(b.notionalLow / NOTIONAL_SPLIT) : 0
  const joined = new NarrowAccumulator({
    priceDecimals: a.priceDecimals,
    quantityDecimals: a.quantityDecimals,
    firstTradeId: first.firstTradeId,
    lastTradeId: last.lastTradeId,
    open: first.open,
    high: Math.max(a.high, b.high),
    low: Math.min(a.low, b.low),
    close: last.close,
    tradeCount: a.tradeCount + b.tradeCount,
    volume: a.volume + b.volume,
    bought: a.bought + b.bought,
    notionalLow: carries ? (a.notionalLow % NOTIONAL_SPLIT) + (b.notionalLow % NOTIONAL_SPLIT) : low,
    notionalHigh: a.notionalHigh + b.notionalHigh + carry,
  })
  return Math.max(joined.volume, joined.notionalHigh) <= MAX ? joined : undefined
}

/** Adds a trade; go on with the result, the given one may have been changed or not. */
export function addTrade(sums: Accumulator, trade: UnitFigures): Accumulator {
  return sums instanceof NarrowAccumulator && sums.addExact(trade) ? sums : sums.merge(accumulatorOfUnits(trade))
}

/** What one trade in integers adds up to. */
export function accumulatorOfUnits(trade: UnitFigures): Accumulator {
  const narrow = NarrowAccumulator.empty(trade.priceDecimals, trade.quantityDecimals)
  if (narrow.addExact(trade)) return narrow
  return wideAccumulatorOf(trade, BigInt(trade.price), BigInt(trade.quantity))
}

/** What one trade adds up to, whatever its number of digits. */
export function accumulatorOf({ tradeId, price, quantity, side }: TradeFigures): Accumulator {
  const figures = { tradeId, side, priceDecimals: decimalsOf(price), quantityDecimals: decimalsOf(quantity) }
  const units = exactUnits(price, figures.priceDecimals)
  const lots = exactUnits(quantity, figures.quantityDecimals)
  if (units >= 0 && lots >= 0) return accumulatorOfUnits({ ...figures, price: units, quantity: lots })
  return wideAccumulatorOf(figures, toUnits(price, figures.priceDecimals), toUnits(quantity, figures.quantityDecimals))
}

function wideAccumulatorOf(
  { tradeId, side, priceDecimals, quantityDecimals }: Omit<UnitFigures, 'price' | 'quantity'>,
  price: bigint,
  quantity: bigint,
): WideAccumulator {
  return new WideAccumulator({
    priceDecimals,
    quantityDecimals,
    firstTradeId: tradeId,
    lastTradeId: tradeId,
    open: price,
    high: price,
    low: price,
    close: price,
    tradeCount: 1,
    volume: quantity,
    buyVolume: side === 'buy' ? quantity : side === undefined ? undefined : 0n,
    notional: price * quantity,
  })
}
