import { type Candle, intervalMicros } from '@c1/market'
import { CandleGrid } from './candle-grid.ts'
import { computeRow } from './compute-row.ts'
import type { FeatureSet } from './feature-set.ts'
import { startsAnew } from './live.ts'
import type { FeatureRow } from './row.ts'

/**
 * The rows of one symbol's final candles, given ascending and one a window in its newest revision. Each row is as
 * `LiveFeatures` makes it, bit for bit, but is always a first revision, available at its event time.
 *
 * @throws InvariantError `candle_unexpected`, `candles_unordered`
 */
export function historyFeatures(set: FeatureSet, candles: readonly Candle[]): FeatureRow[] {
  const rows: FeatureRow[] = []
  for (const run of continuousRuns(set, candles)) {
    const grid = gridOf(set, run)
    for (let at = 0; at < grid.length; at++) {
      const row = computeRow(set, grid, at)
      if (row !== undefined) rows.push(row)
    }
  }
  return rows
}

/** Cuts where a silence starts the grid anew. */
function continuousRuns(set: FeatureSet, candles: readonly Candle[]): Candle[][] {
  const runs: Candle[][] = []
  for (const [index, candle] of candles.entries()) {
    const previous = candles[index - 1]
    if (previous === undefined || startsAnew(set, stepsBetween(set, previous, candle))) runs.push([candle])
    else runs.at(-1)?.push(candle)
  }
  return runs
}

function gridOf(set: FeatureSet, run: readonly Candle[]): CandleGrid {
  const [first, last] = [run[0] as Candle, run.at(-1) as Candle]
  const capacity = Math.max(1, stepsBetween(set, first, last) + 1)
  const grid = new CandleGrid({ symbol: first.symbol, interval: set.group.interval, capacity, retain: capacity })
  for (const candle of run) grid.push(candle)
  return grid
}

function stepsBetween(set: FeatureSet, earlier: Candle, later: Candle): number {
  return (later.closeTime - earlier.closeTime) / intervalMicros(set.group.interval)
}
