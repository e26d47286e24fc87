/**
 * Volume-weighted average price of the newest `period` candles, from their own averages and volumes. The newest candle's
 * own where nothing was traded.
 */
export function rollingVwap(vwap: Float64Array, volume: Float64Array, at: number, period: number): number {
  const newest = vwap[at] as number
  let notional = 0
  let total = 0
  for (let index = at - period + 1; index <= at; index++) {
    notional += ((vwap[index] as number) - newest) * (volume[index] as number)
    total += volume[index] as number
  }
  return total === 0 ? newest : newest + notional / total
}

/**
 * Taker buy volume less taker sell volume, over all volume, of the newest `period` candles: -1 only sells, 1 only buys.
 * 0 where nothing was traded; NaN where the side of a candle's trades is not known (`buyVolume` NaN).
 */
export function takerImbalance(volume: Float64Array, buyVolume: Float64Array, at: number, period: number): number {
  let bought = 0
  let total = 0
  for (let index = at - period + 1; index <= at; index++) {
    bought += buyVolume[index] as number
    total += volume[index] as number
  }
  return total === 0 ? 0 : (2 * bought) / total - 1
}
