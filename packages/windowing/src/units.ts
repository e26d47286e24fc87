import { type DecimalText, fromUnits, type Trade, type UnitTrade } from '@c1/market'

const POINT = 46
const ZERO = 48
/** Digits that always fit a 32-bit integer, and twice that an exact `number` when the upper part is small enough. */
const SHORT = 9
/** Digits that always fit an exact integer `number`. */
export const EXACT_DIGITS = 15
/** Powers of ten, by exponent. */
export const POWERS: readonly number[] = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent)

/**
 * Reads plain decimal text with exactly `decimals` digits after the point as a whole count of `10^-decimals`.
 * -1 when the text has another number of decimals or more digits than a `number` holds exactly.
 */
export function exactUnits(text: string, decimals: number): number {
  const point = text.length - decimals - 1
  if (decimals === 0 || decimals > SHORT || point > SHORT || point + decimals > EXACT_DIGITS) {
    return unusualUnits(text, decimals)
  }
  if (text.charCodeAt(point) !== POINT) return -1
  return digitsIn(text, 0, point) * (POWERS[decimals] as number) + digitsIn(text, point + 1, text.length)
}

/** Fills `units` with a trade. False where a figure has more digits than a `number` holds exactly: it is not filled then. */
export function readUnits(trade: Trade, units: UnitTrade): boolean {
  const priceDecimals = decimalsIn(trade.price)
  const quantityDecimals = decimalsIn(trade.quantity)
  const price = exactUnits(trade.price, priceDecimals)
  const quantity = exactUnits(trade.quantity, quantityDecimals)
  if (price < 0 || quantity < 0) return false
  units.symbol = trade.symbol
  units.idSpace = trade.idSpace
  units.tradeId = trade.tradeId
  units.eventTime = trade.eventTime
  units.price = price
  units.priceDecimals = priceDecimals
  units.quantity = quantity
  units.quantityDecimals = quantityDecimals
  units.side = trade.side
  return true
}

/** Digits after the point; looked for from the end, since a quantity has more of them than a price. */
function decimalsIn(text: string): number {
  for (let at = text.length - 1; at >= 0; at--) if (text.charCodeAt(at) === POINT) return text.length - 1 - at
  return 0
}

function unusualUnits(text: string, decimals: number): number {
  const isShort = decimals === 0 && text.length <= SHORT && !text.includes('.')
  return isShort ? digitsIn(text, 0, text.length) : longUnits(text, decimals)
}

/** At most nine digits: the loop stays in 32-bit integers, which is what makes it fast. */
function digitsIn(text: string, start: number, end: number): number {
  let units = 0
  for (let at = start; at < end; at++) units = (units * 10 + (text.charCodeAt(at) - ZERO)) | 0
  return units
}

/** The same for text of any length. */
function longUnits(text: string, decimals: number): number {
  const point = text.indexOf('.')
  const found = point === -1 ? 0 : text.length - point - 1
  const digits = point === -1 ? text : text.slice(0, point) + text.slice(point + 1)
  return found === decimals && digits.length <= EXACT_DIGITS ? Number(digits) : -1
}

/** `fromUnits` for exact units that are not negative, faster where they are a `number` with few decimals. */
export function textOfUnits(units: number | bigint, decimals: number): DecimalText {
  if (typeof units === 'bigint' || decimals === 0 || decimals > SHORT) return fromUnits(units, decimals)
  const power = POWERS[decimals] as number
  // Beyond it a quotient may be rounded up to the next whole number.
  if (units + power > Number.MAX_SAFE_INTEGER) return fromUnits(units, decimals)
  const whole = Math.floor(units / power)
  const part = units - whole * power
  // A one in front keeps the zeros of the part.
  return `${whole}.${String(power + part).slice(1)}` as DecimalText
}
