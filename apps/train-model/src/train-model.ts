import { type EventLog, featuresCodec, type Position, type StoredRecord, TOPICS } from '@c1/event-log'
import type { FeatureGroup } from '@c1/features'
import { type EpochMicros, formatTime, type MarketSymbol } from '@c1/market'
import type { ModelRegistry } from '@c1/model-registry'
import { type Checkpoints, type Fold, type Logger, type Metrics, type Output, runFold } from '@c1/service'
import { firstCutOff, nextCutOff, type Schedule } from './schedule.ts'
import type { Trainer } from './trainer.ts'

/** It learns of rows late rather than in the moment in which predictions are made of them. */
const GATHER_MS = 250

export interface TrainModelOptions {
  readonly log: EventLog
  readonly checkpoints: Checkpoints
  readonly registry: ModelRegistry
  readonly trainer: Trainer
  readonly group: FeatureGroup
  readonly source: string
  readonly symbols: readonly MarketSymbol[]
  readonly schedule: Schedule
  /** The market's time when this data directory was first used: training begins with the cut-off before it. */
  readonly startedAt: EpochMicros
  /** Resolves when the feature store holds every record before the position. */
  readonly stored: (position: Position) => Promise<void>
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Trains each symbol's model by itself: at the first cut-off with enough rows, then on schedule. */
export async function trainModels(options: TrainModelOptions, signal: AbortSignal): Promise<void> {
  const { checkpoints, log, registry, schedule, startedAt, symbols, trainer } = options
  for (const symbol of symbols) {
    const name = trainer.nameOf(symbol)
    if ((await registry.nextCutOff(name)) === undefined) await registry.schedule(name, firstCutOff(schedule, startedAt))
  }
  await runFold({
    log,
    name: 'train-model',
    version: '1',
    input: TOPICS.features,
    gatherMs: GATHER_MS,
    outputs: [],
    fold: () => new TrainingFold(options, signal),
    checkpoints,
    metrics: options.metrics,
    signal,
  })
}

/** Its state is the registry's: which cut-off is next. */
class TrainingFold implements Fold {
  readonly #options: TrainModelOptions
  readonly #signal: AbortSignal
  readonly #codec: ReturnType<typeof featuresCodec>
  readonly #next = new Map<MarketSymbol, EpochMicros>()

  constructor(options: TrainModelOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    this.#codec = featuresCodec(options.source, options.group)
  }

  step(record: StoredRecord): readonly Output[] | Promise<readonly Output[]> {
    // A record's key and timestamp say as much as its value, and most rows come before the next cut-off.
    if (record.timestamp < (this.#next.get(record.key as MarketSymbol) ?? 0)) return []
    const message = this.#codec.decode(record)
    if (message.kind === 'other-group') return []
    const { symbol, eventTime } = message.kind === 'features' ? message.row : message
    return this.#pass(symbol, eventTime, { [record.partition]: record.offset + 1 })
  }

  checkpoint(): unknown {
    return {}
  }

  restore(): void {
    this.#next.clear()
  }

  async #pass(symbol: MarketSymbol, time: EpochMicros, position: Position): Promise<readonly Output[]> {
    const { registry, stored, trainer } = this.#options
    const name = trainer.nameOf(symbol)
    let cutOff = await registry.nextCutOff(name)
    while (cutOff !== undefined && cutOff <= time && !this.#signal.aborted) {
      await stored(position)
      cutOff = await this.#train(symbol, name, cutOff)
    }
    this.#next.set(symbol, cutOff ?? (Number.POSITIVE_INFINITY as EpochMicros))
    return []
  }

  async #train(symbol: MarketSymbol, name: string, cutOff: EpochMicros): Promise<EpochMicros> {
    const { logger, metrics, registry, schedule, trainer } = this.#options
    const trained = await trainer.train(symbol, cutOff, (cutOff + schedule.allowance) as EpochMicros)
    const skipped = 'skipped' in trained
    if (skipped) logger.info({ model: name, cutOff: formatTime(cutOff), reason: trained.skipped }, 'nothing to train')
    else
      logger.info(
        { model: name, version: trained.version, champion: trained.kind, reason: trained.card.reason },
        'trained',
      )
    metrics
      .counter('c1_trainings_total', 'Training runs by result', ['result'])
      .inc({ result: skipped ? 'skipped' : 'trained' })
    const hasVersion = (await registry.versions(name)).length > 0
    const next = nextCutOff(schedule, cutOff, hasVersion)
    await registry.schedule(name, next)
    return next
  }
}
