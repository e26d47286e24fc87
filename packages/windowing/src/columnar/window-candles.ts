import { type Candle, type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import type { Accumulator } from '../accumulator.ts'
import { LENGTHS, type Level, openTimeAt } from '../levels.ts'
import { DecimalTexts } from './decimal-texts.ts'
import { type FinalWindow, makeCandles } from './make-candles.ts'
import type { WindowSums } from './window-sums.ts'

export interface WindowCandlesOptions {
  readonly symbol: MarketSymbol
  /** The level of the sums. */
  readonly base: Level
  /** The levels of the candles wanted: the base and longer ones. */
  readonly levels: readonly Level[]
  /** Decimals that prices are written with, where some of theirs are to be cut. */
  readonly priceDecimals?: number | undefined
  readonly complete: (openTime: number, closeTime: number) => boolean | undefined
}

/** The longer window that base windows are being merged into. */
interface Rolling {
  readonly level: Level
  openTime: number
  sums: Accumulator | undefined
}

/** Windows whose candles are made together. */
const TOGETHER = 256

/**
 * The final candles of summed windows, in order of close time and shorter ones first, all in the most decimals that any of
 * them has.
 */
export function* windowCandles(options: WindowCandlesOptions, windows: WindowSums): Generator<Candle> {
  const texts = new DecimalTexts()
  const { priceDecimals, symbol } = options
  let waiting: FinalWindow[] = []
  for (const window of finalWindows(options, windows)) {
    waiting.push(window)
    if (waiting.length < TOGETHER) continue
    yield* makeCandles({ symbol, priceDecimals }, waiting, texts)
    waiting = []
  }
  yield* makeCandles({ symbol, priceDecimals }, waiting, texts)
}

function* finalWindows(options: WindowCandlesOptions, windows: WindowSums): Generator<FinalWindow> {
  const { base, levels } = options
  const { price, quantity } = windows.decimals
  const longer = levels.filter((level) => level > base).sort((a, b) => a - b)
  const rolling = longer.map((level): Rolling => ({ level, openTime: 0, sums: undefined }))
  for (const [openSeconds, found] of windows.inOrder()) {
    const sums = found.rescale(price, quantity) ?? found.widen().rescale(price, quantity)
    const openTime = openSeconds * MICROS_PER_SECOND
    if (rolling.length > 0) yield* closeUntil(openTime, rolling, options)
    yield finalWindow(options, base, openTime, sums)
    for (const window of rolling) rollInto(window, openTime, sums)
  }
  yield* closeUntil(Number.POSITIVE_INFINITY, rolling, options)
}

function rollInto(window: Rolling, openTime: number, sums: Accumulator): void {
  window.openTime = openTimeAt(window.level, openTime)
  window.sums = window.sums === undefined ? sums : window.sums.merge(sums)
}

/** The longer windows that end by `time`. */
function* closeUntil(time: number, rolling: readonly Rolling[], options: WindowCandlesOptions): Generator<FinalWindow> {
  const closing = rolling.filter((window) => window.sums !== undefined && closeTimeOf(window) <= time)
  for (const window of closing.sort((a, b) => closeTimeOf(a) - closeTimeOf(b) || a.level - b.level)) {
    yield finalWindow(options, window.level, window.openTime, window.sums as Accumulator)
    window.sums = undefined
  }
}

function closeTimeOf({ level, openTime }: Rolling): number {
  return openTime + (LENGTHS[level] as number)
}

function finalWindow(
  { complete }: WindowCandlesOptions,
  level: Level,
  openTime: number,
  sums: Accumulator,
): FinalWindow {
  return { level, openTime, sums, complete: complete(openTime, openTime + (LENGTHS[level] as number)) }
}
