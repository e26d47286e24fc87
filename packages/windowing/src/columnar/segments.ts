import { NarrowAccumulator } from '../accumulator.ts'

const FIELDS = 14

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
    if ((this.#count + 1) * FIELDS > this.#numbers.length) this.#grow()
    if (this.#count > 0 && openSeconds <= this.openSeconds(this.#count - 1)) this.#ascending = false
    const numbers = this.#numbers
    const at = this.#count * FIELDS
    numbers[at] = openSeconds
    numbers[at + 1] = priceDecimals
    numbers[at + 2] = quantityDecimals
    numbers[at + 3] = firstTradeId
    numbers[at + 4] = lastTradeId
    numbers[at + 5] = open
    numbers[at + 6] = high
    numbers[at + 7] = low
    numbers[at + 8] = close
    numbers[at + 9] = tradeCount
    numbers[at + 10] = volume
    numbers[at + 11] = bought
    numbers[at + 12] = notionalLow
    numbers[at + 13] = notionalHigh
    this.#count++
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
    const at = index * FIELDS
    const numbers = this.#numbers
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
