import { LEVEL_BYTES, LEVELS, ROLLING, SEGMENT_FIELDS, SEGMENTS, TEXT, TEXT_BYTES } from './memory'
import { setUpTexts, writeCount, writePrice, writeQuantity, writeTime } from './text'

/** Takes the text at `TEXT`; the next one is written over it. */
declare function takeText(length: i32): void

const SEGMENT_BYTES: usize = usize(SEGMENT_FIELDS) * 8
/** No row is longer. */
const LONGEST_ROW: usize = 512
const COMMA: u8 = 44
/** The lower part of a notional in a segment. */
const LOWER_BITS: u64 = 20
const LOWER_MASK: u64 = (1 << LOWER_BITS) - 1

/** A level whose candles are wanted, as the host writes it. */
@unmanaged
class Level {
  seconds: u32
  startLength: u32
}
/** What the rows of a level begin with, `BTC/USD,1m,`, follows its numbers. */
const START: usize = 8

/** The window of a level that is being gathered. Notional is `notionalLower + notionalUpper * 2^20`. */
@unmanaged
class Rolling {
  openSeconds: i64
  closeSeconds: i64
  firstTradeId: i64
  lastTradeId: i64
  open: u64
  high: u64
  low: u64
  close: u64
  /** 0 when no window is open. */
  tradeCount: u64
  volume: u64
  bought: u64
  notionalLower: u64
  notionalUpper: u64
  hasSides: bool
}

let levelCount: u32 = 0
let priceDecimals: usize = 0
let quantityDecimals: usize = 0
/** Decimals of prices that are not written. */
let surplus: usize = 0
let text: usize = TEXT

/**
 * Before the first segment. There are so many levels at `LEVELS`, the shortest first; the segments have such decimals, of which
 * as many as `priceSurplus` of the prices are cut.
 */
export function setUpCandles(levels: i32, ofPrice: i32, ofQuantity: i32, priceSurplus: i32): void {
  levelCount = levels
  priceDecimals = ofPrice
  quantityDecimals = ofQuantity
  surplus = priceSurplus
  text = TEXT
  setUpTexts(priceDecimals, quantityDecimals)
  for (let index: u32 = 0; index < levelCount; index++) rollingOf(index).tradeCount = 0
}

/** Adds `count` segments of `SEGMENTS`, in order of time, to their windows, and writes the candles of those that ended. */
export function rollSegments(count: i32): void {
  for (let at: usize = SEGMENTS; at < usize(SEGMENTS) + usize(count) * SEGMENT_BYTES; at += SEGMENT_BYTES) {
    const seconds = i64(load<f64>(at))
    closeUntil(seconds)
    for (let index: u32 = 0; index < levelCount; index++) rollInto(index, at, seconds)
  }
}

/** Writes the candles of the windows that are still open, and hands over the text. */
export function endCandles(): void {
  closeUntil(i64.MAX_VALUE)
  takeText(i32(text - TEXT))
  text = TEXT
}

function levelOf(index: u32): Level {
  return changetype<Level>(usize(LEVELS) + usize(index) * LEVEL_BYTES)
}

function rollingOf(index: u32): Rolling {
  return changetype<Rolling>(ROLLING + usize(index) * offsetof<Rolling>())
}

/** Windows hold whole shorter ones, so of those that end together the shorter end first. */
function closeUntil(seconds: i64): void {
  for (let index: u32 = 0; index < levelCount; index++) {
    const window = rollingOf(index)
    if (window.tradeCount === 0 || window.closeSeconds > seconds) continue
    writeCandle(index, window)
    window.tradeCount = 0
  }
}

function rollInto(index: u32, at: usize, seconds: i64): void {
  const window = rollingOf(index)
  const firstTradeId = i64(load<f64>(at, 24))
  const lastTradeId = i64(load<f64>(at, 32))
  const lower = u64(load<f64>(at, 96))
  const bought = load<f64>(at, 88)
  if (window.tradeCount === 0) {
    const length: i64 = levelOf(index).seconds
    window.openSeconds = seconds - (seconds % length)
    window.closeSeconds = window.openSeconds + length
    window.firstTradeId = i64.MAX_VALUE
    window.lastTradeId = i64.MIN_VALUE
    window.high = 0
    window.low = u64.MAX_VALUE
    window.volume = 0
    window.bought = 0
    window.notionalLower = 0
    window.notionalUpper = 0
    window.hasSides = true
  }
  if (firstTradeId < window.firstTradeId) {
    window.firstTradeId = firstTradeId
    window.open = u64(load<f64>(at, 40))
  }
  if (lastTradeId > window.lastTradeId) {
    window.lastTradeId = lastTradeId
    window.close = u64(load<f64>(at, 64))
  }
  window.high = max(window.high, u64(load<f64>(at, 48)))
  window.low = min(window.low, u64(load<f64>(at, 56)))
  window.tradeCount += u64(load<f64>(at, 72))
  window.volume += u64(load<f64>(at, 80))
  if (F64.isNaN(bought)) window.hasSides = false
  else window.bought += u64(bought)
  window.notionalLower += lower & LOWER_MASK
  window.notionalUpper += u64(load<f64>(at, 104)) + (lower >> LOWER_BITS)
}

/** Notional over volume, cut; without volume the close. A volume is below 2^63. */
function vwapOf(window: Rolling): u64 {
  const volume = window.volume
  if (volume === 0) return window.close
  const upper = window.notionalUpper + (window.notionalLower >> LOWER_BITS)
  const lower = window.notionalLower & LOWER_MASK
  let quotient = upper / volume
  let rest = upper % volume
  // Long division: as many bits at a time as the rest has room for.
  for (let left = LOWER_BITS; left > 0; ) {
    const bits = min(left, clz(volume))
    left -= bits
    rest = (rest << bits) | ((lower >> left) & ((1 << bits) - 1))
    quotient = (quotient << bits) | (rest / volume)
    rest %= volume
  }
  return quotient
}

function writeCandle(index: u32, window: Rolling): void {
  const level = levelOf(index)
  let at = text
  memory.copy(at, usize(LEVELS) + usize(index) * LEVEL_BYTES + START, level.startLength)
  at += level.startLength
  at = passComma(writeTime(at, window.openSeconds))
  at = passComma(writeTime(at, window.closeSeconds))
  at = passComma(writePrice(at, window.open, priceDecimals, surplus))
  at = passComma(writePrice(at, window.high, priceDecimals, surplus))
  at = passComma(writePrice(at, window.low, priceDecimals, surplus))
  at = passComma(writePrice(at, window.close, priceDecimals, surplus))
  at = passComma(writeQuantity(at, window.volume, quantityDecimals))
  at = passComma(writePrice(at, vwapOf(window), priceDecimals, surplus))
  at = passComma(writeCount(at, window.tradeCount))
  if (window.hasSides) at = writeQuantity(at, window.bought, quantityDecimals)
  at = passComma(at)
  at = passComma(writeCount(at, window.firstTradeId))
  at = writeCount(at, window.lastTradeId)
  // ,1,final, and a line feed
  store<u64>(at, 0x6c616e69662c312c)
  store<u16>(at, 0x0a2c, 8)
  text = at + 10
  if (text < usize(TEXT + TEXT_BYTES) - LONGEST_ROW) return
  takeText(i32(text - TEXT))
  text = TEXT
}

function passComma(at: usize): usize {
  store<u8>(at, COMMA)
  return at + 1
}
