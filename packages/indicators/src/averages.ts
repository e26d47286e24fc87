/**
 * Arithmetic mean of the newest `period` values. Exact for a flat series, because it is the newest value plus the mean
 * distance from it.
 */
export function mean(values: Float64Array, at: number, period: number): number {
  const newest = values[at] as number
  let sum = 0
  for (let index = at - period + 1; index <= at; index++) sum += (values[index] as number) - newest
  return newest + sum / period
}

/** Share that an exponential average of this period keeps of its past with each new value: `1 - 2 / (period + 1)`. */
export function emaDecay(period: number): number {
  return 1 - 2 / (period + 1)
}

/**
 * Exponential moving average with smoothing `2 / (period + 1)`, cut to the newest `lookBack` values and its weights scaled
 * to sum to 1, so that it has no memory. Exact for a flat series.
 *
 * It differs from the endless average by at most `emaDecay(period) ** lookBack` times the range of all the values: 0.25 %
 * of the range with `lookBack` three times the period.
 */
export function ema(values: Float64Array, at: number, period: number, lookBack: number): number {
  const decay = emaDecay(period)
  const newest = values[at] as number
  let sum = 0
  let weights = 0
  for (let index = at - lookBack + 1; index <= at; index++) {
    sum = sum * decay + ((values[index] as number) - newest)
    weights = weights * decay + 1
  }
  return newest + sum / weights
}
