import { countIds, type EpochMicros, type IdRange, type MarketSymbol, type Outage } from '@c1/market'
import type { Hole, LedgerException, LedgerSpan, Repair, TradeLedger } from './ledger.ts'

/** What the log has of a symbol, and what it has not. */
export interface Completeness {
  readonly symbol: MarketSymbol
  /** In every id space. */
  readonly trades: number
  /**
   * From the oldest venue's id on nothing is missing up to here but the exceptions; undefined without such ids. The time is that of
   * the trade, or later where the log says that no trade came until then.
   */
  readonly completeTo: { readonly tradeId: number; readonly time: EpochMicros } | undefined
  /** Ids that are missing between two trades of the log. */
  readonly holes: readonly Hole[]
  /** Ids that the venue does not serve. */
  readonly exceptions: readonly LedgerException[]
  /** The newest holes that were repaired, oldest first, and how many there were ever. */
  readonly repairs: readonly Repair[]
  readonly repaired: number
  /** The newest outages whose trades are all there, in the order of the log. */
  readonly outages: readonly Outage[]
  /** Trades that came again and were refused. */
  readonly duplicates: number
}

export function completenessOf(ledger: TradeLedger, symbol: MarketSymbol): Completeness {
  const venue = ledger.spans(symbol, 'venue')
  const exceptions = ledger.exceptions(symbol)
  const oldest = venue[0]
  const count = (ranges: readonly IdRange[]): number => countIds(ranges)
  return {
    symbol,
    trades: count(venue) + count(ledger.others(symbol, 'venue')) - count(exceptions),
    completeTo: oldest && { tradeId: oldest.last, time: completeUntil(ledger, symbol, oldest) },
    holes: ledger.holes(symbol),
    exceptions,
    repairs: ledger.repairs(symbol),
    repaired: ledger.repaired(symbol),
    outages: ledger.outages(symbol),
    duplicates: ledger.duplicates(symbol),
  }
}

function completeUntil(ledger: TradeLedger, symbol: MarketSymbol, { from, to }: Readonly<LedgerSpan>): EpochMicros {
  const [next] = ledger.missing(symbol, (from + 1) as EpochMicros, Number.POSITIVE_INFINITY)
  return Math.max(to, next?.from ?? to) as EpochMicros
}
