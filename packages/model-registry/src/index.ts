export type { ModelRegistry } from './model-registry.ts'
