export type { FittedModel, ModelKind, TrainingData } from './model.ts'
export type { CandidateScore, ModelCard, ModelVersion } from './model-version.ts'
export type { Outcome, Prediction } from './prediction.ts'
