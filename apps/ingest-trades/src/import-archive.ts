import { readArchive } from '@c1/kraken'
import {
  type EpochMicros,
  type IdSpace,
  type Instrument,
  type MarketSymbol,
  MICROS_PER_DAY,
  type Trade,
} from '@c1/market'
import type { TradeLog } from './trade-log.ts'

export interface ImportOptions {
  readonly trades: TradeLog
  readonly market: Instrument | MarketSymbol
  readonly signal: AbortSignal
  readonly onProgress: (progress: ImportProgress) => void
}

export interface ImportProgress {
  /** Trades added to the log. */
  readonly added: number
  /** Rows that the log has already: of the same file, or of a time that other trades cover. */
  readonly known: number
  /** Rows that could not be read; they are dead letters. */
  readonly rejected: number
  readonly bytesRead: number
  readonly bytesTotal: number
}

/**
 * An archive file into the trade log.
 *
 * Rows without ids are numbered by their place in the file, so a file that was imported halfway goes on where it stopped, and
 * one that was imported whole adds nothing. Rows from a time that the log covers with other trades of the symbol are left
 * out: equal rows can be distinct trades, so only time tells an overlap.
 *
 * @throws UsageError when the file is not an archive of trades
 */
export async function importArchive(path: string, options: ImportOptions): Promise<ImportProgress> {
  const { market, onProgress, signal, trades } = options
  const symbol = typeof market === 'string' ? market : market.symbol
  let progress: ImportProgress = { added: 0, known: 0, rejected: 0, bytesRead: 0, bytesTotal: 0 }
  const ends = new Map<IdSpace, Trade>()
  for await (const batch of readArchive(path, { market })) {
    signal.throwIfAborted()
    const covered = coveredTimes(trades, symbol, batch.idSpace)
    const wanted = batch.trades.filter(
      ({ eventTime }) => !covered.some(({ from, to }) => eventTime >= from && eventTime <= to),
    )
    const known = await trades.appendTrades(wanted, 'archive')
    for (const { raw, code, reason, line } of batch.rejected) {
      const letter = { origin: batch.member, code, reason: `line ${line}: ${reason}`, raw: Buffer.from(raw) }
      await trades.appendDeadLetter(letter)
    }
    const newest = wanted.at(-1)
    if (newest !== undefined) ends.set(batch.idSpace, newest)
    progress = {
      added: progress.added + wanted.length - known,
      known: progress.known + batch.trades.length - wanted.length + known,
      rejected: progress.rejected + batch.rejected.length,
      bytesRead: batch.bytesRead,
      bytesTotal: batch.bytesTotal,
    }
    onProgress(progress)
  }
  for (const [idSpace, trade] of ends) await closeDay(trades, idSpace, trade)
  return progress
}

/** What the file ends with is closed by the end of its last day: an archive holds whole days, and a correction can follow. */
async function closeDay(trades: TradeLog, idSpace: IdSpace, { symbol, eventTime, tradeId }: Trade): Promise<void> {
  const midnight = (Math.floor(eventTime / MICROS_PER_DAY + 1) * MICROS_PER_DAY) as EpochMicros
  if (idSpace === 'venue') return
  await trades.append([
    { kind: 'heartbeat', heartbeat: { symbol, idSpace, eventTime: midnight, lastTradeId: tradeId } },
  ])
}

function coveredTimes(
  trades: TradeLog,
  symbol: MarketSymbol,
  idSpace: IdSpace,
): { from: EpochMicros; to: EpochMicros }[] {
  if (idSpace === 'venue') return []
  return trades.ledger.others(symbol, idSpace).map(({ from, to }) => ({ from, to }))
}
