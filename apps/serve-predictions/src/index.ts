export { ModelVersions, type ModelVersionsOptions } from './model-versions.ts'
export { type ServePredictionsOptions, servePredictions } from './serve-predictions.ts'
