import {
  type EpochMicros,
  type IdSpace,
  type MarketSymbol,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type UnitTrade,
} from '@c1/market'
import type { StoredRecord } from '../event-log.ts'
import { isSymbol } from './row.ts'
import { TimeText } from './time-text.ts'

/** Digits that always fit a 32-bit integer, which is what makes reading them fast. */
const SHORT = 9
/** Digits that always fit an exact integer `number`. */
const EXACT_DIGITS = 15
const POWERS: readonly number[] = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent)

const ZERO = 48
const POINT = 46
const QUOTE = 34
const LETTER_B = 98
const LETTER_M = 109
const NOT_FOUND = -1

const AFTER_ID = bytesOf(',"eventTime":"')
const AFTER_TIME = bytesOf('Z","price":"')
const AFTER_PRICE = bytesOf('","quantity":"')
const BUY = bytesOf('","side":"buy","orderType":')
const SELL = bytesOf('","side":"sell","orderType":')
const NO_SIDE = bytesOf('","side":null,"orderType":')
const MARKET = bytesOf('"market"}')
const LIMIT = bytesOf('"limit"}')
const NO_ORDER_TYPE = bytesOf('null}')

/** `2025-11-10T13:00:`, what all times of one minute begin with, and what follows it. */
const MINUTE_TEXT = 17
const TIME_TEXT = 26
const TIME_POINT = 19

/** Any instant, as text: a minute in front of a `seconds` part that is known to be right. */
const times = new TimeText()

/**
 * Reads trades in integers from the bytes that the trades codec writes, without making a text or an object of them.
 *
 * Only what is byte for byte in the codec's own form is taken. Everything else, malformed or only written differently, is left to
 * the careful codec, which knows what to make of it.
 */
export class TradeReader {
  /** Verifies the headers of a trade. */
  readonly #idSpaceOf: (record: StoredRecord) => IdSpace | undefined
  /** `{"symbol":"BTC/USD","tradeId":`, by key. */
  readonly #openings = new Map<string, Uint8Array>()
  /** The headers seen last of a trade, and of something else: heartbeats come between the trades. */
  #headers: StoredRecord['headers'] | undefined
  #otherHeaders: StoredRecord['headers'] | undefined
  #idSpace: IdSpace = 'venue'
  #key = ''
  #opening: Uint8Array = new Uint8Array(0)
  /** The minute that was read last, as text and in microseconds. */
  readonly #minuteText = new Uint8Array(MINUTE_TEXT)
  #minute = 0
  /** What `#readDecimal` found. */
  #units = 0
  #decimals = 0

  /** @param idSpaceOf what numbers the trade of a record, undefined where the record is no trade; throws where it is malformed */
  constructor(idSpaceOf: (record: StoredRecord) => IdSpace | undefined) {
    this.#idSpaceOf = idSpaceOf
  }

  /** Fills `trade`; false, with anything in it, where the record is not read here. @throws MalformedError of its headers */
  read(record: StoredRecord, trade: UnitTrade): boolean {
    const { headers, key, value } = record
    if (headers !== this.#headers && (headers === this.#otherHeaders || !this.#takeHeaders(record))) return false
    if (key !== this.#key && !this.#takeKey(key)) return false

    let at = after(value, 0, this.#opening)
    const idAt = at
    let tradeId = 0
    for (let digit = digitAt(value, at); digit >= 0; digit = digitAt(value, ++at)) tradeId = tradeId * 10 + digit
    const idDigits = at - idAt
    if (idDigits === 0 || idDigits > EXACT_DIGITS || (idDigits > 1 && value[idAt] === ZERO)) return false

    at = after(value, at, AFTER_ID)
    if (at < 0 || !this.#readTime(value, at)) return false
    const seconds = twoDigits(value, at + MINUTE_TEXT)
    const micros = sixDigits(value, at + TIME_POINT + 1)
    if (seconds < 0 || seconds >= 60 || micros < 0 || value[at + TIME_POINT] !== POINT) return false

    at = this.#readDecimal(value, after(value, at + TIME_TEXT, AFTER_TIME))
    if (at < 0) return false
    const price = this.#units
    const priceDecimals = this.#decimals
    at = this.#readDecimal(value, after(value, at, AFTER_PRICE))
    if (at < 0) return false

    // The letter after `","side":"` tells which of the three it is.
    const letter = value[at + 10]
    const side = letter === LETTER_B ? 'buy' : value[at + 9] === QUOTE ? 'sell' : undefined
    at = after(value, at, side === 'buy' ? BUY : side === 'sell' ? SELL : NO_SIDE)
    const orderType = value[at] !== QUOTE ? NO_ORDER_TYPE : value[at + 1] === LETTER_M ? MARKET : LIMIT
    at = after(value, at, orderType)
    if (at !== value.length) return false

    trade.symbol = key as MarketSymbol
    trade.idSpace = this.#idSpace
    trade.tradeId = tradeId
    trade.eventTime = (this.#minute + seconds * MICROS_PER_SECOND + micros) as EpochMicros
    trade.price = price
    trade.priceDecimals = priceDecimals
    trade.quantity = this.#units
    trade.quantityDecimals = this.#decimals
    trade.side = side
    return true
  }

  #takeHeaders(record: StoredRecord): boolean {
    const idSpace = this.#idSpaceOf(record)
    if (idSpace === undefined) {
      this.#otherHeaders = record.headers
      return false
    }
    this.#headers = record.headers
    this.#idSpace = idSpace
    return true
  }

  /** False for a key that is no symbol, which the careful codec will not take either. */
  #takeKey(key: string): boolean {
    let opening = this.#openings.get(key)
    if (opening === undefined) {
      if (!isSymbol(key)) return false
      opening = bytesOf(`{"symbol":${JSON.stringify(key)},"tradeId":`)
      this.#openings.set(key, opening)
    }
    this.#key = key
    this.#opening = opening
    return true
  }

  /** Makes the minute of the time that begins at `at` the one read last. */
  #readTime(value: Uint8Array, at: number): boolean {
    return after(value, at, this.#minuteText) >= 0 || this.#takeMinute(value, at)
  }

  #takeMinute(value: Uint8Array, at: number): boolean {
    const text = String.fromCharCode(...value.subarray(at, at + MINUTE_TEXT))
    const minute = times.parse(`${text}00.000000Z`)
    if (minute === undefined || minute % MICROS_PER_MINUTE !== 0) return false
    this.#minuteText.set(value.subarray(at, at + MINUTE_TEXT))
    this.#minute = minute
    return true
  }

  /** Where the decimal number that begins at `at` ends; negative where it is none, or has more digits than a `number` holds. */
  #readDecimal(value: Uint8Array, at: number): number {
    if (at < 0) return NOT_FOUND
    let upper = 0
    let end = at
    for (let digit = digitAt(value, end); digit >= 0; digit = digitAt(value, ++end)) upper = (upper * 10 + digit) | 0
    const whole = end - at
    if (whole === 0 || whole > SHORT || (whole > 1 && value[at] === ZERO)) return NOT_FOUND
    if (value[end] !== POINT) {
      this.#units = upper
      this.#decimals = 0
      return end
    }
    let lower = 0
    const start = ++end
    for (let digit = digitAt(value, end); digit >= 0; digit = digitAt(value, ++end)) lower = (lower * 10 + digit) | 0
    const decimals = end - start
    if (decimals === 0 || decimals > SHORT || whole + decimals > EXACT_DIGITS) return NOT_FOUND
    this.#units = upper * (POWERS[decimals] as number) + lower
    this.#decimals = decimals
    return end
  }
}

/** The digit that stands there; negative where none does. */
function digitAt(value: Uint8Array, at: number): number {
  const digit = (value[at] as number) - ZERO
  return digit <= 9 ? digit : NOT_FOUND
}

function twoDigits(value: Uint8Array, at: number): number {
  const tens = digitAt(value, at)
  const ones = digitAt(value, at + 1)
  return tens < 0 || ones < 0 ? NOT_FOUND : tens * 10 + ones
}

function sixDigits(value: Uint8Array, at: number): number {
  const upper = twoDigits(value, at)
  const middle = twoDigits(value, at + 2)
  const lower = twoDigits(value, at + 4)
  return upper < 0 || middle < 0 || lower < 0 ? NOT_FOUND : upper * 10_000 + middle * 100 + lower
}

/** Where `expected` ends when it begins at `at`; negative where it does not, or `at` is negative. */
function after(value: Uint8Array, at: number, expected: Uint8Array): number {
  if (at < 0) return NOT_FOUND
  for (let index = 0; index < expected.length; index++) if (value[at + index] !== expected[index]) return NOT_FOUND
  return at + expected.length
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
