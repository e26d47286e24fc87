import type { EpochMicros, Instrument, MarketSymbol } from '@c1/market'
import type { Metrics } from '@c1/service'
import { MarketView, type StatusSources, showDashboard, startServer } from '@c1/show-dashboard'
import type { Context } from './context.ts'
import type { Workspace } from './workspace.ts'

export interface DashboardOptions extends Omit<StatusSources, 'view'> {
  readonly context: Context
  readonly workspace: Workspace
  readonly metrics: Metrics
  readonly simulated: boolean
  readonly symbols: readonly MarketSymbol[]
  readonly instruments: readonly Instrument[]
  /** The market's clock. */
  readonly clock: () => EpochMicros
}

/** The API and the page, listening before the roles start. */
export interface Dashboard {
  readonly url: string
  readonly run: (signal: AbortSignal) => Promise<void>
  close(): Promise<void>
}

/** @throws UsageError `port_in_use` */
export async function openDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { clock, context, instruments, metrics, simulated, symbols, workspace } = options
  const { features, settings } = context
  const view = new MarketView({
    source: { name: workspace.source, simulated },
    symbols,
    instruments,
    intervals: settings.intervals,
    predictionInterval: features.group.interval,
    clock,
  })
  const server = await startServer({
    ...options,
    view,
    features: workspace.features,
    registry: workspace.registry,
    metrics: metrics.registry,
    logger: context.logger,
    host: settings.httpHost,
    port: settings.httpPort,
  })
  const { checkpoints, log } = workspace
  return {
    url: server.url,
    run: (signal) => showDashboard({ log, view, checkpoints, signal }),
    close: () => server.close(),
  }
}
