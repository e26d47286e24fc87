import { type Candle, type CandleState, type EpochMicros, fromUnits, type MarketSymbol } from '@c1/market'
import type { Accumulator } from './accumulator.ts'
import { intervalOf, LENGTHS, type Level } from './levels.ts'

/** What a candle says besides its trades. */
export interface CandleFrame {
  readonly symbol: MarketSymbol
  readonly level: Level
  readonly openTime: number
  readonly revision: number
  readonly state: CandleState
  readonly complete: boolean | undefined
}

/** Writes a window's figures as a candle, in the most decimals that a price and a quantity of the window have. */
export function makeCandle(frame: CandleFrame, sums: Accumulator): Candle {
  const { priceDecimals, quantityDecimals, buyVolume } = sums
  return {
    symbol: frame.symbol,
    interval: intervalOf(frame.level),
    openTime: frame.openTime as EpochMicros,
    closeTime: (frame.openTime + (LENGTHS[frame.level] as number)) as EpochMicros,
    open: fromUnits(sums.open, priceDecimals),
    high: fromUnits(sums.high, priceDecimals),
    low: fromUnits(sums.low, priceDecimals),
    close: fromUnits(sums.close, priceDecimals),
    volume: fromUnits(sums.volume, quantityDecimals),
    vwap: fromUnits(sums.vwap, priceDecimals),
    tradeCount: sums.tradeCount,
    buyVolume: buyVolume === undefined ? undefined : fromUnits(buyVolume, quantityDecimals),
    firstTradeId: sums.firstTradeId,
    lastTradeId: sums.lastTradeId,
    revision: frame.revision,
    state: frame.state,
    complete: frame.complete,
  }
}
