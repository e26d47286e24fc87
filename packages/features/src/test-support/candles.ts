import { type Candle, decimalText, type EpochMicros, type Interval, intervalMicros, marketSymbol } from '@c1/market'

/** Window 0 opens here: Monday 2025-11-10T00:00:00Z. */
export const START: EpochMicros = 1_762_732_800_000_000 as EpochMicros

export interface Shape {
  /** Which window after the first. */
  readonly window: number
  /** Price in cents. */
  readonly price: number
  /** Cents around the price. */
  readonly spread?: number
  readonly quantity?: number
  /** Share of the volume that was bought; absent where no side is known. */
  readonly bought?: number | undefined
  readonly revision?: number
}

/** A final candle. Ten trades a window, so that the ids ascend with it. */
export function candle(shape: Shape, symbol = 'BTC/USD', interval: Interval = '1m'): Candle {
  const { window, price, spread = 3, quantity = 1.5, revision = 1 } = shape
  const openTime = (START + window * intervalMicros(interval)) as EpochMicros
  const bought = 'bought' in shape ? shape.bought : 0.4
  return {
    symbol: marketSymbol(symbol),
    interval,
    openTime,
    closeTime: (openTime + intervalMicros(interval)) as EpochMicros,
    open: cents(price - 1),
    high: cents(price + spread),
    low: cents(price - spread),
    close: cents(price),
    volume: decimalText(quantity.toFixed(8)),
    vwap: cents(price),
    tradeCount: 10,
    buyVolume: bought === undefined ? undefined : decimalText((quantity * bought).toFixed(8)),
    firstTradeId: window * 10 + 1,
    lastTradeId: window * 10 + 10,
    revision,
    state: 'final',
    complete: true,
  }
}

function cents(price: number): Candle['close'] {
  return decimalText((price / 100).toFixed(2))
}
