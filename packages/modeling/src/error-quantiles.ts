export interface ErrorQuantiles {
  readonly lower: number
  readonly upper: number
}

/** The fewest errors whose extremes bound a new one with probability `coverage` (0 to 1). */
export function errorsNeeded(coverage: number): number {
  return Math.ceil(2 / (1 - coverage) - 1 - ROUNDING)
}

/** `1 - 0.9` is a little below 0.1; an index must not jump for it. */
const ROUNDING = 1e-9

/**
 * Split-conformal bounds of the next error: of n sorted errors the `floor((n + 1) a / 2)`-th and the
 * `ceil((n + 1)(1 - a / 2))`-th, a = 1 - coverage. With exchangeable errors the next one lies within them with
 * probability at least `coverage`, for any n of at least `errorsNeeded` and whatever the distribution.
 *
 * @see Vovk, Gammerman and Shafer (2005), section 2.2; each tail gets half of a, as both may be asymmetric
 */
export function errorQuantiles(errors: readonly number[], coverage: number): ErrorQuantiles {
  const sorted = errors.toSorted((a, b) => a - b)
  const rank = Math.floor(((sorted.length + 1) * (1 - coverage)) / 2 + ROUNDING)
  return { lower: sorted[rank - 1] as number, upper: sorted[sorted.length - rank] as number }
}
