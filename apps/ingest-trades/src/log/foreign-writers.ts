import { type EventLog, type StoredRecord, TOPICS, tradesCodec } from '@c1/event-log'
import type { Logger, Metrics } from '@c1/service'
import type { TradeLog } from './trade-log.ts'

export interface ForeignWriterOptions {
  readonly log: EventLog
  readonly source: string
  readonly trades: TradeLog
  /** What the header `c1-writer` of this process's records says. */
  readonly writer: string
  /** The symbols that this process ingests. */
  readonly symbols: readonly string[]
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Its own trades are nearly all that it reads: they come together. */
const GATHER_MS = 250

/**
 * Follows the trades topic where several may write it, and reports who else writes the same symbols. Their trades are taken
 * into the ledger, so that two ingesters, by mistake or while one takes over from the other, soon stop doubling each other.
 */
export async function watchForeignWriters(options: ForeignWriterOptions, signal: AbortSignal): Promise<void> {
  const { log, logger, metrics, source, symbols, trades, writer } = options
  const codec = tradesCodec(source)
  const own = new Set(symbols)
  const told = new Set<string>()
  const counter = metrics.counter(
    'c1_foreign_writer_records_total',
    'Records of the symbols of this process that another one wrote',
    ['symbol'],
  )
  const isForeign = ({ headers, key }: StoredRecord): boolean => headers['c1-writer'] !== writer && own.has(key)
  const written = await log.consumer(TOPICS.trades, { from: 'latest', gatherMs: GATHER_MS, signal })
  for await (const { records } of written) {
    for (const record of records) {
      if (!isForeign(record)) continue
      const { 'c1-writer': other = 'another program' } = record.headers
      counter.inc({ symbol: record.key })
      trades.observeForeign(codec.decode(record))
      const name = `${other} ${record.key}`
      if (told.has(name)) continue
      told.add(name)
      logger.error({ symbol: record.key, writer: other }, 'a second ingester writes this symbol: stop one of them')
    }
  }
}
