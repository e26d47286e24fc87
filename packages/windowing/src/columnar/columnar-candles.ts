import { type Candle, type Interval, MalformedError, type MarketSymbol, MICROS_PER_SECOND } from '@c1/market'
import { accumulatorOf } from '../accumulator.ts'
import { Coverage, type Span } from '../coverage.ts'
import { intervalOf, LENGTHS, LEVELS, type Level, openTimeAt } from '../levels.ts'
import type { CandleRowsPlan } from './candle-rows.ts'
import { type CarefulRow, readCarefully } from './careful-row.ts'
import { LineBuffer, LONGEST_LINE } from './line-buffer.ts'
import { type ColumnarPart, shiftedSums } from './part.ts'
import { type RejectedRow, RejectedRows } from './rejected-rows.ts'
import { RowKernel } from './row-kernel.ts'
import type { RowLayout } from './row-layout.ts'
import { FIELDS, shiftIds } from './segments.ts'
import { windowCandles } from './window-candles.ts'
import { WindowSums } from './window-sums.ts'

const LINE_FEED = 10
const RETURN = 13
const LATIN_1 = new TextDecoder('latin1')
const KEPT_REJECTED_ROWS = 100

export interface ColumnarCandlesOptions {
  readonly symbol: MarketSymbol
  /** At least one. */
  readonly intervals: readonly Interval[]
  readonly layout: RowLayout
}

/**
 * Candles straight from the bytes of an archive file, for one symbol: no text and no object per row, memory by windows and not
 * by rows.
 *
 * The candles are those that `CandleWindows` gives at the end, all of revision 1, with these differences: every window is given,
 * also the first and last of rows with ids, whose `complete` is then false, as it is beside a hole; and prices and volumes
 * have the most decimals that the file has anywhere. Without a column of ids a trade's id is its row's ordinal, counted from 1
 * with malformed rows, and `complete` is absent.
 */
export class ColumnarCandles {
  readonly #options: ColumnarCandlesOptions
  readonly #sums = new WindowSums()
  readonly #coverage = new Coverage()
  #rejected = new RejectedRows(KEPT_REJECTED_ROWS)
  readonly #lines: LineBuffer
  readonly #kernel: RowKernel
  /** Of the candles wanted, the shortest first; windows are summed in that one. */
  readonly #levels: readonly Level[]
  readonly #base: Level
  #header: boolean
  /** Rows of the parts. */
  #absorbedRows = 0
  /** Rows and other lines of the parts that were taken. */
  #takenRows = 0
  #takenLines = 0
  /** Lines that are no rows: empty ones and the header. */
  #otherLines = 0
  #span: Span | undefined
  #limit = 0

  constructor(options: ColumnarCandlesOptions) {
    this.#options = options
    this.#header = options.layout.header
    this.#levels = LEVELS.filter((level) => options.intervals.includes(intervalOf(level)))
    this.#base = this.#levels[0] as Level
    const seconds = (LENGTHS[this.#base] as number) / MICROS_PER_SECOND
    const kernel = new RowKernel(options.layout, seconds, {
      takeSegments: (numbers) => this.#sums.append(numbers),
      readOther: (line, ordinal) => this.#readOther(line, ordinal),
      isNew: (tradeId, seconds) => this.#isNew(tradeId, seconds),
    })
    this.#kernel = kernel
    this.#lines = new LineBuffer(kernel.input, {
      readLines: (start, end) => {
        kernel.read(this.#header ? this.#passHeader(kernel.input, start, end) : start, end)
      },
      rejectLongLine: (start) => this.#rejectLongLine(start),
    })
  }

  /** Rows so far, malformed ones and repeated ids included. */
  get rowCount(): number {
    return this.#kernel.rowCount + this.#absorbedRows
  }

  /** Rows that are no trades: how many there are, and the first hundred. */
  get rejected(): { readonly count: number; readonly rows: readonly RejectedRow[] } {
    return this.#rejected
  }

  /** The next bytes of the file, cut anywhere. They are not kept. */
  push(chunk: Uint8Array): void {
    this.#lines.push(chunk)
  }

  /** Where the next bytes may be put instead of being pushed. There is always room for some; say with `filled` how many. */
  get room(): Uint8Array {
    return this.#lines.room
  }

  filled(length: number): void {
    this.#lines.filled(length)
  }

  /** What the rows add up to that were read since the last time: whole lines, of a file without ids. */
  takePart(): ColumnarPart {
    this.#lines.finish()
    const [rowsBefore, linesBefore] = [this.#takenRows, this.#takenLines]
    const { count, rows } = this.#rejected
    const part = {
      rowsBefore,
      linesBefore: rowsBefore + linesBefore,
      rows: this.rowCount - rowsBefore,
      otherLines: this.#otherLines - linesBefore,
      rejected: { count, rows },
      ...this.#sums.take(),
    }
    this.#takenRows = this.rowCount
    this.#takenLines = this.#otherLines
    this.#rejected = new RejectedRows(KEPT_REJECTED_ROWS)
    return part
  }

  /**
   * Adds a part, whose rows follow those so far. Its segments are changed.
   *
   * @param more how many more parts like this one there are, so that room is made for them once
   */
  absorb(part: ColumnarPart, more = 0): void {
    if (this.#absorbedRows === 0) this.#sums.reserve(Math.ceil((1.05 * part.segments.length * (more + 1)) / FIELDS))
    const ids = this.rowCount - part.rowsBefore
    const lines = this.#otherLines + this.rowCount - part.linesBefore
    shiftIds(part.segments, ids)
    if (part.segments.length > 0) this.#sums.append(part.segments)
    for (const [openSeconds, figures] of part.windows) this.#sums.merge(openSeconds, shiftedSums(figures, ids))
    const rows = part.rejected.rows.map((row) => ({ ...row, line: row.line + lines }))
    this.#rejected.join(part.rejected.count, rows)
    this.#absorbedRows += part.rows
    this.#otherLines += part.otherLines
  }

  /** Reads the last line. More bytes must not follow. */
  end(): void {
    this.#lines.finish()
  }

  /** The most decimals that a price of any candle has apart from zeros at its end: archives pad prices with them. */
  get usedPriceDecimals(): number {
    return this.#sums.usedPriceDecimals
  }

  /**
   * The candles after `end`, in order of close time, shorter intervals first, made one by one as they are read.
   *
   * @param priceDecimals that prices are written with where the file's have more; what a VWAP has beyond is cut
   */
  candles(priceDecimals?: number): Iterable<Candle> {
    const { layout, symbol } = this.#options
    const { spans } = this.#coverage
    const isProven = (openTime: number, closeTime: number): boolean =>
      spans.some(({ from, to }) => from <= openTime && closeTime <= to)
    const complete = layout.columns.tradeId === undefined ? () => undefined : isProven
    return windowCandles({ symbol, base: this.#base, levels: this.#levels, priceDecimals, complete }, this.#sums)
  }

  /**
   * The same candles as rows of CSV, for `candleRows`, which is much faster than making one by one. Undefined where that cannot
   * be: rows have ids, or a window holds numbers of very many digits.
   */
  rowsPlan(priceDecimals?: number): CandleRowsPlan | undefined {
    const { layout, symbol } = this.#options
    const { decimals } = this.#sums
    const segments = layout.columns.tradeId === undefined ? this.#sums.inSegments() : undefined
    if (segments === undefined) return undefined
    const intervals = this.#levels.map(intervalOf)
    const written = Math.min(decimals.price, priceDecimals ?? decimals.price)
    return { options: { symbol, intervals, decimals, priceDecimals: written }, segments }
  }

  /** Where the lines after the header start. */
  #passHeader(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    while (this.#header && at < end) {
      const feed = bytes.indexOf(LINE_FEED, at)
      this.#header = withoutReturn(bytes.subarray(at, feed)).length === 0
      this.#otherLines++
      at = feed + 1
    }
    return at
  }

  #readOther(raw: Uint8Array, ordinal: number): boolean {
    const line = withoutReturn(raw)
    if (line.length === 0) {
      this.#otherLines++
      return false
    }
    try {
      this.#addCarefully(readCarefully(LATIN_1.decode(line), this.#options.layout, ordinal))
    } catch (thrown) {
      if (!(thrown instanceof MalformedError)) throw thrown
      this.#reject(line, ordinal, thrown.code, thrown.message)
    }
    return true
  }

  #addCarefully(row: CarefulRow): void {
    const hasIds = this.#options.layout.columns.tradeId !== undefined
    if (hasIds && !this.#isNew(row.tradeId, row.seconds)) return
    const openTime = openTimeAt(this.#base, row.seconds * MICROS_PER_SECOND)
    this.#sums.merge(openTime / MICROS_PER_SECOND, accumulatorOf(row))
  }

  #rejectLongLine(start: Uint8Array): void {
    this.#kernel.passRow()
    this.#reject(start, this.rowCount, 'row_malformed', `The line is longer than ${LONGEST_LINE} bytes.`)
  }

  #reject(raw: Uint8Array, ordinal: number, code: string, reason: string): void {
    this.#rejected.add({ line: this.#otherLines + ordinal, raw, code, reason })
  }

  #isNew(tradeId: number, seconds: number): boolean {
    const time = seconds * MICROS_PER_SECOND
    const span = this.#span
    if (span !== undefined && tradeId === span.last + 1 && tradeId < this.#limit) {
      span.last = tradeId
      if (time > span.to) span.to = time
      return true
    }
    if (this.#coverage.has(tradeId)) return false
    this.#span = this.#coverage.addTrade(tradeId, time)
    this.#limit = this.#coverage.limitAbove(this.#span)
    return true
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line
}
