import type { Cursor } from '@c1/kraken'
import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { CheckpointStore } from '@c1/service'

/** How far a symbol's history was walked. */
export interface HistoryCursor {
  /** From when on the history is wanted, where somebody said so. */
  readonly wantedFrom?: EpochMicros | undefined
  /** Where the walk goes on, as the venue wrote it. */
  readonly next?: Cursor | undefined
  /** The highest trade id that is in the log when it goes on there. */
  readonly reached?: number | undefined
}

/** Keeps how far each symbol's history was walked, one small file each: written after a page is in the log, never before. */
export class HistoryCursors {
  readonly #checkpoints: Pick<CheckpointStore, 'load' | 'save'>
  readonly #known = new Map<MarketSymbol, HistoryCursor>()

  constructor(checkpoints: Pick<CheckpointStore, 'load' | 'save'>) {
    this.#checkpoints = checkpoints
  }

  of(symbol: MarketSymbol): HistoryCursor {
    const known = this.#known.get(symbol) ?? ((this.#checkpoints.load(fileOf(symbol)) ?? {}) as HistoryCursor)
    this.#known.set(symbol, known)
    return known
  }

  /** Changes what is named, and keeps the rest. */
  keep(symbol: MarketSymbol, changes: HistoryCursor): void {
    const cursor = { ...this.of(symbol), ...changes }
    this.#known.set(symbol, cursor)
    this.#checkpoints.save(fileOf(symbol), cursor)
  }
}

function fileOf(symbol: MarketSymbol): string {
  return `history-${symbol.replace('/', '-')}`
}
