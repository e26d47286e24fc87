export { defineFeature, type FeatureDefinition } from '@c1/features'
export { defineModel, type FittedModel, type ModelKind, type TrainingData } from '@c1/modeling'
export { defineConfig, type UserConfig } from './define-config.ts'
