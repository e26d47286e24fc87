import type { IdSpace, Interval, MarketSymbol } from '@c1/market'
import type { CandleEvent } from './candle-event.ts'
import { intervalOf, LENGTHS, type Level } from './levels.ts'
import { makeCandle } from './make-candle.ts'
import type { SequenceState } from './sequence-state.ts'
import type { Watermark } from './watermark.ts'
import type { Window } from './window-store.ts'

export interface FinalCandlesOptions {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  /** The lengths of candle that are given out. */
  readonly intervals: ReadonlySet<Interval>
  /** Every sequence of the symbol, this one and later ones too. */
  readonly sequences: readonly { readonly finals: FinalCandles }[]
}

/**
 * The final candles of a sequence and their revisions. Where sequences of several id spaces have the same window, a candle that follows one
 * of another continues its revisions, and the venue's counts.
 */
export class FinalCandles {
  readonly #options: FinalCandlesOptions
  readonly #state: SequenceState
  readonly #watermark: Watermark

  constructor(options: FinalCandlesOptions, state: SequenceState, watermark: Watermark) {
    this.#options = options
    this.#state = state
    this.#watermark = watermark
  }

  isWanted(level: Level): boolean {
    return this.#options.intervals.has(intervalOf(level))
  }

  /** Of a window with proven ids: whether none of its trades is stated as not served. */
  isComplete(level: Level, openTime: number): boolean {
    return !this.#state.coverage.lacks({ from: openTime, to: openTime + (LENGTHS[level] as number) })
  }

  /** Gives a closed window its next revision, above any that another id space gave it. */
  revise(window: Window, events: CandleEvent[]): void {
    const { idSpace, sequences, symbol } = this.#options
    const { level, openTime, sums } = window
    let outranked = false
    for (const { finals: other } of sequences) {
      if (other === this) continue
      window.revision = Math.max(window.revision, other.#revisionGiven(level, openTime))
      outranked ||= idSpace !== 'venue' && other.#proves(level, openTime)
    }
    window.revision++
    if (outranked || sums === undefined || !this.isWanted(level)) return
    const complete = idSpace === 'venue' ? this.isComplete(level, openTime) : undefined
    const frame = { symbol, level, openTime, revision: window.revision, state: 'final', complete } as const
    events.push({ kind: 'candle', candle: makeCandle(frame, sums) })
  }

  /** Whether the ids say what the window holds, and which of its trades are not to be had; a file's say nothing. */
  #proves(level: Level, openTime: number): boolean {
    return this.#options.idSpace === 'venue' && this.#watermark.around(level, openTime) !== undefined
  }

  /** The highest revision that this sequence may have given a window. */
  #revisionGiven(level: Level, openTime: number): number {
    const { oldest, revisions, windows } = this.#state
    const closed = windows.closed(level, openTime)
    if (closed !== undefined) return closed.revision
    const closeTime = openTime + (LENGTHS[level] as number)
    const isClosed = closeTime > oldest && this.#watermark.around(level, openTime) !== undefined
    return isClosed ? revisions.of(level, openTime) : 0
  }
}
