/** `noise`: nothing predicts a return. `signal`: the taker imbalance of a minute predicts the next minute's return. */
export type MarketKind = 'noise' | 'signal'
export const MARKET_KINDS: readonly MarketKind[] = ['noise', 'signal']

/** The imbalance of every minute is drawn uniformly from (-IMBALANCE_BOUND, IMBALANCE_BOUND), independently. */
export const IMBALANCE_BOUND = 0.8

/** Standard deviation of a minute's taker imbalance: that of a uniform variable. */
export const IMBALANCE_DEVIATION: number = IMBALANCE_BOUND / Math.sqrt(3)

/**
 * Share of the variance of the one-minute log return of the mid price that the previous minute's taker imbalance
 * explains, over every whole UTC day of a `signal` market.
 *
 * For the minute `m` of a day whose minute volatility is `s` (mean square of its one-minute log returns, square root):
 *
 *     r(m + 1) = beta x imbalance(m) + e(m + 1)
 *     imbalance = (buyVolume - sellVolume) / volume          taker's side, minute windows aligned to UTC
 *     beta = signalBeta(s) = sqrt(R2) x s / sd(imbalance)
 *     e    = normal with mean 0, mean variance over the day (1 - R2) x s^2; its volatility clusters
 *
 * The candle feature `takerImbalance` of the last closed minute shows it. The drift runs evenly through the first half
 * of the minute. A minute with a single taker order shows +1 or -1, of which only the sign tells; one without trades
 * shows nothing. Measured on last trade prices instead of mid prices, the share is a little lower: by minutes without a
 * trade in the second half, by the half spread, and by the rounding to the price step (coarse for ETH/BTC).
 */
export const SIGNAL_R_SQUARED = 0.25

/** Log return per unit of imbalance in a `signal` market, for a day whose one-minute volatility is `minuteVolatility`. */
export function signalBeta(minuteVolatility: number): number {
  return (Math.sqrt(SIGNAL_R_SQUARED) * minuteVolatility) / IMBALANCE_DEVIATION
}
