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

/** What the candles of a file have in common. */
export interface CandleFrame {
  readonly symbol: MarketSymbol
  /** Decimals that prices are written with: further ones are cut. */
  readonly priceDecimals: number | undefined
}

/** What `makeCandle` makes, for many windows at once: the texts of their numbers are written together. */
export function makeCandles(
  { priceDecimals, symbol }: CandleFrame,
  windows: readonly FinalWindow[],
  texts: DecimalTexts,
): Candle[] {
  for (const { sums } of windows) addTexts(sums, priceDecimals, texts)
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
function addTexts(sums: Accumulator, wanted: number | undefined, texts: DecimalTexts): void {
  const { priceDecimals, quantityDecimals, buyVolume } = sums
  const decimals = Math.min(priceDecimals, wanted ?? priceDecimals)
  const surplus = priceDecimals - decimals
  texts.add(cut(sums.open, surplus), decimals)
  texts.add(cut(sums.high, surplus), decimals)
  texts.add(cut(sums.low, surplus), decimals)
  texts.add(cut(sums.close, surplus), decimals)
  texts.add(sums.volume, quantityDecimals)
  texts.add(cut(sums.vwap, surplus), decimals)
  if (buyVolume !== undefined) texts.add(buyVolume, quantityDecimals)
}

function cut(units: number | bigint, decimals: number): number | bigint {
  if (decimals === 0) return units
  return typeof units === 'bigint' ? units / 10n ** BigInt(decimals) : Math.floor(units / 10 ** decimals)
}
