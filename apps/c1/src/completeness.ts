import type { BackfillProgress, Completeness, Ingest, OpenOutage, WatchedHole } from '@c1/ingest-trades'
import type { BudgetState } from '@c1/kraken'
import { formatTime, type Outage } from '@c1/market'
import type { BudgetRow, CompletenessFacts, HoleRow, OutageRow } from '@c1/show-dashboard'
import type { IngestState } from './ingest-state.ts'

/** As the API writes it, of every symbol. */
export function completenessFacts(ingest: Pick<Ingest, 'completeness' | 'status'>): CompletenessFacts[] {
  const { backfillSecondsLeft, budget } = ingest.status()
  return ingest.completeness().map((known) => {
    const { backfill, backfillTradesLeft, duplicates, exceptions, holes, openOutages, outages, repaired } = known
    return {
      symbol: known.symbol,
      trades: known.trades,
      ...completeTo(known),
      holes: holes.map(holeRow),
      exceptions: exceptions.map(({ first, from, last, to }) => ({
        firstTradeId: first,
        lastTradeId: last,
        from: formatTime(from),
        to: formatTime(to),
      })),
      outages: outageRows(outages, openOutages),
      repaired,
      duplicates,
      backfill,
      backfillTradesLeft: backfillTradesLeft ?? null,
      backfillSecondsLeft: backfillSecondsLeft ?? null,
      budget: budgetRow(budget),
    }
  })
}

/** What `c1 status` is told of a running process that follows the market. */
export function ingestState(ingest: Pick<Ingest, 'completeness' | 'status'>): IngestState {
  const { backfillSecondsLeft, budget } = ingest.status()
  const symbols = ingest.completeness().map(({ backfill, backfillTradesLeft, holes, symbol }) => ({
    symbol,
    holes: holes.map(holeRow),
    backfill,
    backfillTradesLeft: backfillTradesLeft ?? null,
  }))
  return { budget: budgetRow(budget), backfillSecondsLeft: backfillSecondsLeft ?? null, symbols }
}

/** The same of one that fetches ranges of history. */
export function backfillState({ secondsLeft, symbols }: BackfillProgress, budget: BudgetState): IngestState {
  return {
    budget: budgetRow(budget),
    backfillSecondsLeft: secondsLeft ?? null,
    symbols: symbols.map(({ fraction, remaining, symbol }) => ({
      symbol,
      holes: [],
      backfill: fraction,
      backfillTradesLeft: remaining ?? null,
    })),
  }
}

export function completeTo({ completeTo }: Pick<Completeness, 'completeTo'>): {
  readonly completeToId: number | null
  readonly completeToTime: string | null
} {
  return {
    completeToId: completeTo?.tradeId ?? null,
    completeToTime: completeTo === undefined ? null : formatTime(completeTo.time),
  }
}

export function outageRows(stated: readonly Outage[], open: readonly OpenOutage[]): OutageRow[] {
  return [
    ...stated.map(({ from, to }) => ({ from: formatTime(from), to: formatTime(to), repaired: true })),
    ...open.map(({ from, to }) => {
      return { from: formatTime(from), to: to === undefined ? null : formatTime(to), repaired: false }
    }),
  ]
}

function holeRow({ asked, first, last, since }: WatchedHole): HoleRow {
  return { firstTradeId: first, lastTradeId: last, since: formatTime(since), asked }
}

function budgetRow({ calls, heldUntil, refused, spacingMs }: BudgetState): BudgetRow {
  return {
    calls,
    refused,
    spacingSeconds: spacingMs / 1000,
    heldUntil: heldUntil === undefined ? null : formatTime(heldUntil),
  }
}
