import { type BuildCandlesOptions, buildCandles } from '@c1/build-candles'
import { computeFeatures, Materialiser } from '@c1/compute-features'
import type { Position } from '@c1/event-log'
import { Ingest, TradeLog } from '@c1/ingest-trades'
import { type EpochMicros, intervalMicros, type MarketSymbol } from '@c1/market'
import { ModelVersions, servePredictions } from '@c1/serve-predictions'
import { LiveWork, Metrics, type Role } from '@c1/service'
import { Trainer, TrainingWorker, trainingSchedule, trainModels } from '@c1/train-model'
import { codeVersion } from './code-version.ts'
import type { Context } from './context.ts'
import type { Venue } from './venue.ts'
import type { Workspace } from './workspace.ts'

const FOLDS = 5
const COVERAGE = 0.9
const PAUSE_MS = 20

/** The roles of one source's folder, wired: what each reads and writes. */
export class Pipeline {
  readonly metrics: Metrics = new Metrics()
  readonly #context: Context
  readonly #workspace: Workspace
  readonly #live = new LiveWork()
  readonly #materialiser: Materialiser

  constructor(context: Context, workspace: Workspace) {
    this.#context = context
    this.#workspace = workspace
    this.#materialiser = new Materialiser(workspace.log, workspace.features, workspace.source, this.#live)
  }

  async openIngest(venue: Venue): Promise<{ readonly ingest: Ingest; readonly trades: TradeLog }> {
    const { logger, settings } = this.#context
    const trades = await TradeLog.open(this.#workspace)
    const { clock, instruments, pingIntervalMs, rest, wsUrl } = venue
    const { metrics } = this
    const { backfill } = settings
    return {
      trades,
      ingest: new Ingest({ trades, rest, wsUrl, instruments, clock, pingIntervalMs, backfill, logger, metrics }),
    }
  }

  buildCandles(until?: 'end'): Role {
    const { latenessFile: file, latenessLive: venue } = this.#context.settings
    const options: BuildCandlesOptions = { ...this.#common(), lateness: { venue, file }, ...(until && { until }) }
    return { name: 'build-candles', run: (signal) => buildCandles(options, signal) }
  }

  computeFeatures(until?: 'end'): Role {
    const options = { ...this.#common(), live: this.#live, features: this.#context.features, ...(until && { until }) }
    return { name: 'compute-features', run: (signal) => computeFeatures(options, signal) }
  }

  /** Goes with `compute-features`: the same process writes the rows to the log and to the store. */
  storeFeatures(until?: 'end'): Role {
    return { name: 'store-features', run: (signal) => this.#materialiser.run(signal, until) }
  }

  /** Resolves when the feature store can be read up to the position, in this process. */
  stored(position: Position): Promise<void> {
    return this.#materialiser.reached(position)
  }

  trainModel(
    symbols: readonly MarketSymbol[],
    startedAt: EpochMicros,
    stored: (position: Position) => Promise<void>,
  ): Role {
    const { features } = this.#context
    const schedule = this.#schedule()
    return {
      name: 'train-model',
      run: async (signal) => {
        const worker = this.trainingWorker()
        signal.addEventListener('abort', () => void worker.close(), { once: true })
        const { registry } = this.#workspace
        const trainer = this.trainer(worker)
        const options = {
          ...this.#common(),
          registry,
          trainer,
          group: features.group,
          symbols,
          schedule,
          startedAt,
          stored,
        }
        try {
          await trainModels(options, signal)
        } catch (error) {
          if (!signal.aborted) throw error
        } finally {
          await worker.close()
        }
      },
    }
  }

  servePredictions(now: () => EpochMicros): Role {
    const { features, kinds, settings } = this.#context
    const { allowance } = this.#schedule()
    return {
      name: 'serve-predictions',
      run: (signal) => {
        const versions = new ModelVersions({
          registry: this.#workspace.registry,
          allowance,
          pause: () => pause(PAUSE_MS),
          signal,
        })
        const { horizon } = settings
        const options = { ...this.#common(), live: this.#live, versions, kinds, group: features.group, horizon, now }
        return servePredictions(options, signal)
      },
    }
  }

  trainingWorker(): TrainingWorker {
    return new TrainingWorker(this.#context.kindsModule)
  }

  trainer(worker: TrainingWorker): Trainer {
    const { settings } = this.#context
    const { features: store, registry, source } = this.#workspace
    return new Trainer({
      store,
      registry,
      worker,
      horizon: settings.horizon,
      window: settings.trainWindow,
      settings: { folds: FOLDS, minRows: settings.trainMinRows, coverage: COVERAGE },
      source,
      codeVersion: codeVersion(),
    })
  }

  #schedule(): ReturnType<typeof trainingSchedule> {
    const { features, settings } = this.#context
    return trainingSchedule(settings.trainEvery, intervalMicros(features.group.interval))
  }

  #common() {
    const { foldCheckpoints: checkpoints, log, source } = this.#workspace
    return { log, checkpoints, source, logger: this.#context.logger, metrics: this.metrics }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Brings candles, features and store up to what the trade log holds, without going on from there. */
export async function catchUp(context: Context, workspace: Workspace): Promise<void> {
  // There the roles do it, on whatever machine they run.
  if (workspace.log.isShared) return
  const pipeline = new Pipeline(context, workspace)
  for (const role of [pipeline.buildCandles('end'), pipeline.computeFeatures('end'), pipeline.storeFeatures('end')]) {
    await role.run(context.signal)
  }
}
