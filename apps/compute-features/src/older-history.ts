import { type FeatureRow, type FeatureSet, LiveFeatures, type LiveFeaturesCheckpoint } from '@c1/features'
import { type Candle, type EpochMicros, intervalMicros, type MarketSymbol } from '@c1/market'

/** Candles of a symbol with no longer silence between them than a row looks back: from the first to the last close. */
interface Run {
  from: EpochMicros
  to: EpochMicros
}

interface SymbolState {
  readonly runs: Run[]
  live: LiveFeatures
  newest: EpochMicros | undefined
}

export type OlderHistoryCheckpoint = readonly (readonly [
  MarketSymbol,
  { readonly runs: readonly Run[]; readonly live: LiveFeaturesCheckpoint; readonly newest: EpochMicros | null },
])[]

/**
 * Rows of history that is imported behind newer candles, as it comes in its own order. As long as a row cannot reach what is
 * known already, none of that is touched, and nothing has to be derived again.
 */
export class OlderHistory {
  readonly #set: FeatureSet
  readonly #reach: number
  readonly #symbols = new Map<MarketSymbol, SymbolState>()

  constructor(set: FeatureSet) {
    this.#set = set
    this.#reach = set.maxLookBack * intervalMicros(set.group.interval)
  }

  /** Tells of every candle, also of those whose rows are made elsewhere. */
  observe({ closeTime, symbol }: Candle): void {
    const { runs } = this.#of(symbol)
    const newest = runs.at(-1)
    if (newest !== undefined && closeTime >= newest.from && closeTime - newest.to <= this.#reach) {
      newest.to = Math.max(newest.to, closeTime) as EpochMicros
      return
    }
    runs.push({ from: closeTime, to: closeTime })
    runs.sort((a, b) => a.from - b.from)
    this.#join(runs)
  }

  /** The rows of a candle that stands apart from all that is known after it; undefined when it does not. */
  push(candle: Candle): readonly FeatureRow[] | undefined {
    const state = this.#of(candle.symbol)
    if (candle.revision > 1 || !this.#isApart(state, candle.closeTime)) return undefined
    if (state.newest === undefined || candle.closeTime <= state.newest) state.live = new LiveFeatures(this.#set)
    state.newest = candle.closeTime
    const rows = state.live.push(candle)
    return rows === 'before-grid' ? undefined : rows
  }

  checkpoint(): OlderHistoryCheckpoint {
    return [...this.#symbols].map(([symbol, { live, newest, runs }]) => {
      return [symbol, { runs, live: live.checkpoint(), newest: newest ?? null }]
    })
  }

  restore(checkpoint: OlderHistoryCheckpoint): void {
    for (const [symbol, { live, newest, runs }] of checkpoint) {
      const state = this.#of(symbol)
      state.runs.push(...runs.map((run) => ({ ...run })))
      state.live.restore(live)
      state.newest = newest ?? undefined
    }
  }

  /** Whether every known candle is further away than a row reaches, except those right before it. */
  #isApart({ newest, runs }: SymbolState, closeTime: EpochMicros): boolean {
    const continues = newest !== undefined && newest < closeTime && closeTime - newest <= this.#reach
    return runs.every(({ from, to }) => {
      if (from > closeTime) return from - closeTime > this.#reach
      return closeTime - to > this.#reach || (continues && to === newest)
    })
  }

  #join(runs: Run[]): void {
    for (let at = runs.length - 1; at > 0; at -= 1) {
      const [before, after] = [runs[at - 1] as Run, runs[at] as Run]
      if (after.from - before.to > this.#reach) continue
      before.to = Math.max(before.to, after.to) as EpochMicros
      runs.splice(at, 1)
    }
  }

  #of(symbol: MarketSymbol): SymbolState {
    let state = this.#symbols.get(symbol)
    if (state === undefined) {
      state = { runs: [], live: new LiveFeatures(this.#set), newest: undefined }
      this.#symbols.set(symbol, state)
    }
    return state
  }
}
