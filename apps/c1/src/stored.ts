import { type EventLog, outcomesCodec, predictionsCodec, type StoredRecord, TOPICS, tradesCodec } from '@c1/event-log'
import { readLedger } from '@c1/ingest-trades'
import type { EpochMicros, MarketSymbol, Trade } from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import type { Context } from './context.ts'
import type { Workspace } from './workspace.ts'

/** `from <= time < to`. */
export interface TimeRange {
  readonly from: EpochMicros
  readonly to: EpochMicros
}

/** What a reader needs of a workspace. */
export interface Stored {
  readonly log: EventLog
  readonly source: string
}

/** The symbols asked for; without any, all that the log has trades of. */
export async function storedSymbols(
  { configuration, symbols }: Context,
  workspace: Workspace,
): Promise<readonly MarketSymbol[]> {
  if (configuration.origins.symbols !== 'default' && symbols.length > 0) return symbols
  return (await readLedger(workspace)).ledger.symbols()
}

/** Some logs keep the time of a record to the millisecond only, cut off. */
const KEPT_TO_MICROS = 1000

async function* recordsOf({ log }: Stored, topic: string, symbol: MarketSymbol): AsyncGenerator<StoredRecord> {
  const consumer = await log.consumer(topic, { from: 'earliest', until: 'end' })
  for await (const { records } of consumer) for (const record of records) if (record.key === symbol) yield record
}

/** A symbol's trades by time, those of one instant by id: the log holds them in the order in which they came. */
export async function storedTrades(stored: Stored, symbol: MarketSymbol, { from, to }: TimeRange): Promise<Trade[]> {
  const codec = tradesCodec(stored.source)
  const trades: Trade[] = []
  for await (const record of recordsOf(stored, TOPICS.trades, symbol)) {
    if (record.timestamp <= from - KEPT_TO_MICROS || record.timestamp >= to) continue
    const message = codec.decode(record)
    if (message.kind !== 'trade') continue
    const { trade } = message
    if (trade.eventTime >= from && trade.eventTime < to) trades.push(trade)
  }
  return trades.sort((a, b) => (a.idSpace === b.idSpace ? a.tradeId - b.tradeId : a.eventTime - b.eventTime))
}

/** A symbol's predictions by `asOf`, each with its outcome where that is known. */
export async function storedPredictions(
  stored: Stored,
  symbol: MarketSymbol,
  { from, to }: TimeRange,
): Promise<(readonly [Prediction, Outcome | undefined])[]> {
  const predictions = predictionsCodec(stored.source)
  const outcomes = outcomesCodec(stored.source)
  const known = new Map<string, Outcome>()
  for await (const record of recordsOf(stored, TOPICS.outcomes, symbol)) {
    const outcome = outcomes.decode(record)
    known.set(keyOf(outcome), outcome)
  }
  const made = new Map<string, Prediction>()
  for await (const record of recordsOf(stored, TOPICS.predictions, symbol)) {
    const prediction = predictions.decode(record)
    // What was said first stands.
    if (prediction.asOf >= from && prediction.asOf < to && !made.has(keyOf(prediction)))
      made.set(keyOf(prediction), prediction)
  }
  const sorted = [...made.values()].sort((a, b) => a.asOf - b.asOf)
  return sorted.map((prediction) => [prediction, known.get(keyOf(prediction))] as const)
}

function keyOf({ asOf, horizon, model, version }: Prediction | Outcome): string {
  return `${asOf} ${horizon} ${model} ${version}`
}
