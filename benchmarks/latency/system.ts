/** The process under test of the latency benchmark: every role of `c1 up`, wired as there, with a probe beside them. */
import { readFileSync } from 'node:fs'
import { elasticNet, modelName } from '@c1/modeling'
import { runRoles } from '@c1/service'
import { openContext } from '../../apps/c1/src/context.ts'
import { openDashboard } from '../../apps/c1/src/dashboard.ts'
import { Pipeline } from '../../apps/c1/src/pipeline.ts'
import { openVenue } from '../../apps/c1/src/venue.ts'
import { openWorkspace, ROLES } from '../../apps/c1/src/workspace.ts'
import { ArrivalProbe, type ClosingTimes, isPredicting, sharedNow, TopicProbe, timesOf } from './probe.ts'

export interface SystemOptions {
  readonly dataDir: string
  readonly symbols: readonly string[]
  /** Seconds of steady running before the measured part. */
  readonly warmUp: number
  /** Seconds measured. */
  readonly measured: number
}

export interface Measurement {
  readonly seconds: number
  readonly trades: number
  /** Symbols whose predictions an elastic net makes; a baseline makes the others'. */
  readonly elasticNets: number
  readonly cpuSeconds: number
  /** That the main thread was ready to run and other processes had the processors; Linux tells. */
  readonly waitedSeconds: number | undefined
  /** Candles closed by a live trade, by time. */
  readonly closings: readonly ClosingTimes[]
}

process.on('disconnect', () => process.exit())
const options: SystemOptions = JSON.parse(process.argv[2] as string)
const stop = new AbortController()
const source = { kind: 'kraken', folder: 'kraken' } as const
const { dataDir } = options
// One day between trainings: with the market's clock this fast, an hour of it would be one measured minute.
const flags = { source: 'kraken', symbols: options.symbols.join(), dataDir, httpPort: '0', trainEvery: '1d' }
const context = await openContext(flags, stop.signal)
const arrivalProbe = new ArrivalProbe()
const topicProbe = new TopicProbe()
arrivalProbe.watchSockets()

const workspace = await openWorkspace(context, source.folder, ROLES)
const venue = await openVenue(context, source, workspace.directory)
const pipeline = new Pipeline(context, workspace)
const { ingest, trades } = await pipeline.openIngest(venue)
arrivalProbe.watchTrades(trades)
const symbols = venue.instruments.map(({ symbol }) => symbol)
const dashboard = await openDashboard({
  context,
  workspace,
  metrics: pipeline.metrics,
  simulated: true,
  symbols,
  instruments: venue.instruments,
  clock: () => venue.clock.now(),
  readiness: () => ({ ready: true, reasons: [] }),
  progress: () => [],
})
const running = runRoles(
  [
    { name: 'ingest-trades', run: (signal) => ingest.run(signal) },
    pipeline.buildCandles(),
    pipeline.computeFeatures(),
    pipeline.storeFeatures(),
    pipeline.trainModel(symbols, venue.identity.startedAt, (position) => pipeline.stored(position)),
    pipeline.servePredictions(() => venue.clock.now()),
    { name: 'show-dashboard', run: dashboard.run },
    { name: 'probe', run: (signal) => topicProbe.watch(workspace.log, signal) },
  ],
  stop.signal,
  context.logger,
)

await Promise.race([running, predicting()])
await seconds(options.warmUp)
const measurement = await measure(options.measured)
stop.abort()
await running
await dashboard.close()
await trades.close()
await venue.close()
await workspace.close()
process.send?.(measurement, () => process.exit())

/** Resolves when the newest candle of every symbol has its prediction: history is fetched and the models are trained. */
async function predicting(): Promise<void> {
  for (;;) {
    await seconds(0.5)
    const closings = topicProbe.closings(arrivalProbe.arrivals)
    if (isPredicting(closings, symbols.length) && ingest.status().backfill.length === 0) return
  }
}

async function measure(length: number): Promise<Measurement> {
  const [from, cpu, before, waited] = [sharedNow(), process.cpuUsage(), arrivalProbe.trades, waitedSeconds()]
  await seconds(length)
  const [to, used, count] = [sharedNow(), process.cpuUsage(cpu), arrivalProbe.trades - before]
  const waitedAfter = waitedSeconds()
  // The last closings get time for their predictions.
  await seconds(1)
  return {
    seconds: (to - from) / 1000,
    trades: count,
    elasticNets: await countElasticNets(),
    cpuSeconds: (used.user + used.system) / 1e6,
    waitedSeconds: waited === undefined || waitedAfter === undefined ? undefined : waitedAfter - waited,
    closings: timesOf(topicProbe.closings(arrivalProbe.arrivals), from, to),
  }
}

async function countElasticNets(): Promise<number> {
  const names = symbols.map((symbol) => modelName(symbol, context.settings.horizon))
  const versions = await Promise.all(names.map((name) => workspace.registry.versions(name)))
  return versions.filter((of) => of.at(-1)?.kind === elasticNet.name).length
}

function waitedSeconds(): number | undefined {
  try {
    const [, nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
    return Number(nanoseconds) / 1e9
  } catch {
    return undefined
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000))
}
