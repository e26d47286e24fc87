import { InvariantError, MalformedError } from './errors.ts'

/**
 * A non-negative decimal number as plain text: digits, at most one point, no sign, no exponent (`0.00044780`).
 *
 * The text is the value: nothing is lost to binary floats, and trailing zeros keep the venue's number of decimals.
 */
export type DecimalText = string & { readonly __unit: 'decimal' }

const DECIMAL = /^(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/**
 * Accepts what venues write for a non-negative number, exponents included (`1E-8`), and gives plain text.
 * With `decimals`, exactly that many digits follow the point: zeros are added or cut, other digits are never cut.
 *
 * @throws MalformedError `decimal_malformed`, also when a digit beyond `decimals` is not zero
 */
export function decimalText(text: string, decimals?: number): DecimalText {
  const match = DECIMAL.exec(text)
  if (match === null) throw malformed(text, 'a decimal number that is not negative')
  const [, whole = '', fraction = '', exponent = '0'] = match
  const [integer, rest] = shiftPoint(whole, fraction, Number(exponent))
  if (decimals === undefined) return join(integer, rest)
  if (/[1-9]/.test(rest.slice(decimals))) throw malformed(text, `at most ${decimals} decimals`)
  return join(integer, rest.slice(0, decimals).padEnd(decimals, '0'))
}

function shiftPoint(whole: string, fraction: string, places: number): [whole: string, fraction: string] {
  const digits = whole + fraction
  const point = whole.length + places
  const padded = point < 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0')
  const at = Math.max(point, 0)
  return [padded.slice(0, at).replace(/^0+(?=\d)/, '') || '0', padded.slice(at)]
}

function join(whole: string, fraction: string): DecimalText {
  return (fraction === '' ? whole : `${whole}.${fraction}`) as DecimalText
}

/** Digits after the point. */
export function decimalsOf(text: DecimalText): number {
  const point = text.indexOf('.')
  return point === -1 ? 0 : text.length - point - 1
}

/** The number as a whole count of `10^-decimals` steps. @throws MalformedError if it is not a whole number of them */
export function toUnits(text: string, decimals: number): bigint {
  return BigInt(decimalText(text, decimals).replace('.', ''))
}

/** The inverse of `toUnits`. @throws InvariantError `units_malformed` if they are negative, a fraction or beyond 2^53 */
export function fromUnits(units: bigint | number, decimals: number): DecimalText {
  if (units < 0 || (typeof units === 'number' && !Number.isSafeInteger(units))) {
    throw new InvariantError('units_malformed', `${units} is not a whole count of units: use a bigint beyond 2^53.`)
  }
  const digits = String(units).padStart(decimals + 1, '0')
  const point = digits.length - decimals
  return join(digits.slice(0, point), digits.slice(point))
}

/** Less than 0, 0 or more than 0 as `a` is less than, equal to or more than `b` in value. */
export function compareDecimals(a: DecimalText, b: DecimalText): number {
  const decimals = Math.max(decimalsOf(a), decimalsOf(b))
  const difference = toUnits(a, decimals) - toUnits(b, decimals)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Without trailing zeros after the point: `16535.9700` is `16535.97`, `122.0` is `122`. */
export function trimDecimal(text: DecimalText): DecimalText {
  return (text.includes('.') ? text.replace(/\.?0+$/, '') : text) as DecimalText
}

function malformed(text: string, expected: string): MalformedError {
  return new MalformedError('decimal_malformed', `"${text}" is not ${expected}.`, { details: { text } })
}
