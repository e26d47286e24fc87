import { type Interval, intervalMicros, type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import { instantiateKernel, type Kernel } from './kernel.ts'
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

/** What there is to write. */
export interface CandleRowsPlan {
  readonly options: CandleRowsOptions
  /** In order of time, all in the same decimals. */
  readonly segments: Float64Array
}

/** Segments that the kernel takes at once. */
const TOGETHER = 1024
const LENGTH_BYTES = 8

/**
 * The final candles of segments of one file without ids, as rows of CSV without a header: the candles of `windowCandles` in
 * their order, written by the kernel without an object per candle. Of one window there may be several segments.
 *
 * The bytes are given in parts of many rows.
 */
export function* candleRows({ options, segments }: CandleRowsPlan): Generator<Uint8Array> {
  const texts = idle.pop() ?? new Texts()
  const { kernel } = texts
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
  for (let at = 0; at < segments.length; at += input.length) {
    const some = segments.subarray(at, at + input.length)
    input.set(some)
    kernel.rollSegments(some.length / FIELDS)
    yield* texts.take()
  }
  kernel.endCandles()
  yield* texts.take()
  idle.push(texts)
}

/** Kernels that nothing is written with now. */
const idle: Texts[] = []

/** A kernel and the text that it has written. */
class Texts {
  readonly kernel: Kernel
  #texts: Uint8Array[] = []

  constructor() {
    this.kernel = instantiateKernel({ candles: { takeText: (length) => this.#add(length) } })
  }

  take(): Uint8Array[] {
    const texts = this.#texts
    this.#texts = []
    return texts
  }

  #add(length: number): void {
    const { memory, TEXT } = this.kernel
    this.#texts.push(new Uint8Array(memory.buffer, TEXT.value, length).slice())
  }
}

/**
 * Cuts what there is to write into parts of about so many segments, whose rows are those of the whole one after the other: no
 * window is in two of them.
 */
export function* cutRows({ options, segments }: CandleRowsPlan, count: number): Generator<CandleRowsPlan> {
  const longest = intervalMicros(options.intervals.at(-1) as Interval) / MICROS_PER_SECOND
  const windowAt = (at: number): number => Math.floor((segments[at] as number) / longest)
  for (let start = 0; start < segments.length; ) {
    let end = Math.min(start + count * FIELDS, segments.length)
    while (end < segments.length && windowAt(end) === windowAt(end - FIELDS)) end += FIELDS
    yield { options, segments: segments.subarray(start, end) }
    start = end
  }
}
