import type { SymbolCompleteness } from '@c1/ingest-trades'
import { formatTime } from '@c1/market'
import type { CompletenessFacts } from '@c1/show-dashboard'

/** As the API writes it. */
export function completenessFacts(known: SymbolCompleteness): CompletenessFacts {
  const { backfill, completeTo, duplicates, exceptions, holes, symbol, trades } = known
  return {
    symbol,
    trades,
    completeToId: completeTo?.tradeId ?? null,
    completeToTime: completeTo === undefined ? null : formatTime(completeTo.time),
    holes: holes.map(({ first, last, since }) => ({
      firstTradeId: first,
      lastTradeId: last,
      since: formatTime(since),
    })),
    exceptions: exceptions.map(({ first, from, last, to }) => ({
      firstTradeId: first,
      lastTradeId: last,
      from: formatTime(from),
      to: formatTime(to),
    })),
    duplicates,
    backfill,
  }
}
