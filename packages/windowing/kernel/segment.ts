import { OPEN, SEGMENT_FIELDS, SEGMENTS } from './memory'

/** Takes the `count` segments at `SEGMENTS`; the next ones are written over them. */
declare function takeSegments(count: i32): void

const SEGMENT_BYTES: usize = usize(SEGMENT_FIELDS) * 8
const MOST_SEGMENTS: usize = 1024
/** Before any window. */
const NO_WINDOW: i64 = -0x1_0000_0000_0000
/** Bits of the lower part of a notional, as a segment is written. */
const LOWER_BITS: u64 = 20
const LOWER_MASK: u64 = (1 << LOWER_BITS) - 1

/**
 * Units below this, and a volume and the upper half of a notional so far below these, fit the doubles of a segment together
 * with one more row.
 */
export const UNIT_BITS: u64 = 50
export const VOLUME_BITS: u64 = 52
export const UPPER_BITS: u64 = 8

/** What the newest rows add up to: all of one window and in the same decimals. */
@unmanaged
export class OpenSegment {
  openSeconds: i64
  priceDecimals: u32
  quantityDecimals: u32
  firstTradeId: i64
  lastTradeId: i64
  open: u64
  high: u64
  low: u64
  close: u64
  tradeCount: i64
  volume: u64
  bought: u64
  /** The lower and the upper half of the sum of price x quantity. */
  notional: u64
  notionalUpper: u64
  /** Whether rows have a side. */
  hasSides: bool
  /** Where the segment will be written. */
  place: usize
}

export const segment = changetype<OpenSegment>(OPEN)

/** Before the first row. */
export function reset(hasSides: bool): void {
  segment.hasSides = hasSides
  segment.place = SEGMENTS
  segment.openSeconds = NO_WINDOW
  segment.tradeCount = 0
}

/** Whether a trade may join the open segment. */
export function fits(seconds: i64, windowSeconds: i64, tradeId: i64, priceDecimals: u32, quantityDecimals: u32): bool {
  return (
    u64(seconds - segment.openSeconds) < u64(windowSeconds) &&
    tradeId > segment.lastTradeId &&
    priceDecimals === segment.priceDecimals &&
    quantityDecimals === segment.quantityDecimals &&
    segment.volume >> VOLUME_BITS === 0 &&
    segment.notionalUpper >> UPPER_BITS === 0
  )
}

/** Ends the open segment and opens another with no trade yet. */
export function openNext(openSeconds: i64, tradeId: i64, price: u64, priceDecimals: u32, quantityDecimals: u32): void {
  end()
  segment.openSeconds = openSeconds
  segment.priceDecimals = priceDecimals
  segment.quantityDecimals = quantityDecimals
  segment.firstTradeId = tradeId
  segment.open = price
  segment.high = price
  segment.low = price
  segment.volume = 0
  segment.bought = 0
  segment.notional = 0
  segment.notionalUpper = 0
}

export function add(tradeId: i64, price: u64, quantity: u64, isBuy: bool): void {
  segment.lastTradeId = tradeId
  segment.close = price
  segment.high = max(segment.high, price)
  segment.low = min(segment.low, price)
  segment.tradeCount++
  segment.volume += quantity
  if (isBuy) segment.bought += quantity
  const product = price * quantity
  segment.notional += product
  segment.notionalUpper += upperProduct(price, quantity) + u64(segment.notional < product)
}

/** The upper 64 bits of a product. */
function upperProduct(a: u64, b: u64): u64 {
  const lower = (a & 0xffffffff) * (b & 0xffffffff)
  const middle = (a >> 32) * (b & 0xffffffff) + (lower >> 32)
  const other = (a & 0xffffffff) * (b >> 32) + (middle & 0xffffffff)
  return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32)
}

/** Hands over what was read. */
export function flush(): void {
  end()
  takeSegments(i32((segment.place - SEGMENTS) / SEGMENT_BYTES))
  segment.place = SEGMENTS
}

/** Writes the open segment as the host keeps it. */
function end(): void {
  if (segment.tradeCount === 0) return
  const at = segment.place
  store<f64>(at, f64(segment.openSeconds))
  store<f64>(at, f64(segment.priceDecimals), 8)
  store<f64>(at, f64(segment.quantityDecimals), 16)
  store<f64>(at, f64(segment.firstTradeId), 24)
  store<f64>(at, f64(segment.lastTradeId), 32)
  store<f64>(at, f64(segment.open), 40)
  store<f64>(at, f64(segment.high), 48)
  store<f64>(at, f64(segment.low), 56)
  store<f64>(at, f64(segment.close), 64)
  store<f64>(at, f64(segment.tradeCount), 72)
  store<f64>(at, f64(segment.volume), 80)
  store<f64>(at, segment.hasSides ? f64(segment.bought) : NaN, 88)
  store<f64>(at, f64(segment.notional & LOWER_MASK), 96)
  store<f64>(at, f64((segment.notionalUpper << (64 - LOWER_BITS)) | (segment.notional >> LOWER_BITS)), 104)
  segment.openSeconds = NO_WINDOW
  segment.tradeCount = 0
  segment.place = at + SEGMENT_BYTES
  if (segment.place < usize(SEGMENTS) + MOST_SEGMENTS * SEGMENT_BYTES) return
  takeSegments(i32(MOST_SEGMENTS))
  segment.place = SEGMENTS
}
