import type { FeatureRow } from '@c1/features'
import type { EpochMicros } from '@c1/market'

/** By event time, then revision. */
export function compareRows(a: FeatureRow, b: FeatureRow): number {
  return a.eventTime - b.eventTime || a.revision - b.revision
}

/** The rows with `changes` put in by their key (event time, revision), in order. */
export function mergeRows(rows: readonly FeatureRow[], changes: Iterable<FeatureRow>): FeatureRow[] {
  const merged = new Map<string, FeatureRow>()
  for (const row of rows) merged.set(rowKey(row), row)
  for (const row of changes) merged.set(rowKey(row), row)
  return [...merged.values()].sort(compareRows)
}

/** Tells the rows of one symbol apart. */
export function rowKey(row: FeatureRow): string {
  return `${row.eventTime}:${row.revision}`
}

/** Of ordered rows, the newest revision of each event time that was available at `knownAt`. */
export function newestRevisions(rows: readonly FeatureRow[], knownAt: EpochMicros | undefined): FeatureRow[] {
  const newest: FeatureRow[] = []
  for (const row of rows) {
    if (knownAt !== undefined && row.availableAt > knownAt) continue
    if (newest.at(-1)?.eventTime === row.eventTime) newest.pop()
    newest.push(row)
  }
  return newest
}
