import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventLog, openEmbeddedLog } from '@c1/event-log'
import { TradeLog } from '@c1/ingest-trades'
import { CheckpointStore } from '@c1/service'

/** A trade log in a folder of its own, removed at the end. */
export async function withTradeLog<Result>(
  work: (trades: TradeLog, log: EventLog) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'c1-bench-'))
  const log = await openEmbeddedLog({ directory: join(folder, 'log'), onWarning: (message) => console.error(message) })
  try {
    const checkpoints = new CheckpointStore(join(folder, 'checkpoints'))
    const trades = await TradeLog.open({ log, checkpoints, source: 'simulator' })
    const result = await work(trades, log)
    await trades.close()
    return result
  } finally {
    await log.close()
    rmSync(folder, { recursive: true })
  }
}
