import type { UnitTrade } from '@c1/market'
import type { NarrowAccumulator } from './accumulator.ts'
import type { Span } from './coverage.ts'
import { LENGTHS } from './levels.ts'

const MINUTE = LENGTHS[0] as number
const MAX = Number.MAX_SAFE_INTEGER

/** What a row holds, by its place in it. Sixteen words are two lines of the processor's cache. */
const ROW = 16
const NEXT_ID = 0
const LIMIT = 1
const OPEN_TIME = 2
const NEWEST = 3
const DECIMALS = 4
const HIGH = 5
const LOW = 6
const CLOSE = 7
const VOLUME = 8
const BOUGHT = 9
const NOTIONAL_LOW = 10

/**
 * The minute that each sequence's trades are falling into, in one row of numbers a sequence.
 *
 * Nearly every trade has the next id and falls into the same minute as the one before. It is added here, where all that it changes
 * lies together: with a thousand symbols in turn, what a trade costs is how much memory it touches. All else about a sequence is done
 * on its window and span, after `writeBack` has brought them up to date.
 */
export class OpenMinutes {
  #words = new Float64Array(64 * ROW)
  #rows = 0

  /** A row of no minute, which takes no trade. */
  addRow(): number {
    const row = this.#rows++
    if (this.#rows * ROW > this.#words.length) {
      const larger = new Float64Array(2 * this.#words.length)
      larger.set(this.#words)
      this.#words = larger
    }
    this.shut(row)
    return row
  }

  /** From here on the row takes the trades that follow the span's last one, below `limit`, in the window of these sums. */
  open(row: number, openTime: number, sums: NarrowAccumulator, span: Span, limit: number): void {
    const words = this.#words
    const at = row * ROW
    // The next trade must be the window's newest by id too: then it is its close, and never its open.
    words[at + NEXT_ID] = sums.lastTradeId <= span.last ? span.last + 1 : Number.NaN
    words[at + LIMIT] = limit
    words[at + OPEN_TIME] = openTime
    words[at + NEWEST] = span.to
    words[at + DECIMALS] = decimalsOf(sums)
    words[at + HIGH] = sums.high
    words[at + LOW] = sums.low
    words[at + CLOSE] = sums.close
    words[at + VOLUME] = sums.volume
    words[at + BOUGHT] = sums.bought
    words[at + NOTIONAL_LOW] = sums.notionalLow
  }

  shut(row: number): void {
    this.#words[row * ROW + NEXT_ID] = Number.NaN
  }

  /** False, and nothing is added, where the trade is not the next one of the same minute or a figure would leave the exact integers. */
  add(row: number, trade: UnitTrade): boolean {
    const { tradeId, eventTime, price, quantity, side } = trade
    const words = this.#words
    const at = row * ROW
    if (tradeId !== words[at + NEXT_ID] || tradeId >= (words[at + LIMIT] as number)) return false
    const into = eventTime - (words[at + OPEN_TIME] as number)
    if (into < 0 || into >= MINUTE || decimalsOf(trade) !== words[at + DECIMALS]) return false
    const volume = (words[at + VOLUME] as number) + quantity
    const notional = (words[at + NOTIONAL_LOW] as number) + price * quantity
    if (volume > MAX || notional > MAX) return false
    words[at + NEXT_ID] = tradeId + 1
    if (eventTime > (words[at + NEWEST] as number)) words[at + NEWEST] = eventTime
    if (price > (words[at + HIGH] as number)) words[at + HIGH] = price
    if (price < (words[at + LOW] as number)) words[at + LOW] = price
    words[at + CLOSE] = price
    words[at + VOLUME] = volume
    // A product, since the processor foresees no branch on the side: it goes to and fro at random.
    words[at + BOUGHT] =
      (words[at + BOUGHT] as number) + (side === undefined ? Number.NaN : +(side === 'buy') * quantity)
    words[at + NOTIONAL_LOW] = notional
    return true
  }

  /** Puts into a window and its span what was added since `open`, and shuts the row. */
  writeBack(row: number, sums: NarrowAccumulator, span: Span): void {
    const words = this.#words
    const at = row * ROW
    const lastId = (words[at + NEXT_ID] as number) - 1
    this.shut(row)
    if (!(lastId > span.last)) return
    // Ids follow one another, so they count the trades.
    sums.tradeCount += lastId - span.last
    span.last = lastId
    span.to = words[at + NEWEST] as number
    sums.lastTradeId = lastId
    sums.high = words[at + HIGH] as number
    sums.low = words[at + LOW] as number
    sums.close = words[at + CLOSE] as number
    sums.volume = words[at + VOLUME] as number
    sums.bought = words[at + BOUGHT] as number
    sums.notionalLow = words[at + NOTIONAL_LOW] as number
  }
}

/** Both in one number. */
function decimalsOf({
  priceDecimals,
  quantityDecimals,
}: Pick<UnitTrade, 'priceDecimals' | 'quantityDecimals'>): number {
  return priceDecimals * 1024 + quantityDecimals
}
