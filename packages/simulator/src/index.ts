export type { ArchiveFormat } from './archive.ts'
export type { Wall } from './clock.ts'
export type { FaultEntry, FaultKind } from './faults/fault.ts'
export type { Wire } from './faults/faulty-link.ts'
export { MALFORMED_KINDS, type MalformedKind } from './faults/malformed-frame.ts'
export { type RandomFaults, randomFaults } from './faults/random-faults.ts'
export { readFaultFile } from './faults/read-faults.ts'
export type { RestAnswer } from './faults/rest-faults.ts'
export { type Market, syntheticMarket } from './market/market.ts'
export {
  IMBALANCE_BOUND,
  IMBALANCE_DEVIATION,
  MARKET_KINDS,
  type MarketKind,
  SIGNAL_R_SQUARED,
  signalBeta,
} from './market/signal.ts'
export type { SimulatorOptions, VenueOptions } from './options.ts'
export { type Simulator, startSimulator } from './simulator.ts'
export type { Connection } from './socket/connections.ts'
export type { TrueTrade } from './truth.ts'
export { Venue } from './venue.ts'
