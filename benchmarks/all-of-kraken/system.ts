import { join } from 'node:path'
import { buildCandles } from '@c1/build-candles'
import { type Consumer, candlesCodec, type EventLog, openEmbeddedLog, TOPICS, tradesCodec } from '@c1/event-log'
import { Ingest, TradeLog } from '@c1/ingest-trades'
import { KrakenRest, VenueClock } from '@c1/kraken'
import { systemTime } from '@c1/market'
import { CheckpointStore, createLogger, Metrics } from '@c1/service'
import { PRICE_DECIMALS, priceOf, quantityOf, symbolName } from './generator.ts'
import type { Sent } from './venue.ts'

export interface SystemOptions {
  readonly directory: string
  readonly restUrl: string
  readonly wsUrl: string
}

/** How it goes, once a second. */
export interface Sample {
  /** Seconds since the start. */
  readonly at: number
  /** Records in the trade log. */
  readonly trades: number
  /** Records that the candle role has yet to read. */
  readonly lag: number
  /** From the venue's time of a trade to the candle role, milliseconds. */
  readonly ageMs: number
  readonly rssBytes: number
  readonly cpuSeconds: number
}

/** What the log holds at the end, compared with what was sent. */
export interface Verdict {
  readonly trades: number
  readonly missing: number
  readonly doubled: number
  readonly different: number
  /** Final candles of one minute over whole minutes that are not as they should be. */
  readonly wrongMinutes: number
  readonly minutes: number
  readonly candles: number
  readonly duplicates: number
  readonly holes: number
  readonly deadLetters: number
  readonly maxRssBytes: number
}

const SOURCE = 'kraken'

/** `ingest-trades` and `build-candles` in one process, over one embedded log, as `c1 up` wires them. */
async function main({ directory, restUrl, wsUrl }: SystemOptions): Promise<void> {
  const log = await openEmbeddedLog({
    directory: join(directory, 'log'),
    onWarning: (message) => console.error(message),
  })
  const checkpoints = new CheckpointStore(join(directory, 'checkpoints'))
  const logger = createLogger('error')
  const metrics = new Metrics()
  const trades = await TradeLog.open({ log, checkpoints, source: SOURCE })
  const rest = new KrakenRest({ baseUrl: restUrl, minIntervalMs: 0 })
  const instruments = await rest.instruments()
  const clock = new VenueClock(systemTime)
  const ingest = new Ingest({ trades, rest, wsUrl, instruments, clock, backfill: 0, logger, metrics })
  const reading = { offset: 0, ageMs: 0 }
  const stop = new AbortController()
  const candles = new AbortController()
  const running = ingest.run(stop.signal)
  const building = buildCandles(
    { log: watched(log, reading), checkpoints, source: SOURCE, logger, metrics },
    candles.signal,
  )
  const startedAt = performance.now()
  const end = async (): Promise<number> => (await log.bounds(TOPICS.trades)).end[0] ?? 0
  const sampling = setInterval(async () => {
    const records = await end()
    const { system, user } = process.cpuUsage()
    const sample: Sample = {
      at: (performance.now() - startedAt) / 1000,
      trades: records,
      lag: records - reading.offset,
      ageMs: reading.ageMs,
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (system + user) / 1e6,
    }
    process.send?.({ sample })
  }, 1000)
  const sent = await new Promise<Sent>((resolve) => process.once('message', resolve))
  const total = sent.trades.reduce((a, b) => a + b, 0)
  for (let waited = 0; (await end()) < total && waited < 30_000; waited += 100) await pause(100)
  clearInterval(sampling)
  stop.abort()
  await running
  while (reading.offset < (await end())) await pause(100)
  candles.abort()
  await building
  await trades.close()
  const known = ingest.completeness()
  const maxRssBytes = process.resourceUsage().maxRSS * 1024
  const verdict: Verdict = {
    ...(await compareTrades(log, sent)),
    ...(await compareCandles(log, sent)),
    duplicates: known.reduce((sum, { duplicates }) => sum + duplicates, 0),
    holes: known.reduce((sum, { holes }) => sum + holes.length, 0),
    deadLetters: (await log.bounds(TOPICS.deadLetters)).end[0] ?? 0,
    maxRssBytes,
  }
  await log.close()
  process.send?.({ verdict })
  process.disconnect()
}

/** The log, with its readers of the trades topic watched. */
function watched(log: EventLog, reading: { offset: number; ageMs: number }): EventLog {
  const consumer: EventLog['consumer'] = async (topic, options) => {
    const inner = await log.consumer(topic, options)
    if (topic !== TOPICS.trades) return inner
    async function* batches() {
      for await (const batch of inner) {
        yield batch
        reading.offset = batch.next[0] ?? 0
        reading.ageMs = (systemTime() - (batch.records.at(-1)?.timestamp ?? 0)) / 1000
      }
    }
    const watching: Consumer = {
      [Symbol.asyncIterator]: batches,
      commit: (position) => inner.commit(position),
      close: () => inner.close(),
    }
    return watching
  }
  return {
    isShared: log.isShared,
    share: (topic, options) => log.share(topic, options),
    producer: (topic) => log.producer(topic),
    consumer,
    committed: (topic, group) => log.committed(topic, group),
    bounds: (topic) => log.bounds(topic),
    close: () => log.close(),
  }
}

/** Every id of every symbol once, each with its price and quantity. */
async function compareTrades(log: EventLog, sent: Sent) {
  const codec = tradesCodec(SOURCE)
  const indexes = new Map(sent.trades.map((_, at) => [symbolName(at), at]))
  const seen = sent.trades.map((count) => new Uint8Array(count + 1))
  let [trades, doubled, different] = [0, 0, 0]
  for await (const { records } of await log.consumer(TOPICS.trades, { from: 'earliest', until: 'end' })) {
    for (const record of records) {
      const message = codec.decode(record)
      if (message.kind !== 'trade') continue
      const { price, quantity, symbol, tradeId } = message.trade
      const at = indexes.get(symbol) ?? -1
      trades += 1
      if (seen[at]?.[tradeId] !== 0) doubled += 1
      else seen[at][tradeId] = 1
      const isSame =
        Math.round(Number(price) * 10 ** PRICE_DECIMALS) === priceOf(at, tradeId) &&
        Math.round(Number(quantity) * 1e8) === quantityOf(tradeId)
      if (!isSame) different += 1
    }
  }
  const missing = seen.reduce(
    (sum, ids) => sum + ids.reduce((count, has, id) => count + (id > 0 && has === 0 ? 1 : 0), 0),
    0,
  )
  return { trades, missing, doubled, different }
}

/** Of every minute but the last: a candle of each symbol that traded, with all of its trades. */
async function compareCandles(log: EventLog, sent: Sent) {
  const codec = candlesCodec(SOURCE)
  const found = new Map<number, { trades: number; symbols: number }>()
  let candles = 0
  for await (const { records } of await log.consumer(TOPICS.candles, { from: 'earliest', until: 'end' })) {
    for (const record of records) {
      const event = codec.decode(record)
      if (event.kind !== 'candle') continue
      candles += 1
      if (event.candle.interval !== '1m') continue
      const minute = event.candle.openTime / 60e6
      const known = found.get(minute) ?? { trades: 0, symbols: 0 }
      found.set(minute, { trades: known.trades + event.candle.tradeCount, symbols: known.symbols + 1 })
    }
  }
  const whole = sent.minutes.slice(0, -1)
  const isWrong = ({ minute, symbols, trades }: Sent['minutes'][number]): boolean =>
    found.get(minute)?.trades !== trades || found.get(minute)?.symbols !== symbols
  return { candles, minutes: whole.length, wrongMinutes: whole.filter(isWrong).length }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

await main(JSON.parse(process.argv[2] as string) as SystemOptions)
