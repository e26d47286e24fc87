import { type EventLog, type Position, TOPICS, tradesCodec } from '@c1/event-log'
import type { CheckpointStore } from '@c1/service'
import { TradeLedger } from '../ledger/ledger.ts'
import { OpenOutages } from '../ledger/open-outages.ts'

/** The checkpoint's name. */
export const LEDGER_CHECKPOINT = 'trade-ledger'

export interface StoredLedgerOptions {
  readonly log: EventLog
  readonly checkpoints: Pick<CheckpointStore, 'load' | 'save'>
  /** Written into every record: `kraken`, `simulator`, `replay-NAME`. */
  readonly source: string
}

/** What is known of the log's trades, and where the log ends. */
export interface StoredLedger {
  readonly ledger: TradeLedger
  readonly outages: OpenOutages
  readonly position: Position
}

/** The ledger of everything that the log holds. */
export async function readLedger({ log, checkpoints, source }: StoredLedgerOptions): Promise<StoredLedger> {
  const codec = tradesCodec(source)
  const { end } = await log.bounds(TOPICS.trades)
  const saved = usable(checkpoints.load(LEDGER_CHECKPOINT) as Saved | undefined, end)
  const ledger = saved === undefined ? new TradeLedger() : TradeLedger.restore(saved.ledger)
  const outages = OpenOutages.restore(saved?.outages)
  const rest = await log.consumer(TOPICS.trades, { from: saved?.position ?? 'earliest', until: 'end' })
  for await (const { records } of rest) {
    for (const record of records) {
      const message = codec.decode(record)
      ledger.observe(message)
      outages.observe(message)
    }
  }
  return { ledger, outages, position: end }
}

interface Saved {
  readonly position: Position
  readonly ledger: unknown
  readonly outages?: unknown
}

/** A checkpoint of this version that is not ahead of a log which lost its tail. */
function usable(saved: Saved | undefined, end: Position): Saved | undefined {
  if (saved === undefined || !TradeLedger.isState(saved.ledger)) return undefined
  const isBehind = Object.entries(saved.position).every(([partition, at]) => at <= (end[Number(partition)] ?? 0))
  return isBehind ? saved : undefined
}
