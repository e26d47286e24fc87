import type { BudgetState } from '@c1/kraken'
import type { MarketSymbol } from '@c1/market'
import type { Progress } from './history/history-progress.ts'
import type { WatchedHole } from './history/hole-watch.ts'
import type { Completeness } from './ledger/completeness.ts'
import type { OpenOutage } from './ledger/open-outages.ts'

export interface IngestStatus {
  /** Every symbol's connection to the feed is open. */
  readonly connected: boolean
  /** Symbols that the venue refuses, with its words. */
  readonly refused: readonly { readonly symbol: MarketSymbol; readonly reason: string }[]
  /** Symbols whose history is being fetched. */
  readonly backfill: readonly Progress[]
  /** Seconds until all of it is fetched; undefined while that is not known. */
  readonly backfillSecondsLeft: number | undefined
  /** Of the calls to the venue's REST interface. */
  readonly budget: BudgetState
  /** Symbols with ids missing between the first and the last trade of the log. */
  readonly holes: readonly MarketSymbol[]
}

/** What the log has of a symbol, and what this process knows besides. */
export interface SymbolCompleteness extends Completeness {
  readonly holes: readonly WatchedHole[]
  /** Outages that last, or whose trades are not all there yet. */
  readonly openOutages: readonly OpenOutage[]
  /** How much of the history is fetched, 0 to 1. */
  readonly backfill: number
  /** Trades of the history that are yet to be fetched; undefined while that is not known. */
  readonly backfillTradesLeft: number | undefined
}
