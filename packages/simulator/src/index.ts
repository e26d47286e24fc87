export type { Wall } from './clock.ts'
export {
  IMBALANCE_BOUND,
  IMBALANCE_DEVIATION,
  MARKET_KINDS,
  type MarketKind,
  SIGNAL_R_SQUARED,
  signalBeta,
} from './market/signal.ts'
export type { SimulatorOptions } from './options.ts'
export { type Simulator, startSimulator } from './simulator.ts'
