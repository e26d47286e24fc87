import { formatTime } from '@c1/market'
import type { FeatureGroup, FeatureRow } from './row.ts'

/** `symbol,eventTime,availableAt,revision` and a column a feature. No line end. */
export function featureCsvHeader(group: FeatureGroup): string {
  return ['symbol', 'eventTime', 'availableAt', 'revision', ...group.features.map(({ name }) => name)].join(',')
}

/** One row under `featureCsvHeader`: the shortest text that reads back as the same number; empty where NaN. */
export function featureCsvLine(row: FeatureRow): string {
  const values = row.values.map((value) => (Number.isNaN(value) ? '' : String(value)))
  return [row.symbol, formatTime(row.eventTime), formatTime(row.availableAt), row.revision, ...values].join(',')
}
