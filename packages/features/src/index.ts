export { CANDLE_COLUMNS, type CandleColumn, type CandleColumns, type FeatureDefinition } from './definition.ts'
export type { FeatureColumn, FeatureGroup, FeatureRow } from './row.ts'
