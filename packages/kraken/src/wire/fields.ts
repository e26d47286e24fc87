import {
  type DecimalText,
  decimalsOf,
  decimalText,
  type EpochMicros,
  MalformedError,
  type OrderType,
  parseSeconds,
  type Side,
  trimDecimal,
} from '@c1/market'
import { NumberText, writeExact } from './exact-json.ts'

const SIDES: ReadonlyMap<string, Side> = new Map([
  ['b', 'buy'],
  ['s', 'sell'],
  ['buy', 'buy'],
  ['sell', 'sell'],
])
const ORDER_TYPES: ReadonlyMap<string, OrderType> = new Map([
  ['m', 'market'],
  ['l', 'limit'],
  ['market', 'market'],
  ['limit', 'limit'],
])

/** The taker's side from `b`, `s`, `buy` or `sell`, in any case. @throws MalformedError `side_malformed` */
export function readSide(value: unknown): Side {
  return SIDES.get(lowerCase(value)) ?? fail('side', value, 'b, s, buy or sell')
}

/** The taker's order type from `m`, `l`, `market` or `limit`, in any case. @throws MalformedError `order_type_malformed` */
export function readOrderType(value: unknown): OrderType {
  return ORDER_TYPES.get(lowerCase(value)) ?? fail('order_type', value, 'm, l, market or limit')
}

function lowerCase(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : ''
}

/** The price itself. @throws MalformedError `price_malformed` when it is zero */
export function positivePrice(price: DecimalText): DecimalText {
  return isZero(price) ? fail('price', price, 'above zero') : price
}

/** The quantity itself. @throws MalformedError `quantity_malformed` when it is zero */
export function positiveQuantity(quantity: DecimalText): DecimalText {
  return isZero(quantity) ? fail('quantity', quantity, 'above zero') : quantity
}

/**
 * The same as `decimalText`, quick where the text is plain digits around one point, which is all the venue sends.
 *
 * @throws MalformedError `decimal_malformed`
 */
export function readDecimal(text: string, decimals?: number): DecimalText {
  return plainDecimal(text, decimals) ?? decimalText(text, decimals)
}

/**
 * With the market's decimals, or more where the text has them: Kraken made steps coarser over the years (XBTUSD has 1 decimal
 * now, its candles of 2013 to early 2018 have up to 5), and what was traded at a finer step is no mistake.
 *
 * @throws MalformedError `decimal_malformed`
 */
export function readHistoric(text: string, decimals: number | undefined): DecimalText {
  const plain = plainDecimal(text, decimals)
  if (plain !== undefined) return plain
  if (decimals === undefined) return decimalText(text)
  const own = trimDecimal(decimalText(text))
  return decimalsOf(own) > decimals ? own : decimalText(text, decimals)
}

/** The text with exactly `decimals` decimals; undefined where that takes more than adding or cutting zeros at its end. */
export function plainDecimal(text: string, decimals?: number): DecimalText | undefined {
  const point = pointOf(text)
  if (point < 1 || (point > 1 && text.charCodeAt(0) === ZERO)) return undefined
  const found = text.length - point - 1
  if (found === -1) return (decimals ? `${text}.${'0'.repeat(decimals)}` : text) as DecimalText
  if (found === 0 || decimals === 0) return undefined
  if (decimals === undefined || found === decimals) return text as DecimalText
  if (found < decimals) return text.padEnd(point + 1 + decimals, '0') as DecimalText
  for (let at = point + 1 + decimals; at < text.length; at += 1) if (text.charCodeAt(at) !== ZERO) return undefined
  return text.slice(0, point + 1 + decimals) as DecimalText
}

const ZERO = 48
const NINE = 57
const POINT = 46

/** Where the point is in a text of digits: its length when there is none, -1 when it holds anything else. */
function pointOf(text: string): number {
  let point = text.length
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) continue
    if (code !== POINT || point !== text.length) return -1
    point = at
  }
  return point
}

export function isZero(text: DecimalText): boolean {
  const first = text.charCodeAt(0)
  return first === ZERO && !/[1-9]/.test(text)
}

const NUMERAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The lexeme of a JSON number, or a text that holds one: the feed writes numbers, REST texts, and either may change its mind. */
export function readNumber(name: string, value: unknown): string {
  if (value instanceof NumberText) return value.text
  return typeof value === 'string' && NUMERAL.test(value) ? value : fail(name, value, 'a number')
}

export function readText(name: string, value: unknown): string {
  return typeof value === 'string' ? value : fail(name, value, 'a text')
}

const TRADE_ID = /^[1-9]\d{0,15}$/

/** A venue trade id: a whole number from 1. Kraken once answered 0 for "no id". @throws MalformedError `trade_id_malformed` */
export function readTradeId(text: string): number {
  const id = TRADE_ID.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(id) ? id : fail('trade_id', text, 'a whole number from 1')
}

/** Decimal seconds since the epoch, cut to microseconds. @throws MalformedError `time_malformed` */
export function readSeconds(text: string): EpochMicros {
  const micros = plainSeconds(text)
  return Number.isNaN(micros) ? parseSeconds(text) : (micros as EpochMicros)
}

/** NaN where the text is not 1 to 10 digits with at most one point after them, or goes beyond what a number holds. */
function plainSeconds(text: string): number {
  let micros = 0
  let digits = 0
  let scale = -1
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) {
      if (scale === -1) {
        digits += 1
        micros = micros * 10 + (code - ZERO)
      } else if (scale < 6) {
        scale += 1
        micros = micros * 10 + (code - ZERO)
      }
    } else if (code === POINT && scale === -1) scale = 0
    else return Number.NaN
  }
  const time = micros * (POWERS[Math.max(scale, 0)] as number)
  return digits > 0 && digits <= 10 && time <= Number.MAX_SAFE_INTEGER ? time : Number.NaN
}

/** What is still missing to microseconds after that many decimals of a second. */
const POWERS: readonly number[] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1]

function fail(name: string, value: unknown, expected: string): never {
  const shown = typeof value === 'string' ? `"${value}"` : (writeExact(value) ?? 'absent')
  throw new MalformedError(`${name}_malformed`, `${name} is ${shown}; expected ${expected}.`, {
    details: { value: shown },
  })
}
