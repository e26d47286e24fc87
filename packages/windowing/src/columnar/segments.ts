import { NarrowAccumulator } from '../accumulator.ts'

export const FIELDS = 14

/**
 * Segments as rows of one growing array of numbers. A segment is what consecutive rows of one window add up to: the figures
 * of a narrow accumulator and the start of the window in seconds since 1970.
 */
export class Segments {
  #numbers = new Float64Array(1024 * FIELDS)
  #count = 0
  #ascending = true

  get count(): number {
    return this.#count
  }

  /** Whether every segment is of a later window than the one before: each is then a whole window. */
  get ascending(): boolean {
    return this.#ascending
  }

  /** Adds segments, one after the other in `numbers`. */
  append(numbers: Float64Array): void {
    const start = this.#count * FIELDS
    while (start + numbers.length > this.#numbers.length) this.#grow()
    this.#numbers.set(numbers, start)
    for (let at = start; at < start + numbers.length; at += FIELDS) {
      if (at > 0 && (this.#numbers[at] as number) <= (this.#numbers[at - FIELDS] as number)) this.#ascending = false
    }
    this.#count += numbers.length / FIELDS
  }

  openSeconds(index: number): number {
    return this.#numbers[index * FIELDS] as number
  }

  /** The most decimals of any segment. */
  get decimals(): { readonly price: number; readonly quantity: number } {
    let price = 0
    let quantity = 0
    for (let at = 0; at < this.#count * FIELDS; at += FIELDS) {
      price = Math.max(price, this.#numbers[at + 1] as number)
      quantity = Math.max(quantity, this.#numbers[at + 2] as number)
    }
    return { price, quantity }
  }

  /** The segment as an accumulator. */
  sums(index: number): NarrowAccumulator {
    return sumsIn(this.#numbers, index * FIELDS)
  }

  /** Takes the newest segment off. */
  pop(): NarrowAccumulator {
    this.#count--
    return this.sums(this.#count)
  }

  clear(): void {
    this.#count = 0
    this.#ascending = true
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2)
    numbers.set(this.#numbers)
    this.#numbers = numbers
  }
}

/** The segment at a place in an array of them. */
export function sumsIn(numbers: Float64Array, at: number): NarrowAccumulator {
  return new NarrowAccumulator({
    priceDecimals: numbers[at + 1] as number,
    quantityDecimals: numbers[at + 2] as number,
    firstTradeId: numbers[at + 3] as number,
    lastTradeId: numbers[at + 4] as number,
    open: numbers[at + 5] as number,
    high: numbers[at + 6] as number,
    low: numbers[at + 7] as number,
    close: numbers[at + 8] as number,
    tradeCount: numbers[at + 9] as number,
    volume: numbers[at + 10] as number,
    bought: numbers[at + 11] as number,
    notionalLow: numbers[at + 12] as number,
    notionalHigh: numbers[at + 13] as number,
  })
}

/** A window's sums as a segment. */
export function segmentOf(openSeconds: number, sums: NarrowAccumulator): Float64Array {
  return Float64Array.of(
    openSeconds,
    sums.priceDecimals,
    sums.quantityDecimals,
    sums.firstTradeId,
    sums.lastTradeId,
    sums.open,
    sums.high,
    sums.low,
    sums.close,
    sums.tradeCount,
    sums.volume,
    sums.bought,
    sums.notionalLow,
    sums.notionalHigh,
  )
}
