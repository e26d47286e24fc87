export { CandleGrid, type GridCheckpoint, type GridOptions } from './candle-grid.ts'
export { checkFeature } from './check-feature.ts'
export { computeRow } from './compute-row.ts'
export {
  CANDLE_COLUMNS,
  type CandleColumn,
  type CandleColumns,
  defineFeature,
  type FeatureDefinition,
} from './definition.ts'
export { defineFeatureSet, type FeatureSet, type FeatureSetOptions } from './feature-set.ts'
export { historyFeatures } from './history.ts'
export { LiveFeatures, type LiveFeaturesCheckpoint } from './live.ts'
export type { FeatureColumn, FeatureGroup, FeatureRow } from './row.ts'
export { standardFeatures } from './standard-features.ts'
