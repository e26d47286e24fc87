/** Arithmetic mean; 0 of nothing. Summed in order, so that equal rows give equal bits. */
export function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return values.length === 0 ? 0 : sum / values.length
}

export interface Estimate {
  readonly mean: number
  readonly standardError: number
}

/** How many following rows a label's window can overlap: `ceil(horizon / interval) - 1`. Both in microseconds. */
export function overlapLag(horizon: number, interval: number): number {
  return Math.ceil(horizon / interval) - 1
}

/** The mean of an autocorrelated series with its standard error; values further apart than `lag` are independent. */
export function meanWithError(values: readonly number[], lag: number): Estimate {
  const average = mean(values)
  const products: number[] = []
  for (let k = 0; k <= Math.min(lag, values.length - 1); k++) {
    let sum = 0
    for (let at = k; at < values.length; at++) {
      sum += ((values[at] as number) - average) * ((values[at - k] as number) - average)
    }
    products.push(sum)
  }
  return { mean: average, standardError: standardErrorOfMean(products, values.length) }
}

/**
 * Standard error of the mean of `count` values out of `products[k]`, the sum of products of deviations from the mean at
 * distance `k`, from 0 to the lag beyond which the values are independent.
 *
 * Diebold and Mariano (1995): the autocovariances up to the lag in full, as labels that overlap make them; where Newey and
 * West (1987), which weighs them down, gives more (it is never negative), that. With the correction for short series of
 * Harvey, Leybourne and Newbold (1997); at lag 0 it is the usual `s / sqrt(count)`. Infinite when the series is not
 * longer than the lag plus one.
 */
export function standardErrorOfMean(products: readonly number[], count: number): number {
  const horizon = products.length
  const [own = 0, ...others] = products
  if (count <= horizon) return Number.POSITIVE_INFINITY
  const full = others.reduce((sum, product) => sum + 2 * product, own)
  const tapered = others.reduce((sum, product, k) => sum + 2 * product * (1 - (k + 1) / horizon), own)
  return Math.sqrt(Math.max(full, tapered, 0) / ((count - horizon) * (count - horizon + 1)))
}

/** How many standard errors the mean is above 0; 0 where there is no error to judge by. */
export function tStatistic({ mean, standardError }: Estimate): number {
  return standardError > 0 ? mean / standardError : 0
}
