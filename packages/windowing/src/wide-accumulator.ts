import type { Accumulator } from './accumulator.ts'

/** The figures of a wide accumulator, in the units that its decimals give. */
export interface WideFigures {
  readonly priceDecimals: number
  readonly quantityDecimals: number
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly open: bigint
  readonly high: bigint
  readonly low: bigint
  readonly close: bigint
  readonly tradeCount: number
  readonly volume: bigint
  readonly buyVolume: bigint | undefined
  readonly notional: bigint
}

/** The accumulator for what leaves the exact integers of a `number`, such as the lots of a token with a huge supply. */
export class WideAccumulator implements WideFigures {
  readonly priceDecimals: number
  readonly quantityDecimals: number
  readonly firstTradeId: number
  readonly lastTradeId: number
  readonly open: bigint
  readonly high: bigint
  readonly low: bigint
  readonly close: bigint
  readonly tradeCount: number
  readonly volume: bigint
  readonly buyVolume: bigint | undefined
  readonly notional: bigint

  constructor(figures: WideFigures) {
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
    this.buyVolume = figures.buyVolume
    this.notional = figures.notional
  }
  /** Notional over volume, in price units, cut. Without volume, which trades of zero quantity give, it is the close. */
  get vwap(): bigint {
    return this.volume === 0n ? this.close : this.notional / this.volume
  }

  widen(): WideAccumulator {
    return this
  }

  /** The two together. Neither is changed. */
  merge(other: Accumulator): WideAccumulator {
    const wide = other.widen()
    const priceDecimals = Math.max(this.priceDecimals, wide.priceDecimals)
    const quantityDecimals = Math.max(this.quantityDecimals, wide.quantityDecimals)
    return join(this.rescale(priceDecimals, quantityDecimals), wide.rescale(priceDecimals, quantityDecimals))
  }

  /** The same figures with at least as many decimals as now. */
  rescale(priceDecimals: number, quantityDecimals: number): WideAccumulator {
    const byPrice = 10n ** BigInt(priceDecimals - this.priceDecimals)
    const byQuantity = 10n ** BigInt(quantityDecimals - this.quantityDecimals)
    return new WideAccumulator({
      ...this,
      priceDecimals,
      quantityDecimals,
      open: this.open * byPrice,
      high: this.high * byPrice,
      low: this.low * byPrice,
      close: this.close * byPrice,
      volume: this.volume * byQuantity,
      buyVolume: this.buyVolume === undefined ? undefined : this.buyVolume * byQuantity,
      notional: this.notional * byPrice * byQuantity,
    })
  }
}

/** Adds two of equal decimals. */
function join(a: WideAccumulator, b: WideAccumulator): WideAccumulator {
  const first = a.firstTradeId <= b.firstTradeId ? a : b
  const last = a.lastTradeId >= b.lastTradeId ? a : b
  const buyVolume = a.buyVolume === undefined || b.buyVolume === undefined ? undefined : a.buyVolume + b.buyVolume
  return new WideAccumulator({
    priceDecimals: a.priceDecimals,
    quantityDecimals: a.quantityDecimals,
    firstTradeId: first.firstTradeId,
    lastTradeId: last.lastTradeId,
    open: first.open,
    high: a.high > b.high ? a.high : b.high,
    low: a.low < b.low ? a.low : b.low,
    close: last.close,
    tradeCount: a.tradeCount + b.tradeCount,
    volume: a.volume + b.volume,
    buyVolume,
    notional: a.notional + b.notional,
  })
}
