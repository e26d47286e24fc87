import { NOTIONAL_SPLIT, SMALL_FACTOR } from '../accumulator.ts'
import { POWERS } from '../units.ts'
import { ROLE } from './row-layout.ts'
import type { WindowSums } from './window-sums.ts'

// As constants of this module they are compiled into the loop; an imported binding or a declared function is looked up and
// checked again wherever a row uses it.
const SPLIT = NOTIONAL_SPLIT
const SMALL = SMALL_FACTOR
const TENS = POWERS
const { side: SIDE, orderType: ORDER_TYPE, tradeId: TRADE_ID } = ROLE
const LINE_FEED = 10
const RETURN = 13
const COMMA = 44
const POINT = 46
const ZERO = 48
const BUY = 98
const SELL = 115
const MARKET = 109
const LIMIT = 108

/** Zero bytes that must follow the lines in memory: a line that is cut short is noticed only some bytes beyond its end. */
export const LOOK_AHEAD = 64
/** A sum beyond this ends the segment: one more row still fits the exact integers. */
const FULL = 2 ** 52
/** The upper part of a product below this is an exact integer, with room for a sum of many. */
const LARGEST_PRODUCT = 2 ** 70
/** Four zeros as a little-endian integer. */
const ZEROS = 0x30303030
/** So far below zero that no digits added to it make a time. */
const NO_DIGITS = -1e12
const UPPER_PART = 1 / NOTIONAL_SPLIT
/** Digits on one side of a point that a 32-bit integer holds. */
const SHORT = 9
/** What the units of a `number` hold exactly, with room to add them up. */
const LARGEST_UNITS = 1e15

/** Four digits in a row as the number they write; `word` is the little-endian integer of their bytes, less `ZEROS`. */
const fourDigits = (word: number): number => {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff
}

/** Whether the four bytes of `word`, less `ZEROS`, are all digits: neither they nor they and six reach sixteen. */
const areDigits = (word: number): boolean => {
  return ((word | (word + 0x06060606)) & 0xf0f0f0f0) === 0
}

/** `NO_DIGITS` when one of them is none. */
const eightDigits = (bytes0: number, bytes1: number): number => {
  const word0 = (bytes0 - ZEROS) | 0
  const word1 = (bytes1 - ZEROS) | 0
  return areDigits(word0) && areDigits(word1) ? fourDigits(word0) * 10_000 + fourDigits(word1) : NO_DIGITS
}

/** `NO_DIGITS` when one of them is none. */
const twoDigits = (bytes: Uint8Array, at: number): number => {
  const tens = (bytes[at] as number) - ZERO
  const ones = (bytes[at + 1] as number) - ZERO
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? NO_DIGITS : tens * 10 + ones
}

/** What the loop leaves to others. */
export interface RowLoopHost {
  /** Takes a line that the loop does not read, without its end. The ordinal is its own if it is a row; false if it is empty. */
  readOther(bytes: Uint8Array, start: number, end: number, ordinal: number): boolean
  /** Whether the venue's trade `tradeId` of this second is new; asked only where rows have ids. */
  isNew(tradeId: number, seconds: number): boolean
}

/**
 * Adds up rows straight from their bytes.
 *
 * It reads what archives hold nearly always: rows that begin with time, price and volume or with price, volume and time, times
 * of ten digits, plain decimals of up to nine digits on each side of the point, one-letter sides. Any other line is handed
 * to the host. `read` is one long function on purpose: its numbers stay in registers only as local variables of one loop.
 */
export class RowLoop {
  readonly #roles: Uint8Array
  readonly #windowSeconds: number
  readonly #sums: WindowSums
  readonly #host: RowLoopHost
  readonly #hasIds: boolean
  /** Whether rows begin with their time; else it is their third field. */
  readonly #timeFirst: boolean
  /** Whether rows begin in one of the two orders. */
  readonly #isReadable: boolean
  /** What the first trade of a window adds to nothing: no side, no volume bought. */
  readonly #unsided: number
  /** Rows so far, of any kind. */
  #rowCount = 0

  constructor(roles: Uint8Array, windowSeconds: number, sums: WindowSums, host: RowLoopHost) {
    this.#roles = roles
    this.#windowSeconds = windowSeconds
    this.#sums = sums
    this.#host = host
    this.#hasIds = roles.includes(ROLE.tradeId)
    const start = roles.subarray(0, 3).join()
    this.#timeFirst = start === [ROLE.time, ROLE.price, ROLE.volume].join()
    this.#isReadable = this.#timeFirst || start === [ROLE.price, ROLE.volume, ROLE.time].join()
    this.#unsided = roles.includes(ROLE.side) ? 0 : Number.NaN
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Counts a row that was not read. */
  passRow(): void {
    this.#rowCount++
  }

  /** Reads the lines in `[start, end)`, each with its line feed. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const roles = this.#roles
    const columns = roles.length
    const windowSeconds = this.#windowSeconds
    const hasIds = this.#hasIds
    const timeFirst = this.#timeFirst
    const unreadable = !this.#isReadable
    const unsided = this.#unsided
    const sums = this.#sums
    let rowCount = this.#rowCount
    let openSeconds = 0
    let closeSeconds = 0
    let priceDecimals = 0
    let quantityDecimals = 0
    let firstTradeId = 0
    let lastTradeId = 0
    let open = 0
    let high = 0
    let low = 0
    let close = 0
    let tradeCount = 0
    let volume = 0
    let bought = 0
    let notionalLow = 0
    let notionalHigh = 0
    // The first eight of a time's ten digits, as bytes and as a number: they seldom change from row to row.
    let timeBytes0 = 0
    let timeBytes1 = 0
    let timeBase = NO_DIGITS
    let first = 0
    let digit = 0
    let word = 0
    let at = start
    while (at < end) {
      const rowStart = at
      let isOther = unreadable
      let seconds = 0
      if (timeFirst) {
        if (((view.getInt32(at, true) ^ timeBytes0) | (view.getInt32(at + 4, true) ^ timeBytes1)) !== 0) {
          timeBytes0 = view.getInt32(at, true)
          timeBytes1 = view.getInt32(at + 4, true)
          timeBase = eightDigits(timeBytes0, timeBytes1) * 100
        }
        seconds = timeBase + twoDigits(bytes, at + 8)
        at += 10
        if (bytes[at] === POINT)
          do digit = (bytes[++at] as number) - ZERO
          while (digit >>> 0 < 10)
        if (bytes[at++] !== COMMA) isOther = true
      }
      first = at
      let priceWhole = 0
      word = (view.getInt32(at, true) - ZEROS) | 0
      if (areDigits(word)) {
        priceWhole = fourDigits(word)
        at += 4
      }
      digit = (bytes[at] as number) - ZERO
      while (digit >>> 0 < 10) {
        priceWhole = (priceWhole * 10 + digit) | 0
        digit = (bytes[++at] as number) - ZERO
      }
      if (at === first || at - first > SHORT) isOther = true
      let priceFraction = 0
      first = at + 1
      if (digit === POINT - ZERO) {
        at++
        word = (view.getInt32(at, true) - ZEROS) | 0
        if (areDigits(word)) {
          priceFraction = fourDigits(word)
          at += 4
          word = (view.getInt32(at, true) - ZEROS) | 0
          if (areDigits(word)) {
            priceFraction = (priceFraction * 10_000 + fourDigits(word)) | 0
            at += 4
          }
        }
        digit = (bytes[at] as number) - ZERO
        while (digit >>> 0 < 10) {
          priceFraction = (priceFraction * 10 + digit) | 0
          digit = (bytes[++at] as number) - ZERO
        }
        if (at - first > SHORT) isOther = true
      } else first = at
      const priceScale = at - first
      let price = priceWhole * (TENS[priceScale] as number) + priceFraction
      if (bytes[at++] !== COMMA) isOther = true
      first = at
      let quantityWhole = 0
      digit = (bytes[at] as number) - ZERO
      while (digit >>> 0 < 10) {
        quantityWhole = (quantityWhole * 10 + digit) | 0
        digit = (bytes[++at] as number) - ZERO
      }
      if (at === first || at - first > SHORT) isOther = true
      let quantityFraction = 0
      first = at + 1
      if (digit === POINT - ZERO) {
        at++
        word = (view.getInt32(at, true) - ZEROS) | 0
        if (areDigits(word)) {
          quantityFraction = fourDigits(word)
          at += 4
          word = (view.getInt32(at, true) - ZEROS) | 0
          if (areDigits(word)) {
            quantityFraction = (quantityFraction * 10_000 + fourDigits(word)) | 0
            at += 4
          }
        }
        digit = (bytes[at] as number) - ZERO
        while (digit >>> 0 < 10) {
          quantityFraction = (quantityFraction * 10 + digit) | 0
          digit = (bytes[++at] as number) - ZERO
        }
        if (at - first > SHORT) isOther = true
      } else first = at
      const quantityScale = at - first
      let quantity = quantityWhole * (TENS[quantityScale] as number) + quantityFraction
      if (!timeFirst) {
        if (bytes[at++] !== COMMA) isOther = true
        seconds = eightDigits(view.getInt32(at, true), view.getInt32(at + 4, true)) * 100 + twoDigits(bytes, at + 8)
        at += 10
        if (bytes[at] === POINT)
          do digit = (bytes[++at] as number) - ZERO
          while (digit >>> 0 < 10)
      }
      let side = unsided
      let tradeId = 0
      for (let column = 3; column < columns && !isOther; column++) {
        if (bytes[at++] !== COMMA) {
          isOther = true
          break
        }
        const role = roles[column]
        const letter = bytes[at]
        if (role === SIDE) {
          if (letter === BUY) side = 1
          else if (letter !== SELL) isOther = true
          at++
        } else if (role === ORDER_TYPE) {
          if (letter !== MARKET && letter !== LIMIT) isOther = true
          at++
        } else if (role === TRADE_ID) {
          digit = (letter as number) - ZERO
          if (digit === 0) isOther = true
          while (digit >>> 0 < 10) {
            tradeId = tradeId * 10 + digit
            digit = (bytes[++at] as number) - ZERO
          }
          if (tradeId === 0 || tradeId >= LARGEST_UNITS) isOther = true
        } else while (bytes[at] !== COMMA && bytes[at] !== LINE_FEED && bytes[at] !== RETURN) at++
      }
      if (bytes[at] === RETURN) at++
      if (bytes[at++] !== LINE_FEED || seconds < 0 || price === 0) isOther = true
      let raisesDecimals = false
      if (priceScale !== priceDecimals || quantityScale !== quantityDecimals) {
        raisesDecimals = priceScale > priceDecimals || quantityScale > quantityDecimals
        if (priceScale < priceDecimals) price *= TENS[priceDecimals - priceScale] as number
        if (quantityScale < quantityDecimals) quantity *= TENS[quantityDecimals - quantityScale] as number
      }
      if (price >= LARGEST_UNITS || quantity >= LARGEST_UNITS) isOther = true
      const splitsPrice = quantity < SMALL
      if (price * quantity >= LARGEST_PRODUCT || (!splitsPrice && price >= SMALL)) isOther = true
      if (isOther) {
        const feed = bytes.indexOf(LINE_FEED, rowStart)
        if (this.#host.readOther(bytes, rowStart, feed, rowCount + 1)) rowCount++
        at = feed + 1
        continue
      }
      rowCount++
      if (!hasIds) tradeId = rowCount
      else if (!this.#host.isNew(tradeId, seconds)) continue
      const fitsSegment =
        seconds >= openSeconds &&
        seconds < closeSeconds &&
        volume <= FULL &&
        notionalHigh <= FULL &&
        tradeId > lastTradeId
      if (!fitsSegment || raisesDecimals) {
        // biome-ignore format: the order in which `append` takes them
        if (tradeCount > 0) sums.append(openSeconds, priceDecimals, quantityDecimals, firstTradeId, lastTradeId, open, high, low, close, tradeCount, volume, bought, notionalLow, notionalHigh)
        openSeconds = Math.floor(seconds / windowSeconds) * windowSeconds
        closeSeconds = openSeconds + windowSeconds
        if (priceScale > priceDecimals) priceDecimals = priceScale
        if (quantityScale > quantityDecimals) quantityDecimals = quantityScale
        firstTradeId = tradeId
        open = price
        high = price
        low = price
        tradeCount = 0
        volume = 0
        bought = 0
        notionalLow = 0
        notionalHigh = 0
      }
      lastTradeId = tradeId
      close = price
      if (price > high) high = price
      if (price < low) low = price
      tradeCount++
      volume += quantity
      bought += side * quantity
      const small = splitsPrice ? quantity : price
      const large = splitsPrice ? price : quantity
      const upper = Math.floor(large * UPPER_PART)
      notionalLow += small * (large - upper * SPLIT)
      notionalHigh += small * upper
      if (notionalLow >= FULL) {
        const carry = Math.floor(notionalLow * UPPER_PART)
        notionalLow -= carry * SPLIT
        notionalHigh += carry
      }
    }
    // biome-ignore format: the order in which `append` takes them
    if (tradeCount > 0) sums.append(openSeconds, priceDecimals, quantityDecimals, firstTradeId, lastTradeId, open, high, low, close, tradeCount, volume, bought, notionalLow, notionalHigh)
    this.#rowCount = rowCount
  }
}
