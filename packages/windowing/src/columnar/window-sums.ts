import { type Accumulator, NarrowAccumulator } from '../accumulator.ts'
import { WideAccumulator } from '../wide-accumulator.ts'
import type { ColumnarPart } from './part.ts'
import { FIELDS, Segments, segmentOf, sumsIn, usedDecimals } from './segments.ts'

/** Rows that go back in time are gathered into their windows when this many segments wait. */
const WAITING = 65_536

/** The start of a window in seconds since 1970, and what its trades add up to. */
export type SummedWindow = readonly [openSeconds: number, sums: Accumulator]

/**
 * The sums of windows of one length, by their start in seconds. As long as windows come in order they stay plain numbers in
 * one array; what is not in order is merged window by window, so memory grows with windows, not with rows.
 */
export class WindowSums {
  readonly #segments = new Segments()
  readonly #gathered = new Map<number, Accumulator>()

  /**
   * Adds segments in the order of their rows, one after the other in `numbers`. One that goes on with the newest window, as at
   * the edge of a chunk, becomes one with it where their sums fit.
   */
  append(numbers: Float64Array): void {
    const segments = this.#segments
    if (!segments.ascending && segments.count >= WAITING) this.#gather()
    const openSeconds = numbers[0] as number
    if (segments.count === 0 || segments.openSeconds(segments.count - 1) !== openSeconds) {
      segments.append(numbers)
      return
    }
    const both = segments.pop().merge(sumsIn(numbers, 0))
    if (both instanceof WideAccumulator) this.merge(openSeconds, both)
    else segments.append(segmentOf(openSeconds, both))
    if (numbers.length > FIELDS) segments.append(numbers.subarray(FIELDS))
  }

  merge(openSeconds: number, sums: Accumulator): void {
    const known = this.#gathered.get(openSeconds)
    this.#gathered.set(openSeconds, known === undefined ? sums : known.merge(sums))
  }

  /** Gives everything so far, as it is, and starts anew. */
  take(): Pick<ColumnarPart, 'segments' | 'windows'> {
    const windows = [...this.#gathered].map(([openSeconds, sums]) => [openSeconds, { ...sums }] as const)
    const segments = this.#segments.numbers.slice()
    this.#segments.clear()
    this.#gathered.clear()
    return { segments, windows }
  }

  /** Makes room for so many windows at once. */
  reserve(count: number): void {
    this.#segments.reserve(count)
  }

  /** Entries in memory: as many as there are windows, and some where rows were not in order. */
  get size(): number {
    return this.#segments.count + this.#gathered.size
  }

  /** The most decimals of any window. */
  get decimals(): { readonly price: number; readonly quantity: number } {
    let { price, quantity } = this.#segments.decimals
    for (const { priceDecimals, quantityDecimals } of this.#gathered.values()) {
      price = Math.max(price, priceDecimals)
      quantity = Math.max(quantity, quantityDecimals)
    }
    return { price, quantity }
  }

  /** The most decimals that a price of any window has apart from zeros at its end. */
  get usedPriceDecimals(): number {
    let used = this.#segments.usedPriceDecimals()
    for (const { close, high, low, open, priceDecimals } of this.#gathered.values()) {
      for (const price of [open, high, low, close]) used = usedDecimals(price, priceDecimals, used)
    }
    return used
  }

  /** The windows as segments in order of time, all in the same decimals; undefined where that cannot be. */
  inSegments(): Float64Array | undefined {
    const segments = this.#segments
    const { price, quantity } = this.decimals
    if ((!segments.ascending || this.#gathered.size > 0) && !this.#scatter()) return undefined
    return segments.rescale(price, quantity) ? segments.numbers : undefined
  }

  /** Makes segments of all windows, in order; false where one does not fit a segment. */
  #scatter(): boolean {
    this.#gather()
    const windows = [...this.#gathered].sort(([a], [b]) => a - b)
    if (!windows.every((window): window is [number, NarrowAccumulator] => window[1] instanceof NarrowAccumulator))
      return false
    for (const [openSeconds, sums] of windows) this.#segments.append(segmentOf(openSeconds, sums))
    this.#gathered.clear()
    return true
  }

  /** Every window and what its rows add up to, in order of time. */
  *inOrder(): Generator<SummedWindow> {
    if (!this.#segments.ascending || this.#gathered.size > 0) {
      this.#gather()
      yield* [...this.#gathered].sort(([a], [b]) => a - b)
      return
    }
    const segments = this.#segments
    for (let index = 0; index < segments.count; index++) yield [segments.openSeconds(index), segments.sums(index)]
  }

  #gather(): void {
    const segments = this.#segments
    for (let index = 0; index < segments.count; index++) this.merge(segments.openSeconds(index), segments.sums(index))
    segments.clear()
  }
}
