export { type EventLogStore, eventLogContract, logRecord } from './event-log-contract.ts'
export { type FeatureStorage, featureGroup, featureRow, featureStoreContract } from './feature-store-contract.ts'
export { type ModelRegistryStore, modelRegistryContract, modelVersion } from './model-registry-contract.ts'
