export { ModelVersions, type ModelVersionsOptions } from './model-versions.ts'
export { PendingPredictions } from './pending.ts'
export { type ServePredictionsOptions, servePredictions } from './serve-predictions.ts'
