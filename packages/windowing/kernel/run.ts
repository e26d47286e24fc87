import { areDigits, eightDigits, ZEROS } from './digits'
import { PRICE_SHUFFLES, PUNCTUATION, QUANTITY_SHUFFLES, TENS } from './memory'
import { segment, UNIT_BITS, UPPER_BITS, VOLUME_BITS } from './segment'

/**
 * Vectors of the loop, in memory: as constants they would be made anew for every row. From `FIRST_DIGIT` on, bytes are signed
 * numbers of which the ten digits are the lowest.
 */
const FIRST_DIGIT: usize = memory.data<u8>([
  0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0,
])
const LAST_DIGIT: usize = memory.data<u8>([
  0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89, 0x89,
])
const ALL_ZERO: usize = memory.data<u8>([
  0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30,
])
/** Times this, a digit and the ten times of the one before it meet in the upper byte of a pair. */
const PAIR: usize = memory.data<u16>([2561, 2561, 2561, 2561, 2561, 2561, 2561, 2561])
const HUNDREDS: usize = memory.data<u16>([100, 1, 100, 1, 100, 1, 100, 1])
const TEN_THOUSANDS: usize = memory.data<u16>([10_000, 1, 10_000, 1, 10_000, 1, 10_000, 1])

/** What follows the first eight digits of a time: two digits and a comma. */
const TWO_DIGITS_COMMA: u32 = 0x2c3030
/** What is above 9, or above 0 for the comma, gets its highest bit. */
const TOO_LARGE: u32 = 0x7f7676
const HIGHEST_BITS: u32 = 0x808080

/**
 * Adds the rows `seconds,price,volume` from `at` on to the open segment while they are of its window and of the plainest kind:
 * a point in both numbers, up to seven digits before it, at most the segment's decimals after it. Where it stops: at a row that
 * is anything else, or at `end`. So many rows were before; a trade's id is its row's ordinal.
 *
 * Where the numbers end is found anew only when a row is of another shape than the one before. In most archives nearly all
 * have the same, as prices and volumes are padded, and then the processor need not wait for one row to begin the next.
 */
export function readRun(at: usize, end: usize, windowSeconds: i64, rowCount: i64): usize {
  const priceDecimals: usize = segment.priceDecimals
  const quantityDecimals: usize = segment.quantityDecimals
  if (segment.tradeCount === 0 || priceDecimals > 8 || quantityDecimals > 8) return at
  const timeBytes = load<u64>(at)
  if (!areDigits(timeBytes ^ ZEROS)) return at
  // The window as the last two digits of the time: from where to below where.
  const offset = i64(eightDigits(timeBytes ^ ZEROS)) * 100 - segment.openSeconds
  if (offset <= -100 || offset >= windowSeconds) return at
  const since = u32(offset)
  const until = u32(windowSeconds)
  const wholePrice = load<u64>(TENS + (priceDecimals << 3))
  const wholeQuantity = load<u64>(TENS + (quantityDecimals << 3))
  const firstDigit = v128.load(FIRST_DIGIT)
  const lastDigit = v128.load(LAST_DIGIT)
  const allZero = v128.load(ALL_ZERO)
  const pair = v128.load(PAIR)
  const hundreds = v128.load(HUNDREDS)
  const tenThousands = v128.load(TEN_THOUSANDS)
  let high = segment.high
  let low = segment.low
  let close = segment.close
  let volume = segment.volume
  let notional = segment.notional
  let notionalUpper = segment.notionalUpper
  let count: i64 = 0
  // Of the newest row: which of the bytes after its time are no digits, and how its numbers are found.
  let shape: u32 = 1
  let shapeBytes: u32 = 0
  let quantityAt: usize = 0
  let length: usize = 0
  let priceShuffle = v128.load(PUNCTUATION)
  let quantityShuffle = priceShuffle
  let firstPunctuation = priceShuffle
  let secondPunctuation = priceShuffle
  while (at < end) {
    const time = load<u32>(at, 8) ^ TWO_DIGITS_COMMA
    const seconds = (time & 0xff) * 10 + ((time >> 8) & 0xff)
    const isTime = load<u64>(at) === timeBytes && ((time | (time + TOO_LARGE)) & HIGHEST_BITS) === 0
    if (!isTime || since + seconds >= until) break
    // The numbers end at the first four bytes of the next 32 that are no digits: point, comma, point, line feed.
    const first = v128.load(at, 11)
    const second = v128.load(at, 27)
    const others =
      u32(v128.bitmask<i8>(v128.gt<i8>(v128.sub<i8>(first, firstDigit), lastDigit))) |
      (u32(v128.bitmask<i8>(v128.gt<i8>(v128.sub<i8>(second, firstDigit), lastDigit))) << 16)
    if ((others & shapeBytes) !== shape) {
      const end0 = usize(ctz(others))
      let rest = others & (others - 1)
      const end1 = usize(ctz(rest))
      rest &= rest - 1
      const end2 = usize(ctz(rest))
      rest &= rest - 1
      const end3 = usize(ctz(rest))
      const priceScale = end1 - end0 - 1
      const whole = end2 - end1 - 1
      const quantityScale = end3 - end2 - 1
      const lengths =
        (end0 - 1) |
        end0 |
        (priceScale - 1) |
        (priceDecimals - priceScale) |
        (whole - 1) |
        whole |
        (quantityScale - 1) |
        (quantityDecimals - quantityScale) |
        (end3 >> 2)
      if (lengths >= 8) break
      shapeBytes = (2 << u32(end3)) - 1
      shape = others & shapeBytes
      priceShuffle = v128.load(PRICE_SHUFFLES + (((end0 << 3) + priceScale) << 4))
      quantityShuffle = v128.load(QUANTITY_SHUFFLES + (((whole << 3) + quantityScale) << 4))
      quantityAt = 11 + end1 + 1
      length = 11 + end3 + 1
      store<u8>(PUNCTUATION + end0, 46)
      store<u8>(PUNCTUATION + end1, 44)
      store<u8>(PUNCTUATION + end2, 46)
      store<u8>(PUNCTUATION + end3, 10)
      firstPunctuation = v128.load(PUNCTUATION)
      secondPunctuation = v128.load(PUNCTUATION, 16)
    }
    const punctuation =
      u32(v128.bitmask<i8>(v128.eq<i8>(first, firstPunctuation))) |
      (u32(v128.bitmask<i8>(v128.eq<i8>(second, secondPunctuation))) << 16)
    if ((punctuation & shape) !== shape) break
    const price16 = v128.swizzle(v128.xor(first, allZero), priceShuffle)
    const quantity16 = v128.swizzle(v128.xor(v128.load(at + quantityAt), allZero), quantityShuffle)
    const price8 = v128.dot<i16>(v128.shr<u16>(v128.mul<i16>(price16, pair), 8), hundreds)
    const quantity8 = v128.dot<i16>(v128.shr<u16>(v128.mul<i16>(quantity16, pair), 8), hundreds)
    const numbers = v128.dot<i16>(v128.narrow<i32>(price8, quantity8), tenThousands)
    const price =
      u64(u32(v128.extract_lane<i32>(numbers, 0))) * wholePrice + u64(u32(v128.extract_lane<i32>(numbers, 1)))
    const quantity =
      u64(u32(v128.extract_lane<i32>(numbers, 2))) * wholeQuantity + u64(u32(v128.extract_lane<i32>(numbers, 3)))
    // Also a price of zero.
    const tooLarge =
      (((price - 1) | quantity | (volume >> (VOLUME_BITS - UNIT_BITS))) >> UNIT_BITS) | (notionalUpper >> UPPER_BITS)
    if (tooLarge !== 0 || clz(price) + clz(quantity) < 64) break
    close = price
    high = max(high, price)
    low = min(low, price)
    volume += quantity
    const product = price * quantity
    notional += product
    notionalUpper += u64(notional < product)
    count++
    at += length
  }
  segment.high = high
  segment.low = low
  segment.close = close
  segment.volume = volume
  segment.notional = notional
  segment.notionalUpper = notionalUpper
  segment.tradeCount += count
  if (count > 0) segment.lastTradeId = rowCount + count
  return at
}
