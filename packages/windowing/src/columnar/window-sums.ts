import type { Accumulator, NarrowAccumulator } from '../accumulator.ts'
import { WideAccumulator } from '../wide-accumulator.ts'
import { Segments } from './segments.ts'

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

  append(
    openSeconds: number,
    priceDecimals: number,
    quantityDecimals: number,
    firstTradeId: number,
    lastTradeId: number,
    open: number,
    high: number,
    low: number,
    close: number,
    tradeCount: number,
    volume: number,
    bought: number,
    notionalLow: number,
    notionalHigh: number,
  ): void {
    const segments = this.#segments
    if (!segments.ascending && segments.count >= WAITING) this.#gather()
    const continues = segments.count > 0 && segments.openSeconds(segments.count - 1) === openSeconds
    const before = continues ? segments.pop() : undefined
    // biome-ignore format: the order of the parameters
    segments.append(openSeconds, priceDecimals, quantityDecimals, firstTradeId, lastTradeId, open, high, low, close, tradeCount, volume, bought, notionalLow, notionalHigh)
    if (before !== undefined) this.#joinNewest(openSeconds, before)
  }

  /** A window whose rows came in two parts, as at the edge of a chunk, stays one segment where its sums fit. */
  #joinNewest(openSeconds: number, before: NarrowAccumulator): void {
    const both = before.merge(this.#segments.pop())
    if (both instanceof WideAccumulator) {
      this.merge(openSeconds, both)
      return
    }
    const { priceDecimals, quantityDecimals, firstTradeId, lastTradeId, open, high, low, close } = both
    const { tradeCount, volume, bought, notionalLow, notionalHigh } = both
    // biome-ignore format: the order of the parameters
    this.#segments.append(openSeconds, priceDecimals, quantityDecimals, firstTradeId, lastTradeId, open, high, low, close, tradeCount, volume, bought, notionalLow, notionalHigh)
  }

  merge(openSeconds: number, sums: Accumulator): void {
    const known = this.#gathered.get(openSeconds)
    this.#gathered.set(openSeconds, known === undefined ? sums : known.merge(sums))
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
