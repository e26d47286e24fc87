import type { EpochMicros, IdSpace, MarketSymbol, Trade, UnitTrade } from '@c1/market'
import { type Accumulator, accumulatorOf, accumulatorOfUnits, addTrade } from './accumulator.ts'
import type { TimeRange } from './coverage.ts'
import { LENGTHS, type Level, openTimeAt } from './levels.ts'
import type { Window } from './window-store.ts'

/** A window by its place; `window` where it is in memory. */
export interface PlacedWindow {
  readonly level: Level
  readonly openTime: number
  readonly window: Window | undefined
}

/**
 * Final windows that changed while some of them are no longer in memory: what they hold is in the log. `from` and `to` bound the
 * time of the trades that are needed.
 */
export interface LateWindows {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  /** The trade that came late. */
  readonly tradeId: number
  readonly eventTime: EpochMicros
  readonly from: EpochMicros
  readonly to: EpochMicros
  /** The windows that the trade belongs to; undefined where it completed the windows of `completed` and not its own. */
  readonly own: readonly PlacedWindow[] | undefined
  /** The time in which trades were missing that are all there now; empty in the first case. */
  readonly completed: readonly TimeRange[]
}

/**
 * The trades of late windows, added up anew out of the log, in minutes that larger windows are rolled up from. Trades that do not
 * belong there and trades that come again are passed over, so it may be given all there is.
 */
export class LogWindows {
  readonly late: LateWindows
  readonly #seen = new Set<number>()
  readonly #minutes = new Map<number, Accumulator>()

  constructor(late: LateWindows) {
    this.late = late
  }

  add(trade: UnitTrade): void {
    if (!this.#isNew(trade)) return
    const openTime = openTimeAt(0, trade.eventTime)
    const sums = this.#minutes.get(openTime)
    this.#minutes.set(openTime, sums === undefined ? accumulatorOfUnits(trade) : addTrade(sums, trade))
  }

  /** The same from decimal text. */
  addText(trade: Trade): void {
    if (!this.#isNew(trade)) return
    const openTime = openTimeAt(0, trade.eventTime)
    const sums = this.#minutes.get(openTime)
    const one = accumulatorOf(trade)
    this.#minutes.set(openTime, sums === undefined ? one : sums.merge(one))
  }

  /** What the trades of a window add up to; undefined where it has none. */
  sumsOf(level: Level, openTime: number): Accumulator | undefined {
    const end = openTime + (LENGTHS[level] as number)
    let sums: Accumulator | undefined
    for (let minute = openTime; minute < end; minute += LENGTHS[0] as number) {
      const below = this.#minutes.get(minute)
      if (below !== undefined) sums = sums === undefined ? below : sums.merge(below)
    }
    return sums
  }

  /** Open times of the windows that hold trades. */
  openTimes(level: Level): ReadonlySet<number> {
    return new Set([...this.#minutes.keys()].map((minute) => openTimeAt(level, minute)))
  }

  #isNew({
    symbol,
    idSpace,
    tradeId,
    eventTime,
  }: Pick<Trade, 'symbol' | 'idSpace' | 'tradeId' | 'eventTime'>): boolean {
    const { late } = this
    if (eventTime < late.from || eventTime >= late.to || symbol !== late.symbol || idSpace !== late.idSpace)
      return false
    if (this.#seen.has(tradeId)) return false
    this.#seen.add(tradeId)
    return true
  }
}
