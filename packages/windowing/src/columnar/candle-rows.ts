import { type Interval, intervalMicros, type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import { instantiateKernel } from './kernel.ts'
import { FIELDS } from './segments.ts'

export interface CandleRowsOptions {
  readonly symbol: MarketSymbol
  /** The shortest first. */
  readonly intervals: readonly Interval[]
  /** Decimals of every segment. */
  readonly decimals: { readonly price: number; readonly quantity: number }
  /** Decimals that prices are written with: the others of every open, high, low and close are zeros. */
  readonly priceDecimals: number
}

/** Segments that the kernel takes at once. */
const TOGETHER = 1024
const LENGTH_BYTES = 8

/**
 * The final candles of segments of one file without ids, as rows of CSV without a header: the candles of `windowCandles` in
 * their order, written by the kernel without an object per candle. Segments come in order of time, all in the same decimals; of
 * one window there may be several.
 *
 * The bytes are given in parts of many rows.
 */
export function* candleRows(options: CandleRowsOptions, segments: Iterable<Float64Array>): Generator<Uint8Array> {
  let parts: Uint8Array[] = []
  const kernel = instantiateKernel({
    candles: {
      takeText: (length) => {
        parts.push(new Uint8Array(kernel.memory.buffer, kernel.TEXT.value, length).slice())
      },
    },
  })
  const { buffer } = kernel.memory
  for (const [index, interval] of options.intervals.entries()) {
    const at = kernel.LEVELS.value + index * kernel.LEVEL_BYTES.value
    const start = new TextEncoder().encode(`${options.symbol},${interval},`)
    if (start.length > kernel.LEVEL_BYTES.value - LENGTH_BYTES) throw new RangeError('The symbol is too long.')
    new Uint32Array(buffer, at).set([intervalMicros(interval) / MICROS_PER_SECOND, start.length])
    new Uint8Array(buffer, at + LENGTH_BYTES).set(start)
  }
  const { price, quantity } = options.decimals
  kernel.setUpCandles(options.intervals.length, price, quantity, price - options.priceDecimals)
  const input = new Float64Array(buffer, kernel.SEGMENTS.value, TOGETHER * FIELDS)
  for (const numbers of segments) {
    for (let at = 0; at < numbers.length; at += input.length) {
      const some = numbers.subarray(at, at + input.length)
      input.set(some)
      kernel.rollSegments(some.length / FIELDS)
      yield* parts
      parts = []
    }
  }
  kernel.endCandles()
  yield* parts
}
