/**
 * Population standard deviation (divided by `period`) of the newest `period` values; exactly 0 for a flat series.
 */
export function standardDeviation(values: Float64Array, at: number, period: number): number {
  return Math.sqrt(centre(values, at, period).variance)
}

/**
 * How many population standard deviations the newest value lies above the mean of the newest `period` values, itself
 * included. 0 for a flat series.
 */
export function zScore(values: Float64Array, at: number, period: number): number {
  const { offset, variance } = centre(values, at, period)
  return variance === 0 ? 0 : -offset / Math.sqrt(variance)
}

/**
 * Where the newest value lies between its Bollinger bands of `width` population standard deviations around the mean: -1 on
 * the lower, 1 on the upper. 0 for a flat series.
 *
 * @see John Bollinger, "Bollinger on Bollinger Bands" (2001); %b is `(position + 1) / 2`
 */
export function bollingerPosition(values: Float64Array, at: number, period: number, width: number): number {
  return zScore(values, at, period) / width
}

/** Mean (as an offset from the newest value) and variance. Distances from the newest value are exactly 0 when flat. */
function centre(values: Float64Array, at: number, period: number): { offset: number; variance: number } {
  const newest = values[at] as number
  let sum = 0
  for (let index = at - period + 1; index <= at; index++) sum += (values[index] as number) - newest
  const offset = sum / period
  let squares = 0
  for (let index = at - period + 1; index <= at; index++) squares += ((values[index] as number) - newest - offset) ** 2
  return { offset, variance: squares / period }
}
