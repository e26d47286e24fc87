import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { candlesCodec, type EventLog, featuresCodec, openEmbeddedLog, TOPICS } from '@c1/event-log'
import { defineFeatureSet, type FeatureRow, type FeatureSet, standardFeatures } from '@c1/features'
import { type Candle, decimalText, type EpochMicros, intervalMicros, marketSymbol } from '@c1/market'
import { CheckpointStore, createLogger, Metrics } from '@c1/service'
import { computeFeatures } from './compute-features.ts'

export const SOURCE = 'simulator'
export const BTC: Candle['symbol'] = marketSymbol('BTC/USD')
const MINUTE = intervalMicros('1m')
/** Monday 2025-11-10T00:00:00Z */
const START = 1_762_732_800_000_000

export const SET: FeatureSet = defineFeatureSet({
  name: 'candle_features',
  version: 1,
  interval: '1m',
  features: standardFeatures,
})

/** A final candle of the window so many minutes after the start; a correction has other prices. */
export function candle(window: number, revision = 1): Candle {
  const wobble = ((window * 7919 + revision * 104_729) % 997) / 10
  const price = (away: number): Candle['close'] => decimalText((84_000 + wobble + away).toFixed(1))
  const openTime = (START + window * MINUTE) as EpochMicros
  return {
    symbol: BTC,
    interval: '1m',
    openTime,
    closeTime: (openTime + MINUTE) as EpochMicros,
    open: price(-1),
    high: price(2),
    low: price(-3),
    close: price(0),
    volume: decimalText((1 + wobble / 10).toFixed(8)),
    vwap: price(-0.5),
    tradeCount: 10 + (window % 5),
    buyVolume: decimalText((0.4 + wobble / 100).toFixed(8)),
    firstTradeId: window * 20 + 1,
    lastTradeId: window * 20 + 20,
    revision,
    state: 'final',
    complete: true,
  }
}

/** A candle log in a folder of its own, and the role over it. */
export class Place {
  readonly folder: string
  readonly log: EventLog

  private constructor(folder: string, log: EventLog) {
    this.folder = folder
    this.log = log
  }

  static async open(): Promise<Place> {
    const folder = mkdtempSync(join(tmpdir(), 'c1-features-'))
    return new Place(folder, await openEmbeddedLog({ directory: join(folder, 'log'), onWarning: () => {} }))
  }

  async write(...candles: readonly Candle[]): Promise<void> {
    const codec = candlesCodec(SOURCE)
    const producer = await this.log.producer(TOPICS.candles)
    await producer.append(candles.map((candle) => codec.encode({ kind: 'candle', candle })))
    await producer.close()
  }

  /** Runs the role over what is there. */
  async compute(): Promise<void> {
    const options = {
      log: this.log,
      checkpoints: new CheckpointStore(join(this.folder, 'checkpoints')),
      features: SET,
      source: SOURCE,
      logger: createLogger('silent'),
      metrics: new Metrics(),
      until: 'end',
    } as const
    await computeFeatures(options, new AbortController().signal)
  }

  forgetCheckpoint(): void {
    rmSync(join(this.folder, 'checkpoints'), { recursive: true })
  }

  /** Every row in the topic, in its order. */
  async rows(): Promise<FeatureRow[]> {
    const codec = featuresCodec(SOURCE, SET.group)
    const rows: FeatureRow[] = []
    for await (const { records } of await this.log.consumer(TOPICS.features, { from: 'earliest', until: 'end' })) {
      for (const record of records) {
        const message = codec.decode(record)
        if (message.kind === 'features') rows.push(message.row)
      }
    }
    return rows
  }

  async remove(): Promise<void> {
    await this.log.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** Of each window the newest revision, by time. */
export function newest(rows: readonly FeatureRow[]): FeatureRow[] {
  const found = new Map<number, FeatureRow>()
  for (const row of rows) if (row.revision > (found.get(row.eventTime)?.revision ?? 0)) found.set(row.eventTime, row)
  return [...found.values()].sort((a, b) => a.eventTime - b.eventTime)
}
