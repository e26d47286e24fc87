import type { LogWindows, PlacedWindow } from './late-windows.ts'
import { LENGTHS, LEVELS, type Level, openTimeAt } from './levels.ts'
import type { SequenceState } from './sequence-state.ts'
import type { Watermark } from './watermark.ts'
import type { Window } from './window-store.ts'

/**
 * Which closed windows of a sequence are in memory: those that closed of late. Memory is a copy of what the log says, so a window may be
 * let go at any time and brought back when a late trade falls into it.
 */
export class ClosedWindows {
  readonly #state: SequenceState
  readonly #watermark: Watermark
  /** How many of its lengths after its close a window stays. */
  readonly #lateness: number
  #broughtBack = 0

  constructor(state: SequenceState, watermark: Watermark, lateness: number) {
    this.#state = state
    this.#watermark = watermark
    this.#lateness = lateness
  }

  /** Whether a closed window may be in the log alone. */
  isForgotten(level: Level, openTime: number): boolean {
    return this.#isOld(level, openTime, this.#state.lateness)
  }

  /** A window that only the log has, as it was before its next revision; undefined where it has no trades. */
  bringBack({ level, openTime }: PlacedWindow, log: LogWindows): Window | undefined {
    const sums = log.sumsOf(level, openTime)
    if (sums === undefined) return undefined
    // It was empty, and had no candle, when the late trade is its only one.
    const wasEmpty = log.late.own !== undefined && sums.tradeCount === 1
    this.#broughtBack++
    return { level, openTime, sums, revision: wasEmpty ? 0 : this.#state.revisions.of(level, openTime) }
  }

  /** Lets go of what was brought back, where that is more than `most` windows. */
  letGo(most: number): void {
    if (this.#broughtBack > most) this.forgetOld(LEVELS.length - 1)
  }

  /** Lets go of the old windows of a level and those below. */
  forgetOld(highest: Level): void {
    const { revisions, windows } = this.#state
    for (let level = 0; level <= highest; level++) {
      windows.forgetWhere(level, (window) => {
        const isOld = this.#isOld(level, window.openTime, this.#lateness)
        if (isOld) revisions.remember(level, window.openTime, window.revision)
        return isOld
      })
    }
    if (highest === LEVELS.length - 1) this.#broughtBack = 0
  }

  /** Of a closed window: closed so many lengths ago, and added to the window above. */
  #isOld(level: Level, openTime: number, lateness: number): boolean {
    const length = LENGTHS[level] as number
    const range = this.#watermark.around(level, openTime)
    if (range === undefined || openTime + length + lateness * length > range.to) return false
    const above = level + 1
    return above === LEVELS.length || this.#watermark.around(above, openTimeAt(above, openTime)) !== undefined
  }
}
