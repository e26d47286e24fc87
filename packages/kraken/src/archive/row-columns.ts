import type { IdSpace, TradeColumns } from '@c1/market'
import { type MalformedRow, malformedRow } from '../wire/malformed-row.ts'
import { ColumnBuilder } from './column-builder.ts'
import type { ArchiveColumns, ArchiveLayout } from './layout.ts'
import { type RowMarket, rowReader } from './rows.ts'

/** A row of a file that is no trade. `line` counts from 1, empty lines and the header included. */
export interface RejectedLine extends MalformedRow {
  readonly line: number
}

export interface RowBlock {
  /** Valid until the next block is read. */
  readonly columns: TradeColumns
  readonly rejected: readonly RejectedLine[]
  /** How many of the trades happened before the one ahead of them in the file. */
  readonly outOfOrder: number
}

// As constants of this module they are compiled into the loop.
const LINE_FEED = 10
const RETURN = 13
const COMMA = 44
const POINT = 46
const ZERO = 48
const LETTER_B = 98
const LETTER_S = 115
const LETTER_M = 109
const LETTER_L = 108
const TIME = 1
const PRICE = 2
const VOLUME = 3
const SIDE = 4
const ORDER_TYPE = 5
const TRADE_ID = 6
const ROLES: Readonly<Record<keyof ArchiveColumns, number>> = {
  time: TIME,
  price: PRICE,
  volume: VOLUME,
  side: SIDE,
  orderType: ORDER_TYPE,
  tradeId: TRADE_ID,
}
const LONGEST_TIME = 10
const LONGEST_ID = 15
/** What is still missing to microseconds after that many decimals of a second. */
const TO_MICROS = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1]
/** `0,0,0` and a line feed: no row is shorter. */
const LEAST_ROW_BYTES = 6

/**
 * Rows of one layout to columns, from their bytes. What the loop does not recognise at once is read by `rowReader`, which
 * also says what is wrong with it, so both read every row alike.
 *
 * In the id space of a file a trade's id is the row's ordinal, which counts rejected rows too.
 */
export class RowColumns {
  readonly #market: RowMarket
  readonly #roles: Uint8Array
  readonly #hasIds: boolean
  readonly #readRow: ReturnType<typeof rowReader>
  readonly #builder: ColumnBuilder
  #header: boolean
  #line = 0
  #ordinal = 0
  #lastTime = Number.NEGATIVE_INFINITY
  #rejected: RejectedLine[] = []
  #outOfOrder = 0

  constructor(layout: ArchiveLayout, market: RowMarket, idSpace: IdSpace) {
    this.#market = market
    this.#roles = new Uint8Array(layout.count)
    for (const [name, column] of Object.entries(layout.columns))
      this.#roles[column] = ROLES[name as keyof ArchiveColumns]
    this.#hasIds = idSpace === 'venue'
    this.#readRow = rowReader(layout, market, idSpace)
    this.#builder = new ColumnBuilder(market.symbol, idSpace)
    this.#header = layout.header
  }

  /** Rows so far, rejected ones included. */
  get rows(): number {
    return this.#ordinal
  }

  get lines(): number {
    return this.#line
  }

  /** Goes on as after so many lines and rows. */
  resume(lines: number, rows: number): void {
    this.#line = lines
    this.#ordinal = rows
    this.#header &&= lines === 0
  }

  /** Reads whole lines, each with its line feed. */
  read(bytes: Uint8Array, start: number, end: number): RowBlock {
    const { priceDecimals = 0, quantityDecimals = 0 } = this.#market
    const most = Math.ceil((end - start) / LEAST_ROW_BYTES)
    this.#builder.begin(most, end - start + most * (priceDecimals + quantityDecimals + 2))
    this.#rejected = []
    this.#outOfOrder = 0
    this.#readLines(bytes, start, end)
    return { columns: this.#builder.finish(), rejected: this.#rejected, outOfOrder: this.#outOfOrder }
  }

  /** One long function on purpose: its numbers stay in registers only as local variables of one loop. */
  #readLines(bytes: Uint8Array, start: number, end: number): void {
    const roles = this.#roles
    const columnCount = roles.length
    const hasIds = this.#hasIds
    const builder = this.#builder
    const priceDecimals = this.#market.priceDecimals ?? -1
    const quantityDecimals = this.#market.quantityDecimals ?? -1
    const { bounds, ids, orderTypes, sides, times } = builder.columns
    let { texts } = builder.columns
    let at = start
    while (at < end) {
      const rowStart = at
      this.#line += 1
      const letter = bytes[at]
      if (letter === LINE_FEED) {
        at += 1
        continue
      }
      if (letter === RETURN && bytes[at + 1] === LINE_FEED) {
        at += 2
        continue
      }
      if (this.#header) {
        this.#header = false
        at = bytes.indexOf(LINE_FEED, at) + 1
        continue
      }
      this.#ordinal += 1
      let isPlain = true
      let time = 0
      let priceStart = 0
      let pricePoint = 0
      let priceEnd = 0
      let volumeStart = 0
      let volumePoint = 0
      let volumeEnd = 0
      let side = 0
      let orderType = 0
      let tradeId = this.#ordinal
      for (let column = 0; column < columnCount; column += 1) {
        if (column > 0 && bytes[at++] !== COMMA) {
          isPlain = false
          break
        }
        const role = roles[column]
        const first = at
        if (role === PRICE || role === VOLUME) {
          let point = -1
          let digits = 0
          for (;;) {
            const digit = (bytes[at] as number) - ZERO
            if (digit >>> 0 < 10) digits |= digit
            else if (digit === POINT - ZERO && point === -1) point = at
            else break
            at += 1
          }
          const wholes = (point === -1 ? at : point) - first
          if (wholes < 1 || point === at - 1 || (wholes > 1 && bytes[first] === ZERO)) isPlain = false
          if (role === PRICE) {
            if (digits === 0) isPlain = false
            priceStart = first
            pricePoint = point
            priceEnd = at
          } else {
            volumeStart = first
            volumePoint = point
            volumeEnd = at
          }
        } else if (role === TIME) {
          let digit = (bytes[at] as number) - ZERO
          while (digit >>> 0 < 10) {
            time = time * 10 + digit
            digit = (bytes[++at] as number) - ZERO
          }
          if (at === first || at - first > LONGEST_TIME) isPlain = false
          let decimals = 0
          if (digit === POINT - ZERO) {
            digit = (bytes[++at] as number) - ZERO
            while (digit >>> 0 < 10) {
              if (decimals < 6) {
                decimals += 1
                time = time * 10 + digit
              }
              digit = (bytes[++at] as number) - ZERO
            }
          }
          time *= TO_MICROS[decimals] as number
          if (time > Number.MAX_SAFE_INTEGER) isPlain = false
        } else if (role === TRADE_ID) {
          tradeId = 0
          let digit = (bytes[at] as number) - ZERO
          if (digit === 0) isPlain = false
          while (digit >>> 0 < 10) {
            tradeId = tradeId * 10 + digit
            digit = (bytes[++at] as number) - ZERO
          }
          if (at === first || at - first > LONGEST_ID) isPlain = false
        } else if (role === SIDE) {
          const letter = bytes[at]
          if (letter === LETTER_B) side = 1
          else if (letter === LETTER_S) side = 2
          if (side !== 0) at += 1
        } else if (role === ORDER_TYPE) {
          const letter = bytes[at]
          if (letter === LETTER_M) orderType = 1
          else if (letter === LETTER_L) orderType = 2
          if (orderType !== 0) at += 1
        } else while (bytes[at] !== COMMA && bytes[at] !== LINE_FEED && bytes[at] !== RETURN) at += 1
      }
      if (isPlain && bytes[at] === RETURN) at += 1
      if (!isPlain || bytes[at] !== LINE_FEED) {
        const feed = bytes.indexOf(LINE_FEED, rowStart)
        this.#readOther(bytes, rowStart, bytes[feed - 1] === RETURN ? feed - 1 : feed)
        texts = builder.columns.texts
        at = feed + 1
        continue
      }
      at += 1
      if (time < this.#lastTime) this.#outOfOrder += 1
      this.#lastTime = time
      const index = builder.count
      ids[index] = hasIds ? tradeId : this.#ordinal
      times[index] = time
      sides[index] = side
      orderTypes[index] = orderType
      let textEnd = writeDecimal(bytes, priceStart, pricePoint, priceEnd, priceDecimals, texts, builder.textEnd)
      bounds[2 * index + 1] = textEnd
      textEnd = writeDecimal(bytes, volumeStart, volumePoint, volumeEnd, quantityDecimals, texts, textEnd)
      bounds[2 * index + 2] = textEnd
      builder.wrote(textEnd)
    }
  }

  #readOther(bytes: Uint8Array, start: number, end: number): void {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)
    try {
      const trade = this.#readRow(raw.toString('latin1'), this.#ordinal)
      if (trade.eventTime < this.#lastTime) this.#outOfOrder += 1
      this.#lastTime = trade.eventTime
      this.#builder.push(trade)
    } catch (thrown) {
      this.#rejected.push({ line: this.#line, ...malformedRow(raw.toString(), thrown) })
    }
  }
}

/**
 * Copies plain decimal text with zeros added, or surplus zeros left out, so that it has at least `decimals` decimals (as it is
 * where that is -1), as `readHistoric` would. Gives where it ends.
 */
function writeDecimal(
  bytes: Uint8Array,
  start: number,
  point: number,
  end: number,
  decimals: number,
  texts: Uint8Array,
  textEnd: number,
): number {
  let to = textEnd
  let last = end
  let missing = 0
  if (decimals >= 0) {
    const found = point === -1 ? 0 : end - point - 1
    if (found < decimals) missing = decimals - found
    else if (found > decimals) {
      const least = point + 1 + decimals
      while (last > least && bytes[last - 1] === ZERO) last -= 1
      if (last === point + 1) last = point
    }
  }
  for (let at = start; at < last; at += 1) texts[to++] = bytes[at] as number
  if (missing > 0 && point === -1) texts[to++] = POINT
  for (; missing > 0; missing -= 1) texts[to++] = ZERO
  return to
}
