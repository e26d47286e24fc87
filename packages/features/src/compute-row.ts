import type { CandleGrid } from './candle-grid.ts'
import type { FeatureSet } from './feature-set.ts'
import type { FeatureRow } from './row.ts'

/**
 * The step that history and live share: the first revision of the row at index `at` of the grid. Absent where the window
 * had no trades, and until the grid holds `maxLookBack` entries up to it.
 *
 * A value that is not finite counts as not determined (NaN), and -0 as 0: files and JSON tell no more apart.
 */
export function computeRow(set: FeatureSet, grid: CandleGrid, at: number): FeatureRow | undefined {
  const oldest = at - set.maxLookBack + 1
  if (oldest < 0 || !grid.isTraded(at)) return undefined
  const { columns } = grid
  const eventTime = grid.closeTime(at)
  return {
    symbol: grid.symbol,
    eventTime,
    availableAt: eventTime,
    revision: 1,
    firstTradeId: grid.firstTradeId(oldest),
    lastTradeId: grid.lastTradeId(at),
    values: set.features.map(({ compute }) => canonical(compute(columns, at))),
  }
}

function canonical(value: number): number {
  return Number.isFinite(value) ? value + 0 : Number.NaN
}
