import type { Candle, EpochMicros, MarketSymbol } from '@c1/market'
import type { Accumulator } from '../accumulator.ts'
import { intervalOf, LENGTHS, type Level } from '../levels.ts'
import type { DecimalTexts } from './decimal-texts.ts'

/** A window to make a final candle of. */
export interface FinalWindow {
  readonly level: Level
  readonly openTime: number
  readonly sums: Accumulator
  readonly complete: boolean | undefined
}

/** What `makeCandle` makes, for many windows at once: the texts of their numbers are written together. */
export function makeCandles(symbol: MarketSymbol, windows: readonly FinalWindow[], texts: DecimalTexts): Candle[] {
  for (const { sums } of windows) addTexts(sums, texts)
  const taken = texts.take()
  let at = 0
  const next = (): (typeof taken)[number] => taken[at++] as (typeof taken)[number]
  return windows.map(({ level, openTime, sums, complete }) => ({
    symbol,
    interval: intervalOf(level),
    openTime: openTime as EpochMicros,
    closeTime: (openTime + (LENGTHS[level] as number)) as EpochMicros,
    open: next(),
    high: next(),
    low: next(),
    close: next(),
    volume: next(),
    vwap: next(),
    tradeCount: sums.tradeCount,
    buyVolume: sums.buyVolume === undefined ? undefined : next(),
    firstTradeId: sums.firstTradeId,
    lastTradeId: sums.lastTradeId,
    revision: 1,
    state: 'final',
    complete,
  }))
}

/** In the order in which the candle takes them. */
function addTexts(sums: Accumulator, texts: DecimalTexts): void {
  const { priceDecimals, quantityDecimals, buyVolume } = sums
  texts.add(sums.open, priceDecimals)
  texts.add(sums.high, priceDecimals)
  texts.add(sums.low, priceDecimals)
  texts.add(sums.close, priceDecimals)
  texts.add(sums.volume, quantityDecimals)
  texts.add(sums.vwap, priceDecimals)
  if (buyVolume !== undefined) texts.add(buyVolume, quantityDecimals)
}
