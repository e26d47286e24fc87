import type { FeatureRow } from '@c1/features'
import { type EpochMicros, InvariantError } from '@c1/market'

export interface Label {
  /** Index of its row. */
  readonly index: number
  /** Log return from the row's event time over the horizon. */
  readonly value: number
}

/** `ln(to / from)`. @throws InvariantError `price_not_positive` */
export function logReturn(from: number, to: number): number {
  if (!(from > 0 && to > 0 && Number.isFinite(from) && Number.isFinite(to))) {
    throw new InvariantError('price_not_positive', `No return from price ${from} to ${to}: both must be above 0.`)
  }
  return Math.log(to / from)
}

/**
 * The target of every row whose future is known: `ln(price(t + horizon) / price(t))`, where `price(x)` is the close of the
 * last row with event time at or before `x`. Event time decides, never a shift by rows: a window without trades has no row.
 *
 * `rows` are of one symbol, ascending, one an event time. A label is known when `t + horizon <= knownUntil`, the time up to
 * which the rows are all there; rows after it are not looked at.
 *
 * @throws InvariantError `rows_unordered`, `price_not_positive`
 */
export function labelRows(
  rows: readonly FeatureRow[],
  closeIndex: number,
  horizonMicros: number,
  knownUntil: EpochMicros,
): readonly Label[] {
  const labels: Label[] = []
  let last = 0
  for (const [index, row] of rows.entries()) {
    checkOrder(rows[index - 1], row)
    const end = row.eventTime + horizonMicros
    if (end > knownUntil) continue
    while ((rows[last + 1]?.eventTime ?? Number.POSITIVE_INFINITY) <= end) last++
    labels.push({ index, value: logReturn(close(row, closeIndex), close(rows[last] as FeatureRow, closeIndex)) })
  }
  return labels
}

function close(row: FeatureRow, closeIndex: number): number {
  return row.values[closeIndex] ?? Number.NaN
}

function checkOrder(before: FeatureRow | undefined, row: FeatureRow): void {
  if (before !== undefined && before.eventTime >= row.eventTime) {
    throw new InvariantError(
      'rows_unordered',
      `Row ${row.eventTime} follows ${before.eventTime}: rows must ascend by event time, one revision each.`,
    )
  }
}
