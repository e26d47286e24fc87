import { emaDecay } from './averages.ts'

/**
 * Relative strength index, 0 to 100, in Cutler's form: plain means of the newest `period` gains and losses, where Wilder's
 * smooths over all of history. It is the first value that Wilder's gives on the same window. Reads `period + 1` values;
 * 50 for a flat series.
 *
 * @see J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978), for the index and the smoothed form
 */
export function rsi(close: Float64Array, at: number, period: number): number {
  let gains = 0
  let losses = 0
  for (let index = at - period + 1; index <= at; index++) {
    const change = (close[index] as number) - (close[index - 1] as number)
    if (change > 0) gains += change
    else losses -= change
  }
  const moved = gains + losses
  return moved === 0 ? 50 : (100 * gains) / moved
}

/** In the unit of the values. */
export interface Macd {
  /** Fast less slow exponential average. */
  readonly line: number
  /** Exponential average of the line. */
  readonly signal: number
  readonly histogram: number
}

export interface MacdPeriods {
  readonly fast: number
  readonly slow: number
  readonly signal: number
}

/**
 * Moving average convergence and divergence over the newest `lookBack` values: all three averages are as in `ema`, cut at
 * the start of the window. All 0 for a flat series.
 *
 * The line differs from the endless one by at most the error of its two averages (see `ema`).
 *
 * @see Gerald Appel, "Technical Analysis: Power Tools for Active Investors" (2005)
 */
export function macd(values: Float64Array, at: number, periods: MacdPeriods, lookBack: number): Macd {
  const newest = values[at] as number
  const fast = new WindowEma(periods.fast)
  const slow = new WindowEma(periods.slow)
  const signal = new WindowEma(periods.signal)
  let line = 0
  let smoothed = 0
  for (let index = at - lookBack + 1; index <= at; index++) {
    const distance = (values[index] as number) - newest
    line = fast.add(distance) - slow.add(distance)
    smoothed = signal.add(line)
  }
  return { line, signal: smoothed, histogram: line - smoothed }
}

class WindowEma {
  readonly #decay: number
  #sum = 0
  #weights = 0

  constructor(period: number) {
    this.#decay = emaDecay(period)
  }

  add(value: number): number {
    this.#sum = this.#sum * this.#decay + value
    this.#weights = this.#weights * this.#decay + 1
    return this.#sum / this.#weights
  }
}

/**
 * Stochastic oscillator %K, 0 to 100, not smoothed: where the close lies between the lowest low and the highest high of
 * the newest `period` candles. 50 where these are equal.
 */
export function stochastic(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  at: number,
  period: number,
): number {
  let highest = Number.NEGATIVE_INFINITY
  let lowest = Number.POSITIVE_INFINITY
  for (let index = at - period + 1; index <= at; index++) {
    highest = Math.max(highest, high[index] as number)
    lowest = Math.min(lowest, low[index] as number)
  }
  return highest === lowest ? 50 : (100 * ((close[at] as number) - lowest)) / (highest - lowest)
}
