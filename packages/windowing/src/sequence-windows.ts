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
import { Coverage, type CoverageException, type Span, type TimeRange } from './coverage.ts'
import { EmptyTime } from './empty-time.ts'
import type { LateWindows, LogWindows, PlacedWindow } from './late-windows.ts'
import { intervalOf, LENGTHS, LEVELS, type Level, openTimeAt } from './levels.ts'
import { makeCandle } from './make-candle.ts'
import type { OpenMinutes } from './open-minutes.ts'
import { Revisions } from './revisions.ts'
import { Watermark } from './watermark.ts'
import { closeTimeOf, inOrder, type Window, WindowStore } from './window-store.ts'

/** Most windows that were brought back from the log before all forgotten ones are let go again. */
const MOST_BROUGHT_BACK = 256

/** Where a trade belongs. */
type TradePlace = Pick<UnitTrade, 'tradeId' | 'eventTime'>

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

/** All that a sequence remembers. */
export interface SequenceState {
  readonly coverage: Coverage
  readonly windows: WindowStore
  readonly revisions: Revisions
  /** The least lateness that windows were ever let go by: what is older may be in the log alone. */
  lateness: number
  /** Open times of the oldest and newest base windows that a trade fell into. */
  oldest: number
  newest: number
}

/**
 * The windows of one numbered sequence of trades: one symbol, one id space.
 *
 * Windows inside settled time are final. Those that closed of late stay in memory, which is a copy of what the log says: what a late
 * trade makes of a window is the same whether the window is still there or is added up again out of the log.
 */
export class SequenceWindows {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  readonly #context: SequenceContext
  readonly #state: SequenceState
  readonly #watermark: Watermark
  #broughtBack = 0
  /** Where the last trade went: the next ones most often only extend these, in the row of `OpenMinutes`. */
  #window: Window | undefined
  #span: Span | undefined
  readonly #row: number

  constructor(idSpace: IdSpace, context: SequenceContext, state?: SequenceState) {
    this.symbol = context.symbol
    this.idSpace = idSpace
    this.#context = context
    const fresh = { oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY }
    this.#state = state ?? {
      coverage: new Coverage(),
      windows: new WindowStore(),
      revisions: new Revisions(),
      lateness: context.lateness,
      ...fresh,
    }
    this.#state.lateness = Math.min(this.#state.lateness, context.lateness)
    this.#watermark = new Watermark(idSpace, this.#state.coverage)
    this.#row = context.openMinutes.addRow()
  }

  /** Its row of `OpenMinutes`, which takes the trades that only extend the minute of the one before. */
  get row(): number {
    return this.#row
  }

  /** All that it has to remember: windows that were only brought back from the log are let go. */
  get state(): SequenceState {
    if (this.#broughtBack > 0) this.#forgetOld(LEVELS.length - 1)
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

  /** Brings the window and span of the last trade up to date. */
  #writeBack(): void {
    const sums = this.#window?.sums
    if (this.#span !== undefined && sums instanceof NarrowAccumulator)
      this.#context.openMinutes.writeBack(this.#row, sums, this.#span)
  }

  /** Gives them to the row again, as far as it can take trades for them. */
  #openRow(): void {
    const { openMinutes } = this.#context
    const window = this.#window
    const span = this.#span
    const sums = window?.sums
    if (window === undefined || span === undefined || !(sums instanceof NarrowAccumulator)) return
    openMinutes.open(this.#row, window.openTime, sums, span, this.#state.coverage.limitAbove(span))
  }

  /** A trade that is not there yet, and what it adds up to by itself. */
  #insert({ tradeId, eventTime }: TradePlace, trade: Accumulator): readonly CandleEvent[] {
    const { coverage, windows } = this.#state
    const events: CandleEvent[] = []
    const openTime = openTimeAt(0, eventTime)
    const { exceptions } = coverage
    this.#span = coverage.addTrade(tradeId, eventTime)
    if (this.#watermark.around(0, openTime) !== undefined) this.#revise({ tradeId, eventTime }, trade, events)
    else {
      const window = windows.ensurePending(0, openTime)
      window.sums = window.sums === undefined ? trade : window.sums.merge(trade)
    }
    this.#state.oldest = Math.min(this.#state.oldest, openTime)
    this.#state.newest = Math.max(this.#state.newest, openTime)
    if (coverage.exceptions.length < exceptions.length)
      this.#completeWindows(exceptions, { tradeId, eventTime }, events)
    this.#settle(events)
    this.#window = windows.pending(0, openTime)
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
    const complete = this.idSpace === 'venue' ? whole && this.#isComplete(level, openTime) : undefined
    return makeCandle(
      { symbol: this.#context.symbol, level, openTime, revision: 0, state: 'provisional', complete },
      sums,
    )
  }

  /** The open time of the newest base window that a trade fell into. */
  get newest(): number {
    return this.#state.newest
  }

  /** Whether the ids say what the window holds, and which of its trades are not to be had; a file's say nothing. */
  proves(level: Level, openTime: number): boolean {
    return this.idSpace === 'venue' && this.#watermark.around(level, openTime) !== undefined
  }

  /** The highest revision that this sequence may have given a window. */
  revisionGiven(level: Level, openTime: number): number {
    const { oldest, revisions, windows } = this.#state
    const closed = windows.closed(level, openTime)
    if (closed !== undefined) return closed.revision
    const closeTime = openTime + (LENGTHS[level] as number)
    const isClosed = closeTime > oldest && this.#watermark.around(level, openTime) !== undefined
    return isClosed ? revisions.of(level, openTime) : 0
  }

  /** The next revisions of windows that a `late` event told of, from the trades of the log. */
  reviseFromLog(log: LogWindows): readonly CandleEvent[] {
    const { own, completed, eventTime } = log.late
    const events: CandleEvent[] = []
    for (const place of own ?? this.#placesIn(completed, eventTime, log)) {
      const window = place.window ?? this.#bringBack(place, log)
      if (window === undefined) continue
      this.#state.windows.addClosed(window)
      this.#makeFinal(window, events)
    }
    if (this.#broughtBack > MOST_BROUGHT_BACK) this.#forgetOld(LEVELS.length - 1)
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
      } else if (this.#isWanted(window.level)) this.#tellEmpty(empty.passUntil(closeTimeOf(window)), events)
      windows.close(window)
      this.#makeFinal(window, events)
    }
    this.#tellEmpty(empty.passUntil(Number.POSITIVE_INFINITY), events)
    // Only at levels where a window closed is there something more than before to forget.
    this.#forgetOld(closing.reduce((highest, { level }) => Math.max(highest, level), -1))
  }

  #isWanted(level: Level): boolean {
    return this.#context.intervals.has(intervalOf(level))
  }

  #tellEmpty(closeTime: number | undefined, events: CandleEvent[]): void {
    if (closeTime === undefined) return
    events.push({ kind: 'heartbeat', symbol: this.#context.symbol, eventTime: closeTime as EpochMicros })
  }

  /** Gives a closed window its next revision, above any that another id space gave it. */
  #makeFinal(window: Window, events: CandleEvent[]): void {
    const { symbol, sequences } = this.#context
    const { level, openTime, sums } = window
    let outranked = false
    for (const other of sequences) {
      if (other === this) continue
      window.revision = Math.max(window.revision, other.revisionGiven(level, openTime))
      outranked ||= this.idSpace !== 'venue' && other.proves(level, openTime)
    }
    window.revision++
    if (outranked || sums === undefined || !this.#isWanted(level)) return
    const complete = this.idSpace === 'venue' ? this.#isComplete(level, openTime) : undefined
    const frame = { symbol, level, openTime, revision: window.revision, state: 'final', complete } as const
    events.push({ kind: 'candle', candle: makeCandle(frame, sums) })
  }

  #isComplete(level: Level, openTime: number): boolean {
    return !this.#state.coverage.lacks({ from: openTime, to: openTime + (LENGTHS[level] as number) })
  }

  /**
   * A trade whose base window is final: every final window around it is made again, the first pending one will have it. Where one
   * of them is no longer in memory, all of them wait for what the log says, so that they come in order.
   */
  #revise(place: TradePlace, trade: Accumulator, events: CandleEvent[]): void {
    const own: PlacedWindow[] = []
    for (const level of LEVELS) {
      const openTime = openTimeAt(level, place.eventTime)
      if (this.#watermark.around(level, openTime) === undefined) {
        this.#state.windows.ensurePending(level, openTime)
        break
      }
      const window = this.#amend(level, openTime, trade)
      if (window !== undefined || this.#isWanted(level)) own.push({ level, openTime, window })
    }
    const lost = own.filter(({ window }) => window === undefined)
    if (lost.length > 0) this.#tellLate(place, lost, { own, completed: [] }, events)
    else for (const { window } of own) this.#makeFinal(window as Window, events)
  }

  /** Adds a late trade to a final window; undefined where only the log has it. */
  #amend(level: Level, openTime: number, trade: Accumulator): Window | undefined {
    const { windows } = this.#state
    const closed = windows.closed(level, openTime)
    if (closed === undefined && this.#isForgotten(level, openTime)) return undefined
    const window = closed ?? { level, openTime, sums: undefined, revision: 0 }
    // Merged, not added: a larger window may share the sums of the only one below it.
    window.sums = window.sums === undefined ? trade : window.sums.merge(trade)
    windows.addClosed(window)
    return window
  }

  /**
   * The last trade of an exception came: the final windows of its time that are complete now are told again, but for those of the
   * trade itself, which are revised with it.
   */
  #completeWindows(before: readonly CoverageException[], place: TradePlace, events: CandleEvent[]): void {
    const { exceptions } = this.#state.coverage
    const known = new Set(exceptions.map(({ first, last, from, to }) => `${first} ${last} ${from} ${to}`))
    const completed = before.filter(({ first, last, from, to }) => !known.has(`${first} ${last} ${from} ${to}`))
    const lost = this.#lostIn(completed, place.eventTime)
    if (lost.length > 0) this.#tellLate(place, lost, { own: undefined, completed }, events)
    else for (const { window } of this.#placesIn(completed, place.eventTime)) this.#makeFinal(window as Window, events)
  }

  /** The final windows that hold an instant of these times, from memory and from the log, in order. */
  #placesIn(times: readonly TimeRange[], eventTime: number, log?: LogWindows): readonly PlacedWindow[] {
    const { windows } = this.#state
    const places: PlacedWindow[] = windows.closedDuring(times).map((window) => {
      return { level: window.level, openTime: window.openTime, window }
    })
    for (const level of log === undefined ? [] : LEVELS) {
      for (const openTime of log?.openTimes(level) ?? []) {
        const isThere = windows.closed(level, openTime) !== undefined || !holds(times, level, openTime)
        if (!isThere && this.#isForgotten(level, openTime)) places.push({ level, openTime, window: undefined })
      }
    }
    return places.filter((place) => this.#isCompleted(place, eventTime)).sort(inOrder)
  }

  /** The places of final windows in these times that, where they held trades, only the log has. */
  #lostIn(times: readonly TimeRange[], eventTime: number): readonly PlacedWindow[] {
    const lost: PlacedWindow[] = []
    for (const level of LEVELS) {
      const length = LENGTHS[level] as number
      for (const { from, to } of times) {
        for (let openTime: number = openTimeAt(level, from); openTime <= to; openTime += length) {
          const place = { level, openTime, window: this.#state.windows.closed(level, openTime) }
          const isLost = place.window === undefined && this.#isForgotten(level, openTime)
          if (isLost && this.#isCompleted(place, eventTime)) lost.push(place)
        }
      }
    }
    return lost
  }

  #isCompleted({ level, openTime }: Omit<PlacedWindow, 'window'>, eventTime: number): boolean {
    const isOwn = openTimeAt(level, eventTime) === openTime
    return !isOwn && this.#isWanted(level) && this.#isComplete(level, openTime)
  }

  #tellLate(
    { tradeId, eventTime }: TradePlace,
    lost: readonly PlacedWindow[],
    changed: Pick<LateWindows, 'own' | 'completed'>,
    events: CandleEvent[],
  ): void {
    const { idSpace, symbol } = this
    const from = Math.min(...lost.map(({ openTime }) => openTime)) as EpochMicros
    const to = Math.max(...lost.map(closeTimeOf)) as EpochMicros
    events.push({ kind: 'late', late: { symbol, idSpace, tradeId, eventTime, from, to, ...changed } })
  }

  /** A window that only the log has, as it was before its next revision. */
  #bringBack({ level, openTime }: PlacedWindow, log: LogWindows): Window | undefined {
    const sums = log.sumsOf(level, openTime)
    if (sums === undefined) return undefined
    // It was empty, and had no candle, when the late trade is its only one.
    const wasEmpty = log.late.own !== undefined && sums.tradeCount === 1
    this.#broughtBack++
    return { level, openTime, sums, revision: wasEmpty ? 0 : this.#state.revisions.of(level, openTime) }
  }

  /** Whether a closed window may be in the log alone. */
  #isForgotten(level: Level, openTime: number): boolean {
    return this.#isOld(level, openTime, this.#state.lateness)
  }

  /** Of a closed window: closed so many lengths ago, and added to the window above. */
  #isOld(level: Level, openTime: number, lateness: number): boolean {
    const length = LENGTHS[level] as number
    const range = this.#watermark.around(level, openTime)
    if (range === undefined || openTime + length + lateness * length > range.to) return false
    const above = level + 1
    return above === LEVELS.length || this.#watermark.around(above, openTimeAt(above, openTime)) !== undefined
  }

  /** Lets go of the old windows of a level and those below. */
  #forgetOld(highest: Level): void {
    const { revisions, windows } = this.#state
    for (let level = 0; level <= highest; level++) {
      windows.forgetWhere(level, (window) => {
        const isOld = this.#isOld(level, window.openTime, this.#context.lateness)
        if (isOld) revisions.remember(level, window.openTime, window.revision)
        return isOld
      })
    }
    if (highest === LEVELS.length - 1) this.#broughtBack = 0
  }
}

/** Whether a window holds an instant of one of the times, ends included. */
function holds(times: readonly TimeRange[], level: Level, openTime: number): boolean {
  const closeTime = openTime + (LENGTHS[level] as number)
  return times.some(({ from, to }) => from < closeTime && to >= openTime)
}
