export { type ComputeFeaturesOptions, computeFeatures } from './compute-features.ts'
export { finalCandles } from './final-candles.ts'
export { Materialiser, STORE_GROUP } from './materialise.ts'
