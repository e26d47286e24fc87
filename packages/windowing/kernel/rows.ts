import { areDigits, eightDigits, makeShuffles, ZEROS } from './digits'
import { ROLES, TENS } from './memory'
import { readRun } from './run'
import { add, fits, flush, openNext, reset, segment, UNIT_BITS } from './segment'

/** Takes a line that the kernel does not read, without its end. The ordinal is its own if it is a row; 0 if it is empty. */
declare function readOther(start: i32, end: i32, ordinal: f64): i32
/** Whether the venue's trade `tradeId` of this second is new; asked only where rows have ids. */
declare function isNew(tradeId: f64, seconds: f64): i32

const TIME: u32 = 1
const PRICE: u32 = 2
const VOLUME: u32 = 3
const SIDE: u32 = 4
const ORDER_TYPE: u32 = 5
const TRADE_ID: u32 = 6

const LINE_FEED: u32 = 10
const RETURN: u32 = 13
const COMMA: u32 = 44
const POINT: u32 = 46
const ZERO: u32 = 48
const BUY: u32 = 98
const SELL: u32 = 115
const MARKET: u32 = 109
const LIMIT: u32 = 108

/** Digits before and after the point that are read here: as units they fit 64 bits in whatever decimals the others have. */
const MOST_WHOLE: usize = 9
const MOST_DECIMALS: usize = 10
const MOST_ID_DIGITS: usize = 15
/** Leading zeros that two factors have together when the upper half of their product fits a segment. */
const PRODUCT_ZEROS: u64 = 56

let columns: u32 = 0
let windowSeconds: i64 = 0
let timeFirst = false
/** Whether rows begin in one of the two orders that are read here; else every line is handed to the host. */
let isKnown = false
let hasIds = false
/** Whether rows are of time, price and volume only, which `readRun` reads. */
let isThree = false

let rowCount: i64 = 0
/** The most decimals of the rows so far. */
let priceDecimals: u32 = 0
let quantityDecimals: u32 = 0

/** What the rows look like: how many columns there are, with their roles at `ROLES`. Windows last so many seconds. */
export function setUp(columnCount: i32, seconds: i32): void {
  columns = columnCount
  windowSeconds = seconds
  timeFirst = roleOf(0) === TIME && roleOf(1) === PRICE && roleOf(2) === VOLUME
  isKnown = timeFirst || (roleOf(0) === PRICE && roleOf(1) === VOLUME && roleOf(2) === TIME)
  isThree = timeFirst && columns === 3
  let hasSides = false
  for (let column: u32 = 0; column < columns; column++) {
    if (roleOf(column) === SIDE) hasSides = true
    if (roleOf(column) === TRADE_ID) hasIds = true
  }
  reset(hasSides)
}

function roleOf(column: u32): u32 {
  return load<u8>(ROLES + column)
}

/** Rows so far, of any kind. */
export function countRows(): f64 {
  return f64(rowCount)
}

/** Counts a row that was not read. */
export function passRow(): void {
  rowCount++
}

/** Adds up the lines in `[start, end)`, each with its line feed, and hands over their segments. */
export function readRows(start: i32, end: i32): void {
  let at: usize = start
  while (at < usize(end)) {
    if (isThree) {
      const before = segment.tradeCount
      at = readRun(at, end, windowSeconds, rowCount)
      rowCount += segment.tradeCount - before
      if (at >= usize(end)) break
    }
    at = readRow(at)
  }
  flush()
}

/**
 * Reads the row at `at`: a time of ten digits, plain decimals of not too many digits, one-letter sides, in the order of the
 * layout. Any other line is handed to the host. Where the next one starts.
 */
function readRow(at: usize): usize {
  if (!isKnown) return passOther(at)
  let end = timeFirst ? passComma(readTime(at)) : at
  end = readDecimal(end)
  const priceWhole = whole
  const priceFraction = fraction
  const priceScale = scale
  end = readDecimal(passComma(end))
  if (!timeFirst) end = readTime(passComma(end))
  end = passLineEnd(readColumns(end))
  if (end === 0) return passOther(at)
  const priceDigits = max(priceDecimals, priceScale)
  const quantityDigits = max(quantityDecimals, scale)
  const price = priceWhole * tens(priceDigits) + priceFraction * tens(priceDigits - priceScale)
  const quantity = whole * tens(quantityDigits) + fraction * tens(quantityDigits - scale)
  const isSmall = (price | quantity) >> UNIT_BITS === 0 && clz(price) + clz(quantity) >= PRODUCT_ZEROS
  if (price === 0 || !isSmall) return passOther(at)
  rowCount++
  if (!hasIds) tradeId = rowCount
  else if (isNew(f64(tradeId), f64(seconds)) === 0) return end
  if (priceDigits > priceDecimals) makeShuffles(true, priceDigits)
  if (quantityDigits > quantityDecimals) makeShuffles(false, quantityDigits)
  priceDecimals = priceDigits
  quantityDecimals = quantityDigits
  if (!fits(seconds, windowSeconds, tradeId, priceDecimals, quantityDecimals)) {
    openNext(seconds - (seconds % windowSeconds), tradeId, price, priceDecimals, quantityDecimals)
  }
  add(tradeId, price, quantity, isBuy)
  return end
}

function passOther(at: usize): usize {
  let end = at
  while (load<u8>(end) !== LINE_FEED) end++
  if (readOther(i32(at), i32(end), f64(rowCount + 1)) !== 0) rowCount++
  return end + 1
}

// What the functions below read. Each gives where it ends; 0 when it is not as expected, or when it is asked to start there.
let seconds: i64 = 0
let whole: u64 = 0
let fraction: u64 = 0
let scale: u32 = 0
let isBuy = false
let tradeId: i64 = 0

/** Ten digits, of which a fraction may follow that does not count. */
function readTime(at: usize): usize {
  if (at === 0) return 0
  const word = load<u64>(at) ^ ZEROS
  const tenDigits = digitAt(at + 8) * 10 + digitAt(at + 9)
  if (!areDigits(word) || digitAt(at + 8) > 9 || digitAt(at + 9) > 9) return 0
  seconds = i64(eightDigits(word)) * 100 + tenDigits
  at += 10
  if (load<u8>(at) === POINT)
    do at++
    while (digitAt(at) < 10)
  return at
}

function readDecimal(at: usize): usize {
  if (at === 0) return 0
  const first = at
  whole = 0
  fraction = 0
  scale = 0
  for (; digitAt(at) < 10; at++) whole = whole * 10 + digitAt(at)
  if (at === first || at - first > MOST_WHOLE) return 0
  if (load<u8>(at) !== POINT) return at
  const point = at++
  for (; digitAt(at) < 10; at++) fraction = fraction * 10 + digitAt(at)
  scale = u32(at - point - 1)
  return scale === 0 || scale > u32(MOST_DECIMALS) ? 0 : at
}

/** The columns after the first three, each with the comma before it. */
function readColumns(at: usize): usize {
  isBuy = false
  for (let column: u32 = 3; column < columns; column++) {
    at = passComma(at)
    if (at === 0) return 0
    const role = roleOf(column)
    const letter = u32(load<u8>(at))
    if (role === SIDE) {
      if (letter !== BUY && letter !== SELL) return 0
      isBuy = letter === BUY
      at++
    } else if (role === ORDER_TYPE) {
      if (letter !== MARKET && letter !== LIMIT) return 0
      at++
    } else if (role === TRADE_ID) {
      at = readId(at)
    } else {
      for (let byte = letter; byte !== COMMA && byte !== LINE_FEED && byte !== RETURN; byte = load<u8>(at)) at++
    }
  }
  return at
}

function readId(at: usize): usize {
  const first = at
  tradeId = 0
  for (; digitAt(at) < 10; at++) tradeId = tradeId * 10 + digitAt(at)
  return at === first || at - first > MOST_ID_DIGITS || digitAt(first) === 0 ? 0 : at
}

function passComma(at: usize): usize {
  return at !== 0 && load<u8>(at) === COMMA ? at + 1 : 0
}

function passLineEnd(at: usize): usize {
  if (at === 0) return 0
  if (load<u8>(at) === RETURN) at++
  return load<u8>(at) === LINE_FEED ? at + 1 : 0
}

/** Above 9 where there is no digit. */
function digitAt(at: usize): u32 {
  return u32(load<u8>(at)) - ZERO
}

function tens(exponent: u32): u64 {
  return load<u64>(TENS + (exponent << 3))
}
