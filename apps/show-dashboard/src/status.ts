import { formatTime, type MarketSymbol } from '@c1/market'
import type { MarketView } from './market-view.ts'
import { originOf, scoreRow } from './rows.ts'
import type { CompletenessRow, CompletenessStatus, Origin, ProgressRow, StatusRow, SymbolStatus } from './wire.ts'

/** What ingest says of a symbol; where it comes from is added here. */
export type CompletenessFacts = Omit<CompletenessRow, keyof Origin>

export interface Readiness {
  readonly ready: boolean
  /** Why not, a sentence each. */
  readonly reasons: readonly string[]
}

/** What the other roles can tell about how far they are. */
export interface StatusSources {
  readonly view: MarketView
  /** Whether the other roles do their work. */
  readonly readiness: () => Readiness
  /** How far the back-fill of each symbol is, in trades or seconds of history. */
  readonly progress?: (() => readonly ProgressRow[]) | undefined
  /** What the trade log has and lacks of each symbol, where the process that writes it is this one. */
  readonly completeness?: (() => readonly CompletenessFacts[]) | undefined
  /** Why a symbol has no prediction yet, in one sentence. */
  readonly waitingFor?: ((symbol: MarketSymbol) => string | undefined) | undefined
}

/** Ready is what has read the past and whose other roles do their work. */
export function readinessOf({ view, readiness }: StatusSources): Readiness {
  const { ready, reasons } = readiness()
  if (view.isCaughtUp) return { ready, reasons }
  return { ready: false, reasons: [...reasons, 'Earlier candles and predictions are being read.'] }
}

/** @param symbols undefined is all */
export function statusRow(
  sources: StatusSources,
  symbols: readonly MarketSymbol[] | undefined,
  reset: boolean,
): StatusRow {
  const { view, progress, completeness } = sources
  const followed = symbols ?? view.symbols()
  const facts = new Map(completeness?.().map((each) => [each.symbol, each]))
  return {
    ...originOf(view.source),
    marketTime: formatTime(view.clock()),
    ...readinessOf(sources),
    progress: progress?.().filter(({ symbol }) => followed.includes(symbol as MarketSymbol)) ?? [],
    symbols: followed.map((symbol) => symbolStatus(symbol, sources, facts.get(symbol))),
    reset,
  }
}

function symbolStatus(
  symbol: MarketSymbol,
  { view, waitingFor }: StatusSources,
  facts: CompletenessFacts | undefined,
): SymbolStatus {
  const seen = view.symbol(symbol)
  return {
    symbol,
    lastEventTime: seen.lastEventTime === undefined ? null : formatTime(seen.lastEventTime),
    ageSeconds: view.ageSeconds(symbol) ?? null,
    scores: seen.scoredModels().flatMap((model) => {
      const score = seen.liveScore(model)
      return score === undefined ? [] : [scoreRow(model, score)]
    }),
    waitingFor: waitingFor?.(symbol) ?? null,
    completeness: facts === undefined ? null : inBrief(facts),
  }
}

function inBrief(facts: CompletenessFacts): CompletenessStatus {
  const { backfill, backfillSecondsLeft, completeToId, exceptions, holes, outages } = facts
  return {
    completeToId,
    holes: holes.length,
    exceptions: exceptions.length,
    outage: outages.some(({ repaired }) => !repaired),
    backfill,
    backfillSecondsLeft,
  }
}
