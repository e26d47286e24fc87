export { type EmbeddedRegistryOptions, openEmbeddedRegistry } from './embedded/embedded-registry.ts'
export type { ModelRegistry } from './model-registry.ts'
