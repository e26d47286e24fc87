import { ZEROS } from './digits'
import { DAY, PAIRS, PRICE_TEXTS, QUANTITY_TEXTS, TENS } from './memory'

const EIGHT_DIGITS: u64 = 100_000_000
/** The least number that leaves no room for a point among sixteen bytes. */
const LONG: u64 = 1_000_000_000_000_000
const SECONDS_A_DAY: i64 = 86_400
const POINT: u8 = 46
const DASH: u8 = 45
const COLON: u8 = 58
const ZERO: u64 = 48

/** Days since 1970 of the text at `DAY`. */
let day: i64 = -1

/** Makes the tables. Prices and quantities are written with so many decimals. */
export function setUpTexts(priceDecimals: usize, quantityDecimals: usize): void {
  for (let number: u32 = 0; number < 100; number++) store<u16>(PAIRS + (number << 1), pairOf(number))
  makeShuffles(PRICE_TEXTS, priceDecimals)
  makeShuffles(QUANTITY_TEXTS, quantityDecimals)
  day = -1
}

function pairOf(number: u32): u16 {
  return u16((number / 10) | ((number % 10) << 8)) + 0x3030
}

/**
 * How sixteen digits become a number without zeros in front, with a gap for the point. With two decimals:
 *
 *     0000000000012345, of which 11 are zeros   ->   123_45
 */
function makeShuffles(shuffles: usize, decimals: usize): void {
  for (let zeros: usize = 1; zeros < 16; zeros++) {
    for (let at: usize = 0; at < 16; at++) {
      const digit = zeros + at
      const source = decimals > 0 && digit >= 16 - decimals ? digit - 1 : digit
      store<u8>(shuffles + (zeros << 4) + at, u8(source))
    }
  }
}

/** Eight digits as bytes, the first in the lowest, each from 0 to 9. Division is of 32 bits, which is a multiplication. */
function digitsOf(number: u32): u64 {
  const upper = number / 10_000
  const fours = u64(upper) | (u64(number - upper * 10_000) << 32)
  const hundreds = ((fours * 5243) >> 19) & 0x0000007f0000007f
  const pairs = hundreds | ((fours - hundreds * 100) << 16)
  const tens = ((pairs * 103) >> 10) & 0x000f000f000f000f
  return tens | ((pairs - tens * 10) << 8)
}

/** Zeros in front of the last of eight digits. */
function zerosBefore(digits: u64): usize {
  return digits === 0 ? 7 : usize(ctz(digits) >> 3)
}

/** Writes a count. Where it ends; some bytes beyond are written over. */
export function writeCount(at: usize, number: u64): usize {
  if (number >= EIGHT_DIGITS) {
    const upper = number / EIGHT_DIGITS
    at = writeCount(at, upper)
    store<u64>(at, digitsOf(u32(number - upper * EIGHT_DIGITS)) + ZEROS)
    return at + 8
  }
  const digits = digitsOf(u32(number))
  const zeros = zerosBefore(digits)
  store<u64>(at, (digits + ZEROS) >> (zeros << 3))
  return at + 8 - zeros
}

/** Writes a price without the last decimals, as many as `cut`. */
export function writePrice(at: usize, units: u64, decimals: usize, cut: usize): usize {
  // With the decimals goes the point.
  return writeDecimal(at, units, decimals, PRICE_TEXTS) - cut - usize(cut === decimals && cut > 0)
}

export function writeQuantity(at: usize, units: u64, decimals: usize): usize {
  return writeDecimal(at, units, decimals, QUANTITY_TEXTS)
}

function writeDecimal(at: usize, units: u64, decimals: usize, shuffles: usize): usize {
  if (units >= LONG) return writeLong(at, units, decimals)
  const eights = units / EIGHT_DIGITS
  const upper = digitsOf(u32(eights))
  const lower = digitsOf(u32(units - eights * EIGHT_DIGITS))
  const zeros = min(upper === 0 ? 8 + zerosBefore(lower) : zerosBefore(upper), 15 - decimals)
  const digits = i64x2.replace_lane(i64x2.splat(upper + ZEROS), 1, lower + ZEROS)
  v128.store(at, v128.swizzle(digits, v128.load(shuffles + (zeros << 4))))
  if (decimals === 0) return at + 16 - zeros
  at += 16 - zeros - decimals
  store<u8>(at, POINT)
  return at + 1 + decimals
}

/** The same for numbers of sixteen and more digits. */
function writeLong(at: usize, units: u64, decimals: usize): usize {
  const power = load<u64>(TENS + (decimals << 3))
  at = writeCount(at, units / power)
  if (decimals === 0) return at
  store<u8>(at, POINT)
  let rest = units % power
  for (let place = decimals; place > 0; place--) {
    store<u8>(at + place, u8((rest % 10) + ZERO))
    rest /= 10
  }
  return at + 1 + decimals
}

/** Writes seconds since 1970 as `2025-11-10T13:00:00.000000Z`. */
export function writeTime(at: usize, seconds: i64): usize {
  if (seconds / SECONDS_A_DAY !== day) writeDay(seconds / SECONDS_A_DAY)
  const second = u32(seconds % SECONDS_A_DAY)
  memory.copy(at, DAY, 11)
  writePair(at + 11, second / 3600)
  store<u8>(at, COLON, 13)
  writePair(at + 14, (second / 60) % 60)
  store<u8>(at, COLON, 16)
  writePair(at + 17, second % 60)
  // .000000Z
  store<u64>(at, 0x5a3030303030302e, 19)
  return at + 27
}

function writePair(at: usize, number: u32): void {
  store<u16>(at, load<u16>(PAIRS + (number << 1)))
}

/** Writes `2025-11-10T` at `DAY`. @see https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
function writeDay(days: i64): void {
  day = days
  const shifted = days + 719_468
  const era = shifted / 146_097
  const dayOfEra = shifted % 146_097
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const shiftedMonth = (5 * dayOfYear + 2) / 153
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + i64(month <= 2)
  writePair(DAY, u32(year / 100))
  writePair(DAY + 2, u32(year % 100))
  store<u8>(DAY, DASH, 4)
  writePair(DAY + 5, u32(month))
  store<u8>(DAY, DASH, 7)
  writePair(DAY + 8, u32(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1))
  store<u8>(DAY, 0x54, 10)
}
