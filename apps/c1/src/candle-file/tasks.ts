import { closeSync, openSync, readSync } from 'node:fs'
import type { Interval, MarketSymbol } from '@c1/market'
import { type CandleRowsPlan, ColumnarCandles, type ColumnarPart, candleRows, type RowLayout } from '@c1/windowing'
import type { FileRange } from './plain-file.ts'

/** The rows that a thread reads parts of. */
export interface PlainFile {
  readonly path: string
  readonly symbol: MarketSymbol
  readonly intervals: readonly Interval[]
  /** Without a header: a part has none. */
  readonly layout: RowLayout
}

/** Work that any thread can do. */
export type Task =
  | { readonly kind: 'read'; readonly range: FileRange }
  | { readonly kind: 'write'; readonly plan: CandleRowsPlan }

/** What comes of it: what the rows add up to, or the candles of the segments as rows of text. */
export type Outcome =
  | { readonly kind: 'read'; readonly part: ColumnarPart }
  | { readonly kind: 'write'; readonly text: readonly Uint8Array[] }

/** Does the tasks of one thread. */
export class TaskDoer {
  readonly #path: string
  readonly #candles: ColumnarCandles

  constructor({ path, ...options }: PlainFile) {
    this.#path = path
    this.#candles = new ColumnarCandles(options)
  }

  do(task: Task): Outcome {
    if (task.kind === 'write') return { kind: 'write', text: [...candleRows(task.plan)] }
    readRange(this.#path, task.range, this.#candles)
    return { kind: 'read', part: this.#candles.takePart() }
  }
}

/** Reads the rows of a part of a file. */
export function readRange(path: string, { end, start }: FileRange, candles: ColumnarCandles): void {
  const file = openSync(path, 'r')
  try {
    for (let at = start; at < end; ) {
      const { room } = candles
      const read = readSync(file, room, 0, Math.min(room.length, end - at), at)
      if (read === 0) break
      candles.filled(read)
      at += read
    }
  } finally {
    closeSync(file)
  }
}
