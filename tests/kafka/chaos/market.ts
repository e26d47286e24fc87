import { buildCandles } from '@c1/build-candles'
import { type ComputeFeaturesOptions, computeFeatures } from '@c1/compute-features'
import {
  candlesCodec,
  type EventLog,
  featuresCodec,
  type LogRecord,
  openEmbeddedLog,
  type StoredRecord,
  TOPICS,
  tradesCodec,
} from '@c1/event-log'
import { defineFeatureSet, standardFeatures } from '@c1/features'
import { type DecimalText, type EpochMicros, fromUnits, type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import { CheckpointStore, type Checkpoints, createLogger, Metrics, TopicCheckpoints } from '@c1/service'

const SOURCE = 'kraken'
const SYMBOLS = [
  'BTC/USD',
  'ETH/USD',
  'SOL/USD',
  'XRP/USD',
  'ADA/USD',
  'DOT/USD',
  'LTC/USD',
  'XMR/USD',
] as MarketSymbol[]
const START = Date.UTC(2026, 2, 4, 10) * 1000
/** Market time between two trades of a symbol. */
const STEP = 7 * MICROS_PER_SECOND
export const features = defineFeatureSet({ name: 'chaos', version: 1, interval: '1m', features: standardFeatures })

/** The `count` trades of every symbol from `first` on: equal arguments give equal trades. */
export function tradeRecords(first: number, count: number, symbols: readonly MarketSymbol[] = SYMBOLS): LogRecord[] {
  const codec = tradesCodec(SOURCE)
  return Array.from({ length: count }, (_, at) => first + at).flatMap((number) =>
    symbols.map((symbol, index) => {
      const price = 1_000_000 + 5000 * index + ((number * 7919 * (index + 3)) % 4001)
      const trade = {
        symbol,
        idSpace: 'venue' as const,
        tradeId: 1000 + number,
        eventTime: (START + number * STEP + index) as EpochMicros,
        price: fromUnits(BigInt(price), 2) as DecimalText,
        quantity: fromUnits(BigInt(1 + ((number * 31 + index) % 997)), 5) as DecimalText,
        side: number % 3 === 0 ? ('sell' as const) : ('buy' as const),
        orderType: 'market' as const,
      }
      return codec.encode({ kind: 'trade', trade })
    }),
  )
}

interface Role {
  readonly log: EventLog
  readonly checkpoints?: Checkpoints
  readonly signal: AbortSignal
  readonly until?: 'end'
}

const logger = createLogger('error')

export function runCandles({ checkpoints, log, signal, until }: Role): Promise<void> {
  const options = {
    log,
    checkpoints: checkpoints ?? new TopicCheckpoints(log),
    source: SOURCE,
    logger,
    metrics: new Metrics(),
  }
  return buildCandles({ ...options, ...(until && { until }) }, signal)
}

export function runFeatures({ checkpoints, log, signal, until }: Role): Promise<void> {
  const options: ComputeFeaturesOptions = {
    log,
    checkpoints: checkpoints ?? new TopicCheckpoints(log),
    source: SOURCE,
    features,
    logger,
    metrics: new Metrics(),
    ...(until && { until }),
  }
  return computeFeatures(options, signal)
}

/** What one process makes of the trades with a log on its own disk. */
export async function undisturbed(directory: string, trades: readonly LogRecord[]): Promise<Finals> {
  const log = await openEmbeddedLog({ directory: `${directory}/log`, onWarning: () => {} })
  const producer = await log.producer(TOPICS.trades)
  for (let at = 0; at < trades.length; at += 1000) await producer.append(trades.slice(at, at + 1000))
  const checkpoints = new CheckpointStore(`${directory}/checkpoints`)
  const role = { log, checkpoints, signal: new AbortController().signal, until: 'end' } as const
  await runCandles(role)
  await runFeatures(role)
  const finals = await finalsOf(log)
  await log.close()
  return finals
}

/** The bytes of every candle and feature row, by what it is of and its revision. */
export interface Finals {
  readonly candles: ReadonlyMap<string, string>
  readonly rows: ReadonlyMap<string, string>
  /** How many were in the topics more than once. */
  readonly repeated: number
  /** The time up to which every symbol has rows. */
  readonly newest: EpochMicros
}

/** As a foreign consumer folds the topics. @throws Error when a key and revision has two values */
export async function finalsOf(
  log: EventLog,
  group = features.group,
  { from = 0, until = Number.POSITIVE_INFINITY }: { readonly from?: number; readonly until?: number } = {},
): Promise<Finals> {
  let repeated = 0
  const fold = async (topic: string, keyOf: (record: StoredRecord) => string | undefined) => {
    const finals = new Map<string, string>()
    for await (const { records } of await log.consumer(topic, { from: 'earliest', until: 'end' })) {
      for (const record of records) {
        const key = record.timestamp <= from || record.timestamp > until ? undefined : keyOf(record)
        if (key === undefined) continue
        const value = Buffer.from(record.value).toString()
        const before = finals.get(key)
        if (before !== undefined && before !== value) throw new Error(`${key} is ${before} and ${value}`)
        if (before !== undefined) repeated += 1
        finals.set(key, value)
      }
    }
    return new Map([...finals].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  const candleCodec = candlesCodec(SOURCE)
  const candles = await fold(TOPICS.candles, (record) => {
    const message = candleCodec.decode(record)
    if (message.kind !== 'candle') return undefined
    const { interval, openTime, revision, symbol } = message.candle
    return `${symbol} ${interval} ${openTime} ${revision}`
  })
  const rowCodec = featuresCodec(SOURCE, group)
  const times = new Map<MarketSymbol, number>()
  const rows = await fold(TOPICS.features, (record) => {
    const message = rowCodec.decode(record)
    if (message.kind !== 'features') return undefined
    const { eventTime, revision, symbol } = message.row
    times.set(symbol, Math.max(times.get(symbol) ?? 0, eventTime))
    return `${symbol} ${eventTime} ${revision}`
  })
  return { candles, rows, repeated, newest: Math.min(...times.values()) as EpochMicros }
}

/** `p50 1.2 s, p99 3.4 s of 20`. */
export function percentiles(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b)
  const at = (part: number): string => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
    return `${(value / 1000).toFixed(1)} s`
  }
  return `p50 ${at(0.5)}, p99 ${at(0.99)} of ${sorted.length}`
}
