export type { FeatureGroupStore, FeatureStore, RowRange } from './feature-store.ts'
