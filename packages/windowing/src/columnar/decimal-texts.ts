import { type DecimalText, fromUnits } from '@c1/market'
import { POWERS } from '../units.ts'

const POINT = 46
const ZERO = 48
/** Digits that a 32-bit integer holds. */
const SHORT = 9
/** Bytes for one number at most: sixteen digits on either side of the point. */
const LONGEST = 33
const ASCII = new TextDecoder()

/**
 * Writes many numbers as decimal text at once: their digits go into one array, which becomes one text, of which theirs are
 * cut. The result is that of `fromUnits`, which is the better choice for a few.
 */
export class DecimalTexts {
  #bytes = new Uint8Array(16 * 1024)
  #length = 0
  #ends: number[] = []
  /** Texts of numbers that need more than digits of a `number`, by their place. */
  readonly #wide = new Map<number, DecimalText>()

  add(units: number | bigint, decimals: number): void {
    if (typeof units === 'bigint' || decimals > SHORT) this.#wide.set(this.#ends.length, fromUnits(units, decimals))
    else this.#write(units, decimals)
    this.#ends.push(this.#length)
  }

  /** The texts of all numbers added since the last time, in their order. */
  take(): DecimalText[] {
    const all = ASCII.decode(this.#bytes.subarray(0, this.#length))
    let start = 0
    const texts = this.#ends.map((end, index) => {
      const text = start === end ? this.#wide.get(index) : all.slice(start, end)
      start = end
      return text as DecimalText
    })
    this.#ends = []
    this.#wide.clear()
    this.#length = 0
    return texts
  }

  #write(units: number, decimals: number): void {
    if (this.#length + LONGEST > this.#bytes.length) this.#grow()
    const power = POWERS[decimals] as number
    const whole = Math.floor(units / power)
    this.#writeWhole(whole)
    if (decimals === 0) return
    this.#bytes[this.#length++] = POINT
    this.#writeDigits(units - whole * power, decimals)
  }

  #writeWhole(whole: number): void {
    const billions = Math.floor(whole / 1e9)
    if (billions > 0) this.#writeWhole(billions)
    const rest = whole - billions * 1e9
    let width = billions > 0 ? SHORT : 1
    while (width < SHORT && rest >= (POWERS[width] as number)) width++
    this.#writeDigits(rest, width)
  }

  /** The last `width` digits of a number below 10^9. */
  #writeDigits(number: number, width: number): void {
    const bytes = this.#bytes
    let rest = number | 0
    for (let at = this.#length + width - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0
      bytes[at] = ZERO + rest - tenth * 10
      rest = tenth
    }
    this.#length += width
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2)
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }
}
