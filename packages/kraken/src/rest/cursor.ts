import type { EpochMicros } from '@c1/market'

/** A place in a market's history for `tradesPage`: Kraken's `since`, nanoseconds as text because they exceed 2^53. */
export type Cursor = string & { readonly __unit: 'kraken-cursor' }

/**
 * The place from which every trade at or after `time` is served. Whether `since` includes its own instant is not documented
 * and was seen both ways, so it lies one nanosecond before: a trade of that nanosecond may come too.
 */
export function cursorAt(time: EpochMicros): Cursor {
  return fromNanos(BigInt(time) * 1000n - 1n)
}

/** The place of a `last`, as the venue wrote it. */
export function cursorAtLast(last: string): Cursor {
  return last as Cursor
}

/** One nanosecond back: where `since` leaves out its own instant, this repeats it. */
export function stepBack(cursor: Cursor): Cursor {
  return fromNanos(BigInt(cursor) - 1n)
}

/** One nanosecond further. */
export function stepCursor(cursor: Cursor): Cursor {
  return fromNanos(BigInt(cursor) + 1n)
}

export function isLater(a: Cursor, b: Cursor): boolean {
  return BigInt(a) > BigInt(b)
}

function fromNanos(nanos: bigint): Cursor {
  return String(nanos < 0n ? 0n : nanos) as Cursor
}
