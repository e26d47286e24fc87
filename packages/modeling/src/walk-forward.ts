import { type EpochMicros, InvariantError } from '@c1/market'

/** Half-open ranges of row indexes: training `[0, trainEnd)`, test `[testStart, testEnd)`. */
export interface Fold {
  readonly trainEnd: number
  readonly testStart: number
  readonly testEnd: number
}

export interface WalkForwardOptions {
  /** How many test parts. */
  readonly folds: number
  /** Length of a label's window, microseconds. */
  readonly horizon: number
  /** A further span between the last training label and the first test row, microseconds. Default: `horizon`. */
  readonly embargo?: number
}

/**
 * Splits rows in time: always learn from the past, with a growing training part, and test on what follows.
 *
 * The rows are cut into `folds + 1` blocks of equal count; the first is for training only, every other is tested once.
 * Of the training rows, those whose label window `[t, t + horizon)` ends later than `embargo` before the test are purged:
 *
 *     time    ------------------------------------------------------------->
 *     fold 1  [train       )[ purge )[embargo)[test     )
 *     fold 2  [train                  )[ purge )[embargo)[test     )
 *     fold 3  [train                            )[ purge )[embargo)[test     )
 *
 * so `t + horizon + embargo <= first test event time` for every training row, and no label of training sees a price that
 * a test row or its label sees. A fold may have no training rows left; the caller decides what that means.
 *
 * @throws InvariantError `rows_unordered` when `eventTimes` do not ascend
 */
export function walkForward(eventTimes: readonly EpochMicros[], options: WalkForwardOptions): readonly Fold[] {
  const { folds, horizon, embargo = horizon } = options
  checkAscending(eventTimes)
  const boundary = (block: number): number => Math.floor((eventTimes.length * block) / (folds + 1))
  return Array.from({ length: folds }, (_, index) => {
    const [testStart, testEnd] = [boundary(index + 1), boundary(index + 2)]
    const latest = (eventTimes[testStart] ?? Number.NEGATIVE_INFINITY) - horizon - embargo
    return { trainEnd: countUntil(eventTimes, latest), testStart, testEnd }
  })
}

/** How many of the ascending times are at or before `latest`. */
function countUntil(eventTimes: readonly EpochMicros[], latest: number): number {
  let [low, high] = [0, eventTimes.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((eventTimes[middle] as number) <= latest) low = middle + 1
    else high = middle
  }
  return low
}

function checkAscending(eventTimes: readonly EpochMicros[]): void {
  const at = eventTimes.findIndex((time, index) => index > 0 && time <= (eventTimes[index - 1] as number))
  if (at !== -1) {
    throw new InvariantError('rows_unordered', `Event time ${eventTimes[at]} does not follow ${eventTimes[at - 1]}.`)
  }
}
