export { type Change, type MarketSource, MarketView, type MarketViewOptions } from './market-view.ts'
export { type ShowDashboardOptions, showDashboard } from './role.ts'
export { type RunningServer, type ServerLogger, type ServerOptions, startServer } from './server.ts'
export type { CompletenessFacts, Readiness, StatusSources } from './status.ts'
export type { Limits, ScoredPrediction } from './symbol-view.ts'
export type {
  BudgetRow,
  CandidateRow,
  CandleRow,
  CompletenessRow,
  CompletenessStatus,
  ExceptionRow,
  HoleRow,
  ModelRow,
  Origin,
  OutageRow,
  PredictionRow,
  ProgressRow,
  ScoreRow,
  StatusRow,
  SymbolRow,
  SymbolStatus,
} from './wire.ts'
