export { csvToParquet, type ParquetColumn } from './csv-to-parquet.ts'
export { type EmbeddedStoreOptions, openEmbeddedStore } from './embedded/embedded-store.ts'
export type { FeatureGroupStore, FeatureStore, RowRange } from './feature-store.ts'
