/**
 * `ln(close[at] / close[at - span])`, the continuously compounded return over `span` candles. Reads `span + 1` values.
 */
export function logReturn(close: Float64Array, at: number, span: number): number {
  return Math.log((close[at] as number) / (close[at - span] as number))
}

/**
 * Square root of the sum of the squared one-candle log returns of the newest `span` candles: the volatility of the whole
 * span, not of one candle and not of a year. Reads `span + 1` values; 0 for a flat series.
 *
 * @see Andersen and Bollerslev (1998), "Answering the Skeptics", International Economic Review 39(4), 885-905
 */
export function realisedVolatility(close: Float64Array, at: number, span: number): number {
  let sum = 0
  for (let index = at - span + 1; index <= at; index++) sum += logReturn(close, index, 1) ** 2
  return Math.sqrt(sum)
}
