/** Digits that always fit an exact integer `number`. */
export const EXACT_DIGITS = 15

const POINT = 46
const ZERO = 48

/**
 * Reads plain decimal text with exactly `decimals` digits after the point as a whole count of `10^-decimals`.
 * -1 when the text has another number of decimals or more digits than a `number` holds exactly.
 */
export function exactUnits(text: string, decimals: number): number {
  const length = text.length
  const point = decimals === 0 ? length : length - decimals - 1
  if (length > EXACT_DIGITS + 1) return -1
  let units = 0
  for (let at = 0; at < point; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0) return -1
    units = units * 10 + digit
  }
  if (decimals === 0) return units
  if (text.charCodeAt(point) !== POINT) return -1
  for (let at = point + 1; at < length; at++) units = units * 10 + (text.charCodeAt(at) - ZERO)
  return units
}
