import { countIds, type EpochMicros, type IdRange, type MarketSymbol } from '@c1/market'
import type { Hole, LedgerException, TradeLedger } from './ledger.ts'

/** What the log has of a symbol, and what it has not. */
export interface Completeness {
  readonly symbol: MarketSymbol
  /** In every id space. */
  readonly trades: number
  /** From the oldest venue's id on nothing is missing up to here but the exceptions; undefined without such ids. */
  readonly completeTo: { readonly tradeId: number; readonly time: EpochMicros } | undefined
  /** Ids that are missing between two trades of the log. */
  readonly holes: readonly Hole[]
  /** Ids that the venue does not serve. */
  readonly exceptions: readonly LedgerException[]
}

export function completenessOf(ledger: TradeLedger, symbol: MarketSymbol): Completeness {
  const venue = ledger.spans(symbol, 'venue')
  const exceptions = ledger.exceptions(symbol)
  const oldest = venue[0]
  const count = (ranges: readonly IdRange[]): number => countIds(ranges)
  return {
    symbol,
    trades: count(venue) + count(ledger.others(symbol, 'venue')) - count(exceptions),
    completeTo: oldest && { tradeId: oldest.last, time: oldest.to },
    holes: ledger.holes(symbol),
    exceptions,
  }
}
