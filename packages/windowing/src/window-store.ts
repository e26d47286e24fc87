import type { Accumulator } from './accumulator.ts'
import type { TimeRange } from './coverage.ts'
import { LENGTHS, LEVELS, type Level, openTimeAt } from './levels.ts'

/** A window that holds trades, or did when it closed. */
export interface Window {
  readonly level: Level
  readonly openTime: number
  /** A pending window above the base has none: its trades are in the windows below it. */
  sums: Accumulator | undefined
  /** Of its newest final candle; 0 while pending. */
  revision: number
}

export function closeTimeOf({ level, openTime }: Pick<Window, 'level' | 'openTime'>): number {
  return openTime + (LENGTHS[level] as number)
}

/** The range that holds the whole window. */
function rangeAround(ranges: readonly TimeRange[], level: Level, openTime: number): TimeRange | undefined {
  const closeTime = openTime + (LENGTHS[level] as number)
  for (const range of ranges) if (range.from <= openTime && closeTime <= range.to) return range
  return undefined
}

/**
 * The windows of one sequence of trades: pending ones and those closed of late.
 *
 * Only base windows take trades. A larger one adds up the windows of the level below when it closes; so a pending window
 * exists at every level above a pending or closed one, up to the first that is closed.
 */
export class WindowStore {
  readonly #pending: readonly Map<number, Window>[] = LEVELS.map(() => new Map())
  readonly #closed: readonly Map<number, Window>[] = LEVELS.map(() => new Map())

  pending(level: Level, openTime: number): Window | undefined {
    return this.#pending[level]?.get(openTime)
  }

  closed(level: Level, openTime: number): Window | undefined {
    return this.#closed[level]?.get(openTime)
  }

  get counts(): { readonly pending: number; readonly closed: number } {
    let [pending, closed] = [0, 0]
    for (const { size } of this.#pending) pending += size
    for (const { size } of this.#closed) closed += size
    return { pending, closed }
  }

  forEachPending(visit: (window: Window) => void): void {
    for (const windows of this.#pending) if (windows.size > 0) windows.forEach(visit)
  }

  forEachClosed(visit: (window: Window) => void): void {
    for (const windows of this.#closed) if (windows.size > 0) windows.forEach(visit)
  }

  *allClosed(): Generator<Window> {
    for (const windows of this.#closed) yield* windows.values()
  }

  /** The pending windows that lie in one of the ranges, in order of close time, shorter ones first. */
  pendingWithin(ranges: readonly TimeRange[]): Window[] {
    const found: Window[] = []
    for (const windows of this.#pending) {
      for (const window of windows.values()) {
        if (rangeAround(ranges, window.level, window.openTime) !== undefined) found.push(window)
      }
    }
    return found.length < 2 ? found : found.sort(inOrder)
  }

  /** The closed windows that hold an instant of one of the ranges, ends included. */
  closedDuring(ranges: readonly TimeRange[]): Window[] {
    return [...this.allClosed()].filter((window) =>
      ranges.some(({ from, to }) => from < closeTimeOf(window) && to >= window.openTime),
    )
  }

  /** Forgets the closed windows of a level of which `unwanted` is true. */
  forgetWhere(level: Level, unwanted: (window: Window) => boolean): void {
    const windows = this.#closed[level] as Map<number, Window>
    for (const window of windows.values()) if (unwanted(window)) windows.delete(window.openTime)
  }

  /** The pending window at this time, with those above it; made where it is not there. None of them may be closed. */
  ensurePending(level: Level, time: number): Window {
    const openTime = openTimeAt(level, time)
    const found = this.pending(level, openTime)
    if (found !== undefined) return found
    const window: Window = { level, openTime, sums: undefined, revision: 0 }
    this.#pending[level]?.set(openTime, window)
    if (level + 1 < LEVELS.length) this.ensurePending(level + 1, time)
    return window
  }

  /** Moves a pending window to the closed ones, added up. Those below it must be closed before. */
  close(window: Window): void {
    window.sums = this.sumsAt(window.level, window.openTime)
    this.#pending[window.level]?.delete(window.openTime)
    this.addClosed(window)
  }

  addClosed(window: Window): void {
    this.#closed[window.level]?.set(window.openTime, window)
  }

  addPending(window: Window): void {
    this.#pending[window.level]?.set(window.openTime, window)
  }

  /** What the trades of a window add up to, as far as they are known. */
  sumsAt(level: Level, openTime: number): Accumulator | undefined {
    const closed = this.closed(level, openTime)
    if (closed !== undefined) return closed.sums
    const pending = this.pending(level, openTime)
    return level === 0 || pending === undefined ? pending?.sums : this.#addUp(level, openTime)
  }

  #addUp(level: Level, openTime: number): Accumulator | undefined {
    const step = LENGTHS[level - 1] as number
    const end = openTime + (LENGTHS[level] as number)
    let sums: Accumulator | undefined
    for (let time = openTime; time < end; time += step) {
      const below = this.sumsAt(level - 1, time)
      if (below !== undefined) sums = sums === undefined ? below : sums.merge(below)
    }
    return sums
  }
}

/** By close time, shorter ones first. */
export function inOrder(a: Pick<Window, 'level' | 'openTime'>, b: Pick<Window, 'level' | 'openTime'>): number {
  return closeTimeOf(a) - closeTimeOf(b) || a.level - b.level
}
