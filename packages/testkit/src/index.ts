export { type ModelRegistryStore, modelRegistryContract, modelVersion } from './model-registry-contract.ts'
