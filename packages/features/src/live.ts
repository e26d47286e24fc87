import { type Candle, type EpochMicros, intervalMicros, type MarketSymbol } from '@c1/market'
import { CandleGrid, type GridCheckpoint } from './candle-grid.ts'
import { computeRow } from './compute-row.ts'
import type { FeatureSet } from './feature-set.ts'
import type { FeatureRow } from './row.ts'

export interface LiveFeaturesCheckpoint {
  readonly grids: readonly GridCheckpoint[]
}

/**
 * Rows from final candles as they come, one symbol beside the other. Its whole state is the newest `2 * maxLookBack - 1`
 * grid candles of each symbol: enough to correct any of the newest `maxLookBack`.
 *
 * A silence of more than `maxLookBack` intervals starts a symbol anew: it warms up again.
 */
export class LiveFeatures {
  readonly #set: FeatureSet
  readonly #retain: number
  readonly #grids = new Map<MarketSymbol, CandleGrid>()

  constructor(set: FeatureSet) {
    this.#set = set
    this.#retain = 2 * set.maxLookBack - 1
  }

  /**
   * Takes the next candle of a symbol, or a correction of one it has: the same window with a higher revision, or a window
   * that was thought empty. A correction gives one more revision of every row that read the candle, oldest first;
   * `correctedAt` is when it became known, by the market's clock. A candle that it has already gives nothing.
   *
   * `before-grid`: the correction is of a candle older than the newest `maxLookBack`, so its rows must be derived again
   * from the candle log. Nothing has changed: where rows to come may read the candle, `relearn` has to follow.
   *
   * @throws InvariantError `candle_unexpected` for another interval or a provisional candle
   */
  push(candle: Candle, correctedAt: EpochMicros = candle.closeTime): readonly FeatureRow[] | 'before-grid' {
    const grid = this.#gridOf(candle.symbol)
    const age = grid.length === 0 ? -1 : -grid.stepsAfterNewest(candle.closeTime)
    if (age < 0) return this.#advance(grid, candle)
    const at = grid.length - 1 - age
    if (at >= 0 && age < this.#retain && candle.revision <= grid.revision(at)) return []
    if (at < 0 || age >= this.#set.maxLookBack) return 'before-grid'
    return this.#correct(grid, at, candle, correctedAt)
  }

  /**
   * Takes a symbol's final candles, ascending and one a window in its newest revision, in the place of those it has. Their
   * rows count as made.
   */
  relearn(symbol: MarketSymbol, candles: readonly Candle[]): void {
    const grid = this.#gridOf(symbol)
    grid.clear()
    const oldest = (candles.at(-1)?.closeTime ?? 0) - 2 * this.#retain * intervalMicros(this.#set.group.interval)
    for (const candle of candles) if (candle.closeTime > oldest) this.#advance(grid, candle)
  }

  /** JSON. */
  checkpoint(): LiveFeaturesCheckpoint {
    return { grids: [...this.#grids.values()].map((grid) => grid.checkpoint()) }
  }

  /** Goes on as the one that made the checkpoint would, with the same set. */
  restore(checkpoint: LiveFeaturesCheckpoint): void {
    this.#grids.clear()
    for (const grid of checkpoint.grids) this.#gridOf(grid.symbol as MarketSymbol).restore(grid)
  }

  #advance(grid: CandleGrid, candle: Candle): readonly FeatureRow[] {
    if (grid.length > 0 && startsAnew(this.#set, grid.stepsAfterNewest(candle.closeTime))) grid.clear()
    grid.push(candle)
    const at = grid.length - 1
    const row = computeRow(this.#set, grid, at)
    if (row === undefined) return []
    grid.countRow(at)
    return [row]
  }

  #correct(grid: CandleGrid, at: number, candle: Candle, correctedAt: EpochMicros): readonly FeatureRow[] {
    grid.replace(at, candle)
    const rows: FeatureRow[] = []
    for (let index = at; index < grid.length; index++) {
      const row = computeRow(this.#set, grid, index)
      if (row === undefined) continue
      const availableAt = Math.max(row.eventTime, correctedAt) as EpochMicros
      rows.push({ ...row, revision: grid.countRow(index), availableAt })
    }
    return rows
  }

  #gridOf(symbol: MarketSymbol): CandleGrid {
    let grid = this.#grids.get(symbol)
    if (grid === undefined) {
      const { interval } = this.#set.group
      grid = new CandleGrid({ symbol, interval, capacity: 4 * this.#retain, retain: this.#retain })
      this.#grids.set(symbol, grid)
    }
    return grid
  }
}

/** Whether a candle so many intervals after the one before it begins a grid of its own. */
export function startsAnew(set: FeatureSet, steps: number): boolean {
  return steps > set.maxLookBack
}
