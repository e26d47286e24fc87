import type {
  Candle,
  EpochMicros,
  Heartbeat,
  IdRange,
  IdSpace,
  Interval,
  MarketSymbol,
  Trade,
  UnitTrade,
} from '@c1/market'
import { type Accumulator, accumulatorOf, accumulatorOfUnits, NarrowAccumulator } from './accumulator.ts'
import { type CandleEvent, NOTHING } from './candle-event.ts'
import { ClosedWindows } from './closed-windows.ts'
import type { Span, TimeRange } from './coverage.ts'
import { EmptyTime } from './empty-time.ts'
import { FinalCandles } from './final-candles.ts'
import { LateTrades, type TradePlace } from './late-trades.ts'
import type { LogWindows } from './late-windows.ts'
import { type Level, openTimeAt } from './levels.ts'
import { makeCandle } from './make-candle.ts'
import type { OpenMinutes } from './open-minutes.ts'
import { emptySequence, type SequenceState } from './sequence-state.ts'
import { Watermark } from './watermark.ts'
import { closeTimeOf, type Window } from './window-store.ts'

/** What the windows of a sequence need to know of its symbol. */
export interface SequenceContext {
  readonly symbol: MarketSymbol
  readonly intervals: ReadonlySet<Interval>
  /** Every sequence of the symbol, this one and later ones too. */
  readonly sequences: readonly SequenceWindows[]
  /** How many of its lengths after its close a window stays in memory. */
  readonly lateness: number
  readonly openMinutes: OpenMinutes
}

/**
 * The windows of one numbered sequence of trades: one symbol, one id space.
 *
 * A trade goes into the pending window of its minute, or, where that is final, is a late one (`LateTrades`). Windows inside settled time
 * close and are final (`FinalCandles`); those that closed of late stay in memory (`ClosedWindows`).
 */
export class SequenceWindows {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  readonly finals: FinalCandles
  readonly #openMinutes: OpenMinutes
  readonly #state: SequenceState
  readonly #watermark: Watermark
  readonly #closed: ClosedWindows
  readonly #late: LateTrades
  /** Where the last trade went: the next ones most often only extend these, in the row of `OpenMinutes`. */
  #window: Window | undefined
  #span: Span | undefined
  readonly #row: number

  constructor(idSpace: IdSpace, context: SequenceContext, state: SequenceState = emptySequence(context.lateness)) {
    const { lateness, openMinutes, symbol } = context
    this.symbol = symbol
    this.idSpace = idSpace
    this.#openMinutes = openMinutes
    this.#row = openMinutes.addRow()
    this.#state = state
    state.lateness = Math.min(state.lateness, lateness)
    const watermark = new Watermark(idSpace, state.coverage)
    const closed = new ClosedWindows(state, watermark, lateness)
    this.finals = new FinalCandles({ ...context, idSpace }, state, watermark)
    this.#watermark = watermark
    this.#closed = closed
    this.#late = new LateTrades({ symbol, idSpace, state, watermark, closed, finals: this.finals })
  }

  /** Its row of `OpenMinutes`, which takes the trades that only extend the minute of the one before. */
  get row(): number {
    return this.#row
  }

  /** All that it has to remember: windows that were only brought back from the log are let go. */
  get state(): SequenceState {
    this.#closed.letGo(0)
    this.#writeBack()
    this.#openRow()
    return this.#state
  }

  /** A trade that its row did not take. */
  addTrade(trade: UnitTrade): readonly CandleEvent[] {
    this.#writeBack()
    const isThere = this.#state.coverage.has(trade.tradeId)
    const events = isThere ? NOTHING : this.#insert(trade, accumulatorOfUnits(trade))
    this.#openRow()
    return events
  }

  /** A trade with more digits than `UnitTrade` holds. */
  addWideTrade(trade: Trade): readonly CandleEvent[] {
    this.#writeBack()
    const isThere = this.#state.coverage.has(trade.tradeId)
    const events = isThere ? NOTHING : this.#insert(trade, accumulatorOf(trade))
    this.#openRow()
    return events
  }

  addHeartbeat({ lastTradeId, eventTime }: Heartbeat): readonly CandleEvent[] {
    const { coverage, windows } = this.#state
    this.#writeBack()
    coverage.addHeartbeat(lastTradeId, eventTime)
    const events: CandleEvent[] = []
    this.#settle(events)
    if (this.#window !== undefined) this.#window = windows.pending(0, this.#window.openTime)
    this.#openRow()
    return events
  }

  /** The trades of these ids are not served: the hole is closed, and the windows that they may belong to stay incomplete. */
  addException(ids: IdRange, time: TimeRange): readonly CandleEvent[] {
    this.#writeBack()
    // Its span may be another object afterwards.
    this.#window = undefined
    this.#span = undefined
    const events: CandleEvent[] = []
    if (this.#state.coverage.addException(ids, time)) this.#settle(events)
    return events
  }

  /** The window of the newest trade as it stands; undefined when it is final. */
  provisional(level: Level): Candle | undefined {
    const { coverage, newest, windows } = this.state
    const openTime = openTimeAt(level, newest)
    const sums = windows.pending(level, openTime) && windows.sumsAt(level, openTime)
    if (sums === undefined) return undefined
    const { firstTradeId, lastTradeId } = sums
    const whole = coverage.spans.some(
      ({ first, last, from }) => from <= openTime && first <= firstTradeId && lastTradeId <= last,
    )
    const complete = this.idSpace === 'venue' ? whole && this.finals.isComplete(level, openTime) : undefined
    return makeCandle({ symbol: this.symbol, level, openTime, revision: 0, state: 'provisional', complete }, sums)
  }

  /** The open time of the newest base window that a trade fell into. */
  get newest(): number {
    return this.#state.newest
  }

  /** The next revisions of windows that a `late` event told of, from the trades of the log. */
  reviseFromLog(log: LogWindows): readonly CandleEvent[] {
    return this.#late.reviseFromLog(log)
  }

  /** A trade that is not there yet, and what it adds up to by itself. */
  #insert({ tradeId, eventTime }: TradePlace, trade: Accumulator): readonly CandleEvent[] {
    const { coverage, windows } = this.#state
    const events: CandleEvent[] = []
    const openTime = openTimeAt(0, eventTime)
    const { exceptions } = coverage
    this.#span = coverage.addTrade(tradeId, eventTime)
    if (this.#watermark.around(0, openTime) !== undefined) this.#late.revise({ tradeId, eventTime }, trade, events)
    else {
      const window = windows.ensurePending(0, openTime)
      window.sums = window.sums === undefined ? trade : window.sums.merge(trade)
    }
    this.#state.oldest = Math.min(this.#state.oldest, openTime)
    this.#state.newest = Math.max(this.#state.newest, openTime)
    if (coverage.exceptions.length < exceptions.length) this.#late.complete(exceptions, { tradeId, eventTime }, events)
    this.#settle(events)
    this.#window = windows.pending(0, openTime)
    return events
  }

  /** Closes, in order, the windows that became settled, and tells of the empty time between them. */
  #settle(events: CandleEvent[]): void {
    const gained = this.#watermark.advance()
    if (gained === undefined) return
    const { windows } = this.#state
    const closing = windows.pendingWithin(this.#watermark.settled)
    const empty = new EmptyTime(gained, this.#state.oldest)
    for (const window of closing) {
      if (window.level === 0) {
        this.#tellEmpty(empty.passUntil(window.openTime), events)
        empty.passUntil(closeTimeOf(window))
      } else if (this.finals.isWanted(window.level)) this.#tellEmpty(empty.passUntil(closeTimeOf(window)), events)
      windows.close(window)
      this.finals.revise(window, events)
    }
    this.#tellEmpty(empty.passUntil(Number.POSITIVE_INFINITY), events)
    // Only at levels where a window closed is there something more than before to forget.
    this.#closed.forgetOld(closing.reduce((highest, { level }) => Math.max(highest, level), -1))
  }

  #tellEmpty(closeTime: number | undefined, events: CandleEvent[]): void {
    if (closeTime === undefined) return
    events.push({ kind: 'heartbeat', symbol: this.symbol, eventTime: closeTime as EpochMicros })
  }

  /** Brings the window and span of the last trade up to date. */
  #writeBack(): void {
    const sums = this.#window?.sums
    if (this.#span !== undefined && sums instanceof NarrowAccumulator)
      this.#openMinutes.writeBack(this.#row, sums, this.#span)
  }

  /** Gives them to the row again, as far as it can take trades for them. */
  #openRow(): void {
    const window = this.#window
    const span = this.#span
    const sums = window?.sums
    if (window === undefined || span === undefined || !(sums instanceof NarrowAccumulator)) return
    this.#openMinutes.open(this.#row, window.openTime, sums, span, this.#state.coverage.limitAbove(span))
  }
}
