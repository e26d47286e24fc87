import { PRICE_SHUFFLES, QUANTITY_SHUFFLES } from './memory'

/** Eight zeros as a little-endian integer. */
export const ZEROS: u64 = 0x3030303030303030
/** Bytes of the shuffles of one decimal count. */
const SHUFFLE_BYTES: usize = 16

/** Eight digits in a row as the number they write; `word` is the little-endian integer of their bytes, less `ZEROS`. */
export function eightDigits(word: u64): u64 {
  const pairs = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ff
  const fours = (pairs * 100 + (pairs >> 16)) & 0x0000ffff0000ffff
  return (fours * 10_000 + (fours >> 32)) & 0xffffffff
}

/** Whether the eight bytes of `word`, less `ZEROS`, are all digits: neither they nor they and six reach sixteen. */
export function areDigits(word: u64): bool {
  return ((word | (word + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) === 0
}

/**
 * How the bytes of a number with up to seven digits before the point and up to `decimals` (at most eight) after it become
 * sixteen digits: eight before the point, ending there, and eight after it, as many as `decimals` of which count.
 *
 *     123.45, decimals 5   ->   00000123 00045000
 *
 * The shuffle of a number is the `(before * 8 + after)`th. A byte of 255 in it is a zero.
 */
export function makeShuffles(isPrice: bool, decimals: usize): void {
  const shuffles = isPrice ? PRICE_SHUFFLES : QUANTITY_SHUFFLES
  for (let before: usize = 1; before < 8; before++) {
    for (let after: usize = 1; after <= decimals; after++) {
      const at = shuffles + ((before << 3) + after) * SHUFFLE_BYTES
      v128.store(at, i8x16.splat(-1))
      for (let digit: usize = 0; digit < before; digit++) store<u8>(at + 8 - before + digit, u8(digit))
      for (let digit: usize = 0; digit < after; digit++) store<u8>(at + 16 - decimals + digit, u8(before + 1 + digit))
    }
  }
}
