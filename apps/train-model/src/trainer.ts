import type { FeatureGroupStore } from '@c1/feature-store'
import { type EpochMicros, formatTime, type MarketSymbol } from '@c1/market'
import type { ModelRegistry } from '@c1/model-registry'
import { type ModelVersion, modelName, type Skipped, type TrainingSettings } from '@c1/modeling'
import type { TrainingTask, TrainingWorker } from './training-worker.ts'

export interface TrainerOptions {
  readonly store: FeatureGroupStore
  readonly registry: ModelRegistry
  readonly worker: TrainingWorker
  readonly horizon: number
  /** Microseconds that training rows reach back. */
  readonly window: number
  readonly settings: TrainingSettings
  readonly source: string
  readonly codeVersion: string
}

/** Trains one version of a symbol's model from the feature store and registers it. */
export class Trainer {
  readonly #options: TrainerOptions

  constructor(options: TrainerOptions) {
    this.#options = options
  }

  nameOf(symbol: MarketSymbol): string {
    return modelName(symbol, this.#options.horizon)
  }

  /** Trains on the rows known at `cutOff`. The same rows give the same version. */
  async train(symbol: MarketSymbol, cutOff: EpochMicros, effectiveFrom: EpochMicros): Promise<ModelVersion | Skipped> {
    const { codeVersion, horizon, registry, settings, source, store, window, worker } = this.#options
    const versions = await registry.versions(this.nameOf(symbol))
    const registered = versions.find((version) => version.cutOff === cutOff)
    if (registered !== undefined) return registered
    const newer = versions.find((version) => version.cutOff > cutOff)
    if (newer !== undefined) {
      return {
        skipped: `version ${newer.version} was trained on data up to ${formatTime(newer.cutOff)}, later than ${formatTime(cutOff)}`,
      }
    }
    const rows = await store.range({
      symbol,
      from: (cutOff - window) as EpochMicros,
      to: (cutOff + 1) as EpochMicros,
      knownAt: cutOff,
    })
    const version = (versions.at(-1)?.version ?? 0) + 1
    const task: TrainingTask = {
      rows,
      group: store.group,
      symbol,
      horizon,
      cutOff,
      settings,
      source,
      codeVersion,
      version,
      effectiveFrom,
    }
    const trained = await worker.train(task)
    if (!('skipped' in trained)) await registry.register(trained)
    return trained
  }
}
