export { type ComputeFeaturesOptions, computeFeatures } from './compute-features.ts'
export { finalCandles } from './final-candles.ts'
export { Materialiser, storeGroup } from './materialise.ts'
