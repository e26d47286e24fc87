import { NarrowAccumulator } from '../accumulator.ts'
import { EXACT_DIGITS, POWERS } from '../units.ts'

/** Numbers of a segment. */
export const FIELDS = 14
/** The windows of a day together stay below 2^63. */
const LARGEST_VOLUME = 2 ** 52

/**
 * Segments as rows of one growing array of numbers. A segment is what consecutive rows of one window add up to: the figures
 * of a narrow accumulator and the start of the window in seconds since 1970.
 */
export class Segments {
  #numbers: Float64Array<ArrayBuffer> = new Float64Array(1024 * FIELDS)
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
    if (start + numbers.length > this.#numbers.length) this.#grow(start + numbers.length)
    this.#numbers.set(numbers, start)
    let before = start > 0 ? this.openSeconds(this.#count - 1) : Number.NEGATIVE_INFINITY
    for (let at = 0; at < numbers.length; at += FIELDS) {
      const openSeconds = numbers[at] as number
      if (openSeconds <= before) this.#ascending = false
      before = openSeconds
    }
    this.#count += numbers.length / FIELDS
  }

  openSeconds(index: number): number {
    return this.#numbers[index * FIELDS] as number
  }

  /** The most decimals of any segment. */
  get decimals(): { readonly price: number; readonly quantity: number } {
    const numbers = this.numbers
    let price = 0
    let quantity = 0
    for (let at = 0; at < numbers.length; at += FIELDS) {
      if ((numbers[at + 1] as number) > price) price = numbers[at + 1] as number
      if ((numbers[at + 2] as number) > quantity) quantity = numbers[at + 2] as number
    }
    return { price, quantity }
  }

  /** The segments, one after the other. Good until the next change. */
  get numbers(): Float64Array {
    return this.#numbers.subarray(0, this.#count * FIELDS)
  }

  /**
   * Brings every segment to these decimals, at least as many as any has. False where one leaves the exact integers then, or
   * where a day of them could add up to more than the kernel can.
   */
  rescale(priceDecimals: number, quantityDecimals: number): boolean {
    const numbers = this.numbers
    for (let at = 0; at < numbers.length; at += FIELDS) {
      if (numbers[at + 1] !== priceDecimals || numbers[at + 2] !== quantityDecimals) {
        const scaled = sumsIn(numbers, at).rescale(priceDecimals, quantityDecimals)
        if (scaled === undefined) return false
        numbers.set(segmentOf(numbers[at] as number, scaled), at)
      }
      if ((numbers[at + 10] as number) > LARGEST_VOLUME) return false
    }
    return true
  }

  /** The most decimals that a price of any segment has apart from zeros at its end. */
  usedPriceDecimals(): number {
    const numbers = this.numbers
    let used = 0
    for (let at = 0; at < numbers.length; at += FIELDS) {
      const decimals = numbers[at + 1] as number
      for (let price = at + 5; price < at + 9 && used < decimals; price++) {
        used = usedDecimals(numbers[price] as number, decimals, used)
      }
    }
    return used
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

  /** Makes room for so many at once, which is faster than little by little. */
  reserve(count: number): void {
    if (count * FIELDS > this.#numbers.length) this.#grow(count * FIELDS)
  }

  #grow(length: number): void {
    const { buffer } = this.#numbers
    const bytes = Math.max(2 * buffer.byteLength, length * Float64Array.BYTES_PER_ELEMENT)
    this.#numbers = new Float64Array(buffer.transfer(bytes))
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

/** How many of its decimals a price needs, at least as many as are known to be needed. */
export function usedDecimals(price: number | bigint, decimals: number, used: number): number {
  let needed = used
  while (needed < decimals && !isMultiple(price, decimals - needed)) needed++
  return needed
}

/** Whether so many of the last decimals are zeros. */
function isMultiple(units: number | bigint, zeros: number): boolean {
  if (typeof units === 'bigint' || zeros > EXACT_DIGITS) return BigInt(units) % 10n ** BigInt(zeros) === 0n
  const power = POWERS[zeros] as number
  return Math.floor(units / power) * power === units
}

/** Adds to the ids of segments. */
export function shiftIds(numbers: Float64Array, ids: number): void {
  for (let at = 0; at < numbers.length; at += FIELDS) {
    numbers[at + 3] = (numbers[at + 3] as number) + ids
    numbers[at + 4] = (numbers[at + 4] as number) + ids
  }
}
