import type { Candle, CandleState, EpochMicros, MarketSymbol } from '@c1/market'
import type { Accumulator } from './accumulator.ts'
import { intervalOf, LENGTHS, type Level } from './levels.ts'
import { textOfUnits } from './units.ts'

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
    open: textOfUnits(sums.open, priceDecimals),
    high: textOfUnits(sums.high, priceDecimals),
    low: textOfUnits(sums.low, priceDecimals),
    close: textOfUnits(sums.close, priceDecimals),
    volume: textOfUnits(sums.volume, quantityDecimals),
    vwap: textOfUnits(sums.vwap, priceDecimals),
    tradeCount: sums.tradeCount,
    buyVolume: buyVolume === undefined ? undefined : textOfUnits(buyVolume, quantityDecimals),
    firstTradeId: sums.firstTradeId,
    lastTradeId: sums.lastTradeId,
    revision: frame.revision,
    state: frame.state,
    complete: frame.complete,
  }
}
