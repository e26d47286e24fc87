import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type EventLog, featuresCodec, openEmbeddedLog, TOPICS } from '@c1/event-log'
import { type FeatureGroupStore, type FeatureStore, openEmbeddedStore } from '@c1/feature-store'
import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, marketSymbol } from '@c1/market'
import { type ModelRegistry, openEmbeddedRegistry } from '@c1/model-registry'
import { CheckpointStore, createLogger, Metrics, runRoles } from '@c1/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { trainingSchedule } from './schedule.ts'
import { trainModels } from './train-model.ts'
import { Trainer } from './trainer.ts'
import { TrainingWorker } from './training-worker.ts'

vi.setConfig({ testTimeout: 20_000 })

const BTC = marketSymbol('BTC/USD')
const SOURCE = 'simulator'
const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
/** 2025-11-10T00:00:00Z */
const START = 1_762_732_800_000_000
const GROUP: FeatureGroup = {
  name: 'tiny',
  version: 1,
  interval: '1m',
  features: [
    { name: 'close', unit: 'quote', description: 'Last price', role: 'label' },
    { name: 'drift', unit: 'ratio', description: 'A number', role: 'input' },
  ],
}
const silent = createLogger('silent')

let folder: string
let log: EventLog
let stores: FeatureStore
let store: FeatureGroupStore
let registry: ModelRegistry
let worker: TrainingWorker

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c1-train-'))
  log = await openEmbeddedLog({ directory: join(folder, 'log'), onWarning: () => {} })
  stores = await openEmbeddedStore({ directory: folder })
  store = await stores.group(GROUP)
  registry = await openEmbeddedRegistry({ directory: join(folder, 'models') })
  worker = new TrainingWorker()
})
afterEach(async () => {
  await worker.close()
  await log.close()
  await stores.close()
  await registry.close()
  rmSync(folder, { recursive: true })
})

function row(minute: number): FeatureRow {
  const eventTime = (START + minute * MINUTE) as EpochMicros
  const drift = Math.sin(minute * 1.7)
  return {
    symbol: BTC,
    eventTime,
    availableAt: eventTime,
    revision: 1,
    firstTradeId: minute + 1,
    lastTradeId: minute + 1,
    values: [84_000 + 50 * Math.sin(minute * 0.9) + drift, drift],
  }
}

/** Rows of minutes into the store and the topic, as compute-features does. */
async function write(from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, at) => row(from + at))
  await store.write(rows)
  const producer = await log.producer(TOPICS.features)
  const codec = featuresCodec(SOURCE, GROUP)
  await producer.append(rows.map((row) => codec.encode({ kind: 'features', row })))
  await producer.close()
}

function trainerWith(worker: TrainingWorker, models: ModelRegistry = registry): Trainer {
  return new Trainer({
    store,
    registry: models,
    worker,
    horizon: MINUTE,
    window: 24 * HOUR,
    settings: { folds: 3, minRows: 100, coverage: 0.9 },
    source: SOURCE,
    codeVersion: 'test',
  })
}

/** Runs the role until the cut-off after those of the written rows is the next one. */
async function train(models: ModelRegistry = registry, own: TrainingWorker = worker): Promise<void> {
  const stop = new AbortController()
  const trainer = trainerWith(own, models)
  const { end } = await log.bounds(TOPICS.features)
  const last = START + ((end[0] as number) - 1) * MINUTE
  const watched: ModelRegistry = {
    register: (version) => models.register(version),
    names: () => models.names(),
    versions: (name) => models.versions(name),
    nextCutOff: (name) => models.nextCutOff(name),
    close: () => models.close(),
    schedule: async (name, cutOff) => {
      await models.schedule(name, cutOff)
      if (cutOff > last) stop.abort()
    },
  }
  await trainModels(
    {
      log,
      checkpoints: new CheckpointStore(join(folder, 'checkpoints')),
      registry: watched,
      trainer,
      group: GROUP,
      source: SOURCE,
      symbols: [BTC],
      schedule: trainingSchedule(HOUR, MINUTE),
      startedAt: (START + 61 * MINUTE) as EpochMicros,
      stored: async () => {},
      logger: silent,
      metrics: new Metrics(),
    },
    stop.signal,
  )
}

const NAME = 'BTC-USD-return-1m'
const minutes = (time: number): number => (time - START) / MINUTE

describe('models', () => {
  it('are tried at each cut-off in order until there are rows enough, then trained every hour', async () => {
    await write(0, 250)
    await train()
    const versions = await registry.versions(NAME)
    expect(versions.map(({ version, cutOff }) => [version, minutes(cutOff)])).toEqual([
      [1, 100],
      [2, 120],
      [3, 180],
      [4, 240],
    ])
    expect(versions.every(({ cutOff, effectiveFrom }) => effectiveFrom === cutOff + MINUTE)).toBe(true)
    expect(versions.map(({ card }) => minutes(card.lastEventTime) + 1)).toEqual([100, 120, 180, 240])
  })

  it('of the same rows are the same, to the last digit', async () => {
    await write(0, 190)
    await train()
    const again = await openEmbeddedRegistry({ directory: join(folder, 'models-again') })
    rmSync(join(folder, 'checkpoints'), { recursive: true })
    await train(again)
    expect(JSON.stringify(await again.versions(NAME))).toBe(JSON.stringify(await registry.versions(NAME)))
    await again.close()
  })

  it('are not trained twice when the role was killed between registering one and scheduling the next', async () => {
    await write(0, 190)
    await train()
    const before = await registry.versions(NAME)
    await registry.schedule(NAME, before.at(-1)?.cutOff as EpochMicros)
    rmSync(join(folder, 'checkpoints'), { recursive: true })
    await train()
    expect(await registry.versions(NAME)).toEqual(before)
  })

  it('never go back behind a newer version', async () => {
    await write(0, 190)
    await train()
    const earlier = (START + 150 * MINUTE) as EpochMicros
    const result = await trainerWith(worker).train(BTC, earlier, (earlier + MINUTE) as EpochMicros)
    expect(result).toMatchObject({ skipped: expect.stringContaining('later than') })
  })
})

describe('a training that throws', () => {
  /** A module as `c1.config.ts`, whose model throws. */
  function throwing(): TrainingWorker {
    const file = join(folder, 'own.mjs')
    const kind = "{ name: 'broken', baseline: false, fit() { throw new Error('no such luck') }, restore() {} }"
    writeFileSync(file, `export default { models: [${kind}] }\n`)
    return new TrainingWorker(pathToFileURL(file).href)
  }

  it('fails the role with what was thrown, which stops the others and is the failure of all', async () => {
    await write(0, 190)
    const own = throwing()
    let others = 'running'
    const other = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          others = 'stopped'
          resolve()
        })
      })
    const roles = [
      { name: 'train-model', run: () => train(registry, own) },
      { name: 'other', run: other },
    ]
    const failure = runRoles(roles, new AbortController().signal, silent)
    await expect(failure).rejects.toMatchObject({ code: 'training_failed', message: 'no such luck' })
    expect(others).toBe('stopped')
    expect(await registry.versions(NAME)).toEqual([])
    await own.close()
  })

  it('is reported each time, also where the thread itself could not start', async () => {
    await write(0, 190)
    const own = new TrainingWorker(pathToFileURL(join(folder, 'missing.mjs')).href)
    const cutOff = (START + 180 * MINUTE) as EpochMicros
    const attempt = () => trainerWith(own).train(BTC, cutOff, cutOff)
    await expect(attempt()).rejects.toThrow('missing.mjs')
    await expect(attempt()).rejects.toThrow('missing.mjs')
    await own.close()
  })

  it('ends at once when the worker is closed, and so do those that wait for their turn', async () => {
    const cutOff = START as EpochMicros
    const task = {
      rows: [],
      group: GROUP,
      symbol: BTC,
      horizon: MINUTE,
      cutOff,
      settings: { folds: 3, minRows: 100, coverage: 0.9 },
      source: SOURCE,
      codeVersion: 'test',
      version: 1,
      effectiveFrom: cutOff,
    }
    expect(await worker.train(task)).toMatchObject({ skipped: expect.any(String) })
    const outcomes = Promise.allSettled([worker.train(task), worker.train(task)])
    await new Promise(setImmediate)
    await worker.close()
    const stopped = { status: 'rejected', reason: expect.objectContaining({ code: 'training_stopped' }) }
    expect(await outcomes).toEqual([stopped, stopped])
  })
})
