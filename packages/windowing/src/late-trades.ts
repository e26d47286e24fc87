import type { EpochMicros, UnitTrade } from '@c1/market'
import type { Accumulator } from './accumulator.ts'
import type { CandleEvent } from './candle-event.ts'
import type { ClosedWindows } from './closed-windows.ts'
import type { CoverageException, TimeRange } from './coverage.ts'
import type { FinalCandles } from './final-candles.ts'
import type { LateWindows, LogWindows, PlacedWindow } from './late-windows.ts'
import { LENGTHS, LEVELS, type Level, openTimeAt } from './levels.ts'
import type { SequenceState } from './sequence-state.ts'
import type { Watermark } from './watermark.ts'
import { closeTimeOf, inOrder, type Window } from './window-store.ts'

/** Most windows that were brought back from the log before all forgotten ones are let go again. */
const MOST_BROUGHT_BACK = 256

/** Where a trade belongs. */
export type TradePlace = Pick<UnitTrade, 'tradeId' | 'eventTime'>

/** What late trades change of a sequence. */
export interface LateTradesOptions extends Pick<LateWindows, 'symbol' | 'idSpace'> {
  readonly state: SequenceState
  readonly watermark: Watermark
  readonly closed: ClosedWindows
  readonly finals: FinalCandles
}

/**
 * Trades that come when windows of their time are final already: each such window gets its next revision. What a late trade makes of
 * a window is the same whether the window is still in memory or is added up again out of the log. Where one of the windows is in the log
 * alone, all of them wait for what the log says, so that they come in order.
 */
export class LateTrades {
  readonly #options: LateTradesOptions

  constructor(options: LateTradesOptions) {
    this.#options = options
  }

  /** A trade whose base window is final: every final window around it is made again, the first pending one will have it. */
  revise(place: TradePlace, trade: Accumulator, events: CandleEvent[]): void {
    const { finals, state, watermark } = this.#options
    const own: PlacedWindow[] = []
    for (const level of LEVELS) {
      const openTime = openTimeAt(level, place.eventTime)
      if (watermark.around(level, openTime) === undefined) {
        state.windows.ensurePending(level, openTime)
        break
      }
      const window = this.#amend(level, openTime, trade)
      if (window !== undefined || finals.isWanted(level)) own.push({ level, openTime, window })
    }
    const lost = own.filter(({ window }) => window === undefined)
    if (lost.length > 0) this.#tellLate(place, lost, { own, completed: [] }, events)
    else for (const { window } of own) finals.revise(window as Window, events)
  }

  /**
   * The last trade of an exception came: the final windows of its time that are complete now are told again, but for those of the
   * trade itself, which are revised with it.
   *
   * @param before the exceptions as they were before the trade
   */
  complete(before: readonly CoverageException[], place: TradePlace, events: CandleEvent[]): void {
    const { finals, state } = this.#options
    const known = new Set(state.coverage.exceptions.map(keyOf))
    const completed = before.filter((exception) => !known.has(keyOf(exception)))
    const lost = this.#lostIn(completed, place.eventTime)
    if (lost.length > 0) this.#tellLate(place, lost, { own: undefined, completed }, events)
    else for (const { window } of this.#inMemory(completed, place.eventTime)) finals.revise(window as Window, events)
  }

  /** The next revisions of windows that a `late` event told of, from the trades of the log. */
  reviseFromLog(log: LogWindows): readonly CandleEvent[] {
    const { closed, finals, state } = this.#options
    const { own, completed, eventTime } = log.late
    const events: CandleEvent[] = []
    const places =
      own ?? [...this.#inMemory(completed, eventTime), ...this.#inLog(completed, eventTime, log)].sort(inOrder)
    for (const place of places) {
      const window = place.window ?? closed.bringBack(place, log)
      if (window === undefined) continue
      state.windows.addClosed(window)
      finals.revise(window, events)
    }
    closed.letGo(MOST_BROUGHT_BACK)
    return events
  }

  /** Adds a late trade to a final window; undefined where only the log has it. */
  #amend(level: Level, openTime: number, trade: Accumulator): Window | undefined {
    const { windows } = this.#options.state
    const closed = windows.closed(level, openTime)
    if (closed === undefined && this.#options.closed.isForgotten(level, openTime)) return undefined
    const window = closed ?? { level, openTime, sums: undefined, revision: 0 }
    // Merged, not added: a larger window may share the sums of the only one below it.
    window.sums = window.sums === undefined ? trade : window.sums.merge(trade)
    windows.addClosed(window)
    return window
  }

  /** The completed windows in memory that hold an instant of these times, in order. */
  #inMemory(times: readonly TimeRange[], eventTime: number): readonly PlacedWindow[] {
    return this.#options.state.windows
      .closedDuring(times)
      .map((window) => ({ level: window.level, openTime: window.openTime, window }))
      .filter((place) => this.#isCompleted(place, eventTime))
      .sort(inOrder)
  }

  /** The same of those that only the log has. */
  #inLog(times: readonly TimeRange[], eventTime: number, log: LogWindows): readonly PlacedWindow[] {
    const isIn = ({ level, openTime }: PlacedWindow): boolean =>
      this.#isLost(level, openTime) && holds(times, level, openTime)
    return LEVELS.flatMap((level) =>
      [...log.openTimes(level)].map((openTime) => ({ level, openTime, window: undefined })),
    ).filter((place) => isIn(place) && this.#isCompleted(place, eventTime))
  }

  /** The places of completed windows in these times that, where they held trades, only the log has. */
  #lostIn(times: readonly TimeRange[], eventTime: number): readonly PlacedWindow[] {
    const lost: PlacedWindow[] = []
    for (const level of LEVELS) {
      const length = LENGTHS[level] as number
      for (const { from, to } of times) {
        for (let openTime: number = openTimeAt(level, from); openTime <= to; openTime += length) {
          const place = { level, openTime, window: undefined }
          if (this.#isLost(level, openTime) && this.#isCompleted(place, eventTime)) lost.push(place)
        }
      }
    }
    return lost
  }

  #isLost(level: Level, openTime: number): boolean {
    const { closed, state } = this.#options
    return state.windows.closed(level, openTime) === undefined && closed.isForgotten(level, openTime)
  }

  #isCompleted({ level, openTime }: PlacedWindow, eventTime: number): boolean {
    const { finals } = this.#options
    const isOwn = openTimeAt(level, eventTime) === openTime
    return !isOwn && finals.isWanted(level) && finals.isComplete(level, openTime)
  }

  #tellLate(
    { tradeId, eventTime }: TradePlace,
    lost: readonly PlacedWindow[],
    changed: Pick<LateWindows, 'own' | 'completed'>,
    events: CandleEvent[],
  ): void {
    const { idSpace, symbol } = this.#options
    const from = Math.min(...lost.map(({ openTime }) => openTime)) as EpochMicros
    const to = Math.max(...lost.map(closeTimeOf)) as EpochMicros
    events.push({ kind: 'late', late: { symbol, idSpace, tradeId, eventTime, from, to, ...changed } })
  }
}

function keyOf({ first, last, from, to }: CoverageException): string {
  return `${first} ${last} ${from} ${to}`
}

/** Whether a window holds an instant of one of the times, ends included. */
function holds(times: readonly TimeRange[], level: Level, openTime: number): boolean {
  const closeTime = openTime + (LENGTHS[level] as number)
  return times.some(({ from, to }) => from < closeTime && to >= openTime)
}
