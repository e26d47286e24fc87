import { createServer, type Server, type ServerResponse } from 'node:http'
import { storeGroup } from '@c1/compute-features'
import { type Position, TOPICS } from '@c1/event-log'
import { type Ingest, watchForeignWriters } from '@c1/ingest-trades'
import { systemTime, UsageError } from '@c1/market'
import { type Metrics, type Role, runRoles } from '@c1/service'
import { closing } from '../closing.ts'
import { ingestState } from '../completeness.ts'
import type { Context } from '../context.ts'
import { openDashboard } from '../dashboard.ts'
import { keepState } from '../ingest-state.ts'
import { unlessStopped } from '../interrupt.ts'
import { WRITER } from '../kafka.ts'
import { Pipeline } from '../pipeline.ts'
import { ProgressLine } from '../progress.ts'
import { isSimulated, type MarketSource, pinnedSource } from '../source.ts'
import { describeMarket, readIdentity } from '../source-identity.ts'
import { sourceOnBroker } from '../source-on-broker.ts'
import { followedSymbols, openVenue, savedInstruments } from '../venue.ts'
import { openWorkspace, ROLES, type RoleName, type Workspace } from '../workspace.ts'

/** Of the five seconds in which a role ends: what is left is for closing what it holds open. */
const DRAIN_MS = 2500

/** One role on a source's folder, until Ctrl-C. The roles meet in the log, so each can be its own process. */
export async function run(context: Context, name: string, { quiet }: { readonly quiet: boolean }): Promise<void> {
  const role = ROLES.find((role) => role === name)
  if (role === undefined) {
    throw new UsageError('role_unknown', `There is no role "${name}". Choose from ${ROLES.join(', ')}.`)
  }
  const source = await sourceOf(context)
  const workspace = await openWorkspace(context, source.folder, [role], { patienceMs: Number.POSITIVE_INFINITY })
  const lines = new ProgressLine(quiet)
  await closing(async () => {
    const pipeline = new Pipeline(context, workspace)
    const opening = rolesOf(role, context, source, workspace, pipeline, lines)
    const { close, roles } = await unlessStopped(opening, context.signal)
    const metrics = role === 'show-dashboard' ? undefined : await serveMetrics(context, pipeline.metrics)
    if (metrics !== undefined)
      lines.say(`${role} on ${workspace.directory}; metrics: ${metrics.url}/metrics   (Ctrl-C stops)`)
    // Only a log elsewhere may not answer.
    const options = workspace.log.isShared ? { drainMs: DRAIN_MS } : {}
    await closing(
      () => runRoles(roles, context.signal, context.logger, options),
      () => metrics?.close(),
      close,
    )
  }, workspace.close)
}

function sourceOf(context: Context): Promise<MarketSource> | MarketSource {
  const { path, settings } = context
  if (settings.eventLog === 'kafka') return sourceOnBroker(context, Number.POSITIVE_INFINITY)
  return pinnedSource(settings, path) ?? { kind: 'kraken', folder: 'kraken' }
}

interface Running {
  readonly roles: readonly Role[]
  readonly close: () => Promise<void>
}

async function rolesOf(
  role: RoleName,
  context: Context,
  source: MarketSource,
  workspace: Workspace,
  pipeline: Pipeline,
  lines: ProgressLine,
): Promise<Running> {
  const nothing = async (): Promise<void> => {}
  switch (role) {
    case 'ingest-trades':
      return runIngest(context, source, workspace, pipeline)
    case 'build-candles':
      return { roles: [pipeline.buildCandles()], close: nothing }
    case 'compute-features':
      return { roles: [pipeline.computeFeatures(), pipeline.storeFeatures()], close: nothing }
    case 'train-model':
      return { roles: [trainModel(context, source, workspace, pipeline)], close: nothing }
    case 'serve-predictions':
      return { roles: [pipeline.servePredictions(systemTime)], close: nothing }
    case 'show-dashboard':
      return runDashboard(context, source, workspace, pipeline, lines)
  }
}

async function runIngest(
  context: Context,
  source: MarketSource,
  workspace: Workspace,
  pipeline: Pipeline,
): Promise<Running> {
  const venue = await openVenue(context, source, workspace.directory)
  const { ingest, trades } = await pipeline.openIngest(venue)
  const stopTelling = tellReadiness(ingest, pipeline.metrics)
  const ingesting: Role = { name: 'ingest-trades', run: (signal) => ingest.run(signal), comesBack: 'fetched again' }
  const roles: Role[] = [ingesting]
  const { log, source: name } = workspace
  if (log.isShared) {
    const symbols = venue.instruments.map(({ symbol }) => symbol)
    const { metrics } = pipeline
    const watched = { log, source: name, trades, writer: WRITER, symbols, logger: context.logger, metrics }
    roles.push({ name: 'watch-writers', run: (signal) => watchForeignWriters(watched, signal) })
  }
  const forgetState = keepState(workspace.directory, () => ingestState(ingest))
  return {
    roles,
    close: async () => {
      stopTelling()
      forgetState()
      await trades.close()
      await venue.close()
    },
  }
}

const READINESS_MS = 500

function tellReadiness(ingest: Ingest, { notReady }: Metrics): () => void {
  const tell = (): void => {
    const { backfill, connected, refused } = ingest.status()
    const reasons = [
      ...(connected ? [] : ['the live feed is not connected']),
      ...backfill.map(({ symbol }) => `the history of ${symbol} is being fetched`),
      ...refused.map(({ reason, symbol }) => `the venue refuses ${symbol}: ${reason}`),
    ]
    if (reasons.length === 0) notReady.delete('ingest-trades')
    else notReady.set('ingest-trades', reasons.join(', '))
  }
  tell()
  const timer = setInterval(tell, READINESS_MS)
  return () => clearInterval(timer)
}

function trainModel(context: Context, source: MarketSource, workspace: Workspace, pipeline: Pipeline): Role {
  const { settings, signal } = context
  const identity = readIdentity(workspace.directory, describeMarket(source, settings))
  if (identity === undefined) {
    throw new UsageError(
      'data_missing',
      `${workspace.directory} holds no live data yet: start ingest-trades first, or train on imported data with "c1 train".`,
    )
  }
  const symbols = followedSymbols(context, workspace.directory)
  return pipeline.trainModel(symbols, identity.startedAt, (position) => storedElsewhere(workspace, position, signal))
}

const POLL_MS = 200

/** Another process writes the store: it commits how far it is. */
async function storedElsewhere({ features, log }: Workspace, position: Position, signal: AbortSignal): Promise<void> {
  const group = storeGroup(features.group)
  while (!signal.aborted) {
    const reached = await log.committed(TOPICS.features, group)
    if (Object.entries(position).every(([partition, offset]) => (reached[Number(partition)] ?? 0) >= offset)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function runDashboard(
  context: Context,
  source: MarketSource,
  workspace: Workspace,
  pipeline: Pipeline,
  lines: ProgressLine,
): Promise<Running> {
  const dashboard = await openDashboard({
    context,
    workspace,
    metrics: pipeline.metrics,
    simulated: isSimulated(source),
    symbols: followedSymbols(context, workspace.directory),
    instruments: savedInstruments(workspace.directory),
    clock: systemTime,
    readiness: () => ({ ready: true, reasons: [] }),
  })
  lines.say(`Page and API: ${dashboard.url}   (Ctrl-C stops)`)
  return { roles: [{ name: 'show-dashboard', run: dashboard.run }], close: () => dashboard.close() }
}

type Answer = (metrics: Metrics, response: ServerResponse) => unknown

/** What a role run alone answers on its own port. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  '/healthz': (_, response) => answerJson(response, 200, { status: 'ok' }),
  '/readyz': ({ notReady }, response) => {
    const reasons = [...notReady].map(([role, reason]) => `${role}: ${reason}`)
    answerJson(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons })
  },
  '/metrics': async (metrics, response) => {
    const text = await metrics.text()
    response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text)
  },
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function serveMetrics(
  { settings }: Context,
  metrics: Metrics,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = request.method === 'GET' ? ANSWERS[request.url ?? ''] : undefined
    if (answer === undefined) return response.writeHead(404).end()
    return answer(metrics, response)
  })
  const { httpHost: host, metricsPort: port } = settings
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(
        new UsageError(
          'port_in_use',
          `Port ${port} on ${host} cannot be opened: choose another one with --metrics-port or C1_METRICS_PORT.`,
        ),
      ),
    )
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const opened = typeof address === 'object' && address !== null ? address.port : port
  return { url: `http://${host}:${opened}`, close: () => closeServer(server) }
}

/** A scraper that keeps its connection open does not keep the process alive. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
