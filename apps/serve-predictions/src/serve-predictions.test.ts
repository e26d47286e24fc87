import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type EventLog,
  type FeatureMessage,
  featuresCodec,
  openEmbeddedLog,
  outcomesCodec,
  predictionsCodec,
  TOPICS,
} from '@c1/event-log'
import type { FeatureGroup } from '@c1/features'
import { type EpochMicros, marketSymbol } from '@c1/market'
import { type ModelRegistry, openEmbeddedRegistry } from '@c1/model-registry'
import type { ModelKind, ModelVersion, Outcome, Prediction } from '@c1/modeling'
import { CheckpointStore, createLogger, Metrics } from '@c1/service'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ModelVersions } from './model-versions.ts'
import { servePredictions } from './serve-predictions.ts'

const BTC = marketSymbol('BTC/USD')
const SOURCE = 'simulator'
const NAME = 'BTC-USD-return-2m'
const MINUTE = 60_000_000
const HORIZON = 2 * MINUTE
/** 2025-11-10T00:00:00Z */
const START = 1_762_732_800_000_000
const at = (minute: number): EpochMicros => (START + minute * MINUTE) as EpochMicros
const GROUP: FeatureGroup = {
  name: 'tiny',
  version: 1,
  interval: '1m',
  features: [
    { name: 'close', unit: 'quote', description: 'Last price', role: 'label' },
    { name: 'drift', unit: 'ratio', description: 'A number', role: 'input' },
  ],
}
/** Says what its input says, times a factor. */
const FACTOR: ModelKind = {
  name: 'factor',
  baseline: false,
  fit: () => {
    throw new Error('nothing is trained here')
  },
  restore: (factor) => ({ predict: ([drift]) => Number(drift) * Number(factor), toJSON: () => factor }),
}

let folder: string
let log: EventLog
let registry: ModelRegistry
let metrics: Metrics

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'c1-serve-'))
  log = await openEmbeddedLog({ directory: join(folder, 'log'), onWarning: () => {} })
  registry = await openEmbeddedRegistry({ directory: join(folder, 'models') })
  metrics = new Metrics()
})
afterEach(async () => {
  await log.close()
  await registry.close()
  rmSync(folder, { recursive: true })
})

/** A version that serves from the minute on. */
function version(number: number, minute: number, kind = 'factor'): ModelVersion {
  return {
    name: NAME,
    version: number,
    cutOff: at(minute - 1),
    effectiveFrom: at(minute),
    kind,
    model: number,
    errorLower: -0.01,
    errorUpper: 0.01,
    coverage: 0.9,
    card: {
      symbol: BTC,
      interval: '1m',
      horizon: HORIZON,
      features: ['drift'],
      firstEventTime: at(-100),
      lastEventTime: at(minute - 1),
      rowCount: 100,
      dataDigest: 'd'.repeat(64),
      folds: 3,
      purge: HORIZON,
      embargo: MINUTE,
      unscored: 0,
      scores: [],
      champion: kind,
      reason: 'It is the only one.',
      codeVersion: 'test',
      source: SOURCE,
    },
  }
}

function row(minute: number, close: number, { drift = 0.001, revision = 1 } = {}): FeatureMessage {
  const eventTime = at(minute)
  return {
    kind: 'features',
    row: {
      symbol: BTC,
      eventTime,
      availableAt: eventTime,
      revision,
      firstTradeId: 1,
      lastTradeId: minute + 1,
      values: [close, drift],
    },
  }
}
const silence = (minute: number): FeatureMessage => ({ kind: 'heartbeat', symbol: BTC, eventTime: at(minute) })

async function write(...messages: FeatureMessage[]): Promise<void> {
  const codec = featuresCodec(SOURCE, GROUP)
  const producer = await log.producer(TOPICS.features)
  await producer.append(messages.map((message) => codec.encode(message)))
  await producer.close()
}

interface Serving {
  /** Minutes after the start, by the market's clock; default 0.1 after the row's. */
  readonly now?: number
  readonly pause?: () => Promise<void>
}

/** Runs the role until so many predictions and outcomes are in the log, then stops it. */
async function serve(predictions: number, outcomes: number, { now = 0, pause }: Serving = {}): Promise<void> {
  const stop = new AbortController()
  const versions = new ModelVersions({
    registry,
    allowance: MINUTE,
    pause: pause ?? (() => new Promise((resolve) => setImmediate(resolve))),
    signal: stop.signal,
  })
  const options = {
    log,
    checkpoints: new CheckpointStore(join(folder, 'checkpoints')),
    versions,
    kinds: [FACTOR],
    group: GROUP,
    horizon: HORIZON,
    now: () => at(now),
    source: SOURCE,
    logger: createLogger('silent'),
    metrics,
  }
  const running = servePredictions(options, stop.signal)
  await Promise.race([
    running,
    Promise.all([written(TOPICS.predictions, predictions), written(TOPICS.outcomes, outcomes)]),
  ])
  stop.abort()
  await running
}

async function written(topic: string, count: number): Promise<void> {
  let found = 0
  if (count === 0) return
  for await (const { records } of await log.consumer(topic, { from: 'earliest' })) {
    found += records.length
    if (found >= count) break
  }
}

async function predictions(): Promise<Prediction[]> {
  const codec = predictionsCodec(SOURCE)
  const found: Prediction[] = []
  for await (const { records } of await log.consumer(TOPICS.predictions, { from: 'earliest', until: 'end' }))
    for (const record of records) found.push(codec.decode(record))
  return found
}

async function outcomes(): Promise<Outcome[]> {
  const codec = outcomesCodec(SOURCE)
  const found: Outcome[] = []
  for await (const { records } of await log.consumer(TOPICS.outcomes, { from: 'earliest', until: 'end' }))
    for (const record of records) found.push(codec.decode(record))
  return found
}

const minutes = (time: number): number => (time - START) / MINUTE

describe('predictions', () => {
  it('are made by the version in force at each time', async () => {
    await registry.register(version(1, 1))
    await registry.register(version(2, 3))
    await registry.schedule(NAME, at(100))
    await write(...[0, 1, 2, 3, 4].map((minute) => row(minute, 100 + minute)))
    await serve(4, 2)
    expect((await predictions()).map(({ asOf, value, version }) => [minutes(asOf), version, value])).toEqual([
      [1, 1, 0.001],
      [2, 1, 0.001],
      [3, 2, 0.002],
      [4, 2, 0.002],
    ])
  })

  it('wait for a version that is still being decided', async () => {
    await registry.schedule(NAME, at(0))
    await write(row(1, 101))
    let pauses = 0
    const pause = async (): Promise<void> => {
      pauses += 1
      expect(await predictions()).toEqual([])
      if (pauses < 3) return
      await registry.register(version(1, 1))
      await registry.schedule(NAME, at(60))
    }
    await serve(1, 0, { pause })
    expect(pauses).toBe(3)
    expect(await predictions()).toMatchObject([{ version: 1, asOf: at(1) }])
  })

  it('made after the next candle had closed are late', async () => {
    await registry.register(version(1, 0))
    await registry.schedule(NAME, at(100))
    await write(row(1, 101), row(2, 102), row(3, 103))
    await serve(3, 1, { now: 3 })
    expect((await predictions()).map(({ asOf, late }) => [minutes(asOf), late])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ])
    expect(await outcomes()).toMatchObject([{ asOf: at(1), late: true }])
  })

  it('that cannot be made are counted, and those around them are made', async () => {
    await registry.register(version(1, 0))
    await registry.schedule(NAME, at(100))
    await write(row(1, 101), row(2, 102, { drift: Number.NaN }), row(3, 103))
    await serve(2, 1)
    expect((await predictions()).map(({ asOf }) => minutes(asOf))).toEqual([1, 3])
    expect(await metrics.registry.getSingleMetricAsString('c1_predictions_refused_total')).toMatch(/_total 1$/m)
  })

  it('are not made again from a corrected row', async () => {
    await registry.register(version(1, 0))
    await registry.schedule(NAME, at(100))
    await write(row(1, 101), row(1, 150, { revision: 2, drift: 5 }), row(2, 102))
    await serve(2, 0)
    expect((await predictions()).map(({ value }) => value)).toEqual([0.001, 0.001])
  })
})

describe('outcomes', () => {
  beforeEach(async () => {
    await registry.register(version(1, 0))
    await registry.schedule(NAME, at(1000))
  })

  it('compare the last prices at or before both ends, by event time', async () => {
    await write(row(1, 100), row(2, 110), row(3, 121), row(4, 100))
    await serve(4, 2)
    const [first, second] = await outcomes()
    expect(first).toMatchObject({ asOf: at(1), covered: false, coverage: 0.9, version: 1 })
    expect(first?.outcome).toBeCloseTo(Math.log(1.21), 12)
    expect(first?.error).toBeCloseTo(0.001 - Math.log(1.21), 12)
    expect(second?.outcome).toBeCloseTo(Math.log(100 / 110), 12)
  })

  it('of a silent market repeat the last price, as soon as silence is known', async () => {
    await write(row(1, 100), row(2, 110), silence(4))
    await serve(2, 2)
    const [first, second] = await outcomes()
    expect(first?.outcome).toBeCloseTo(Math.log(1.1), 12)
    expect(second).toMatchObject({ asOf: at(2), outcome: 0, covered: true })
  })

  it('do not come before their time', async () => {
    await write(row(1, 100), row(2, 110), silence(3))
    await serve(2, 1)
    expect((await outcomes()).map(({ asOf }) => minutes(asOf))).toEqual([1])
  })
})

describe('a restart', () => {
  const all = [row(1, 100), row(2, 110), row(3, 121), silence(6), row(7, 120), row(8, 119), silence(10)]

  it.each([1, 2, 3, 4, 5, 6])('after %i records repeats and changes nothing that was said', async (cut) => {
    await registry.register(version(1, 0))
    await registry.schedule(NAME, at(1000))
    await write(...all.slice(0, cut))
    const said = [1, 2, 3, 3, 4, 5][cut - 1] as number
    const known = [0, 0, 1, 3, 3, 3][cut - 1] as number
    await serve(said, known, { now: 1 })
    const before = await predictions()
    const scored = await outcomes()
    // Without its checkpoint everything is made again, hours later: what was said stays as it was said.
    rmSync(join(folder, 'checkpoints'), { recursive: true, force: true })
    await write(...all.slice(cut))
    await serve(5, 5, { now: 500 })
    const after = await predictions()
    expect(after.slice(0, said)).toEqual(before)
    expect((await outcomes()).slice(0, known)).toEqual(scored)
    expect(after.map(({ asOf }) => minutes(asOf))).toEqual([1, 2, 3, 7, 8])
    expect(after.map(({ madeAt }) => minutes(madeAt))).toEqual(after.map((_, index) => (index < said ? 1 : 500)))
    const late = new Map(after.map(({ asOf, late }) => [asOf, late]))
    expect(await outcomes()).toHaveLength(5)
    for (const outcome of await outcomes()) expect(outcome.late).toBe(late.get(outcome.asOf))
  })
})
