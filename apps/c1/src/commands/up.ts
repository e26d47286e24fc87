import type { Ingest } from '@c1/ingest-trades'
import { formatSpan, MICROS_PER_SECOND } from '@c1/market'
import { type Role, runRoles } from '@c1/service'
import { closing } from '../closing.ts'
import { completenessFacts, ingestState } from '../completeness.ts'
import type { Context } from '../context.ts'
import { openDashboard } from '../dashboard.ts'
import { keepState } from '../ingest-state.ts'
import { Pipeline } from '../pipeline.ts'
import { backfillText, ProgressLine } from '../progress.ts'
import { isSimulated, type MarketSource, reachableSource } from '../source.ts'
import { openVenue, type Venue } from '../venue.ts'
import { openWorkspace, ROLES, type Workspace } from '../workspace.ts'

/** Markets that are named one by one. */
const MOST_NAMED = 20

/** All roles in one process, until Ctrl-C. */
export async function up(context: Context, { quiet }: { readonly quiet: boolean }): Promise<void> {
  const lines = new ProgressLine(quiet)
  const source = await reachableSource(context.settings, context.path, (line) => lines.say(line))
  const workspace = await openWorkspace(context, source.folder, ROLES, { patienceMs: Number.POSITIVE_INFINITY })
  await closing(async () => {
    const venue = await openVenue(context, source, workspace.directory)
    await closing(() => runAll(context, source, workspace, venue, lines), venue.close)
  }, workspace.close)
  lines.say('Stopped. Everything received is kept; the next start goes on from here.')
}

async function runAll(
  context: Context,
  source: MarketSource,
  workspace: Workspace,
  venue: Venue,
  lines: ProgressLine,
): Promise<void> {
  const { logger, signal } = context
  const pipeline = new Pipeline(context, workspace)
  const { ingest, trades } = await pipeline.openIngest(venue)
  const { clock, instruments } = venue
  const symbols = instruments.map(({ symbol }) => symbol)
  const dashboard = await openDashboard({
    context,
    workspace,
    metrics: pipeline.metrics,
    simulated: isSimulated(source),
    symbols,
    instruments,
    clock: () => clock.now(),
    readiness: () => readiness(ingest),
    completeness: () => completenessFacts(ingest),
    progress: () => ingest.status().backfill.map(({ symbol, fraction }) => ({ symbol, done: fraction, total: 1 })),
  })
  announce(lines, context, source, symbols, dashboard.url)
  const stopTelling = tellBackfill(ingest, lines)
  const forgetState = keepState(workspace.directory, () => ingestState(ingest))
  const roles: Role[] = [
    { name: 'ingest-trades', run: (signal) => ingest.run(signal) },
    pipeline.buildCandles(),
    pipeline.computeFeatures(),
    pipeline.storeFeatures(),
    pipeline.trainModel(symbols, venue.identity.startedAt, (position) => pipeline.stored(position)),
    pipeline.servePredictions(() => clock.now()),
    { name: 'show-dashboard', run: dashboard.run },
  ]
  await closing(
    () => runRoles(roles, signal, logger),
    stopTelling,
    forgetState,
    () => dashboard.close(),
    () => trades.close(),
  )
}

function announce(
  lines: ProgressLine,
  { settings }: Context,
  source: MarketSource,
  symbols: readonly string[],
  url: string,
): void {
  const mark = isSimulated(source) ? 'SIMULATED ' : ''
  const markets = symbols.length > MOST_NAMED ? `${symbols.length} markets` : symbols.join(', ')
  lines.say(`${mark}${source.folder}: ${markets}, predicting ${formatSpan(settings.horizon)} ahead`)
  lines.say(`Page and API: ${url}   (Ctrl-C stops)`)
}

function readiness(ingest: Ingest): { ready: boolean; reasons: string[] } {
  const { backfill, connected, refused } = ingest.status()
  const reasons = [
    ...(connected ? [] : ['The live feed is not connected.']),
    ...backfill.map(({ symbol, fraction }) => `History of ${symbol} is ${Math.floor(fraction * 100)} % fetched.`),
    ...refused.map(({ symbol, reason }) => `The venue refuses ${symbol}: ${reason}.`),
  ]
  return { ready: connected && backfill.length === 0, reasons }
}

const TELL_EVERY_MS = 250

function tellBackfill(ingest: Ingest, lines: ProgressLine): () => void {
  const startedAt = performance.now()
  let fetching = true
  const timer = setInterval(() => {
    const { backfill, backfillSecondsLeft } = ingest.status()
    const seconds = (performance.now() - startedAt) / 1000
    if (backfill.length > 0) {
      lines.show(() => backfillText(backfill, seconds, backfillSecondsLeft))
    } else if (fetching && seconds > 1) {
      fetching = false
      lines.say(
        `History is complete and joined with live trades (${formatSpan(Math.round(seconds) * MICROS_PER_SECOND)}).`,
      )
    }
  }, TELL_EVERY_MS)
  return () => clearInterval(timer)
}
