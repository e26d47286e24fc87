/** `ln(high / low)` of one candle; 0 when it is flat. */
export function logRange(high: Float64Array, low: Float64Array, at: number): number {
  return Math.log((high[at] as number) / (low[at] as number))
}

/**
 * Wilder's true range: the span from the lower of the low and the previous close to the higher of the high and the
 * previous close. Reads 2 values of `close`.
 */
export function trueRange(high: Float64Array, low: Float64Array, close: Float64Array, at: number): number {
  const previous = close[at - 1] as number
  return Math.max(high[at] as number, previous) - Math.min(low[at] as number, previous)
}

/**
 * Average true range: the plain mean of the newest `period` true ranges, which is the first value of Wilder's smoothed
 * form on the same window. Reads `period + 1` values; 0 for a flat series.
 *
 * @see J. Welles Wilder, "New Concepts in Technical Trading Systems" (1978)
 */
export function averageTrueRange(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  at: number,
  period: number,
): number {
  let sum = 0
  for (let index = at - period + 1; index <= at; index++) sum += trueRange(high, low, close, index)
  return sum / period
}
