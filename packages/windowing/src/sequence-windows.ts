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
import { type Accumulator, accumulatorOf, accumulatorOfUnits, addTrade, NarrowAccumulator } from './accumulator.ts'
import { type CandleEvent, NOTHING } from './candle-event.ts'
import { Coverage, type CoverageException, rangesBeyond, type Span, type TimeRange } from './coverage.ts'
import { EmptyTime } from './empty-time.ts'
import { intervalOf, LENGTHS, LEVELS, type Level, openTimeAt } from './levels.ts'
import { makeCandle } from './make-candle.ts'
import { closeTimeOf, rangeAround, type Window, WindowStore } from './window-store.ts'

const MINUTE = LENGTHS[0] as number
/** A closed window is kept for this many of its lengths, so that a late trade can revise it. */
const KEPT_LENGTHS = 2

/** Where a trade belongs. */
type TradePlace = Pick<UnitTrade, 'tradeId' | 'eventTime'>

/** What the windows of a sequence need to know of its symbol. */
export interface SequenceContext {
  readonly symbol: MarketSymbol
  readonly intervals: ReadonlySet<Interval>
  /** Every sequence of the symbol, this one and later ones too. */
  readonly sequences: readonly SequenceWindows[]
}

/** All that a sequence remembers. */
export interface SequenceState {
  readonly coverage: Coverage
  readonly windows: WindowStore
  /** Open times of the oldest and newest base windows that a trade fell into. */
  oldest: number
  newest: number
}

/**
 * The windows of one numbered sequence of trades: one symbol, one id space.
 *
 * Time is settled where the ids prove that every trade of it is there; for a file, whose ordinals prove nothing, up to its
 * newest row. Windows inside settled time are final. Everything follows from the settled ranges, in whole minutes, before
 * and after a message.
 */
export class SequenceWindows {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  readonly #context: SequenceContext
  readonly #state: SequenceState
  #settled: readonly TimeRange[]
  /** Where the last trade went: the next one most often only extends these. */
  #window: Window | undefined
  #span: Span | undefined
  #limit = 0

  constructor(idSpace: IdSpace, context: SequenceContext, state?: SequenceState) {
    this.symbol = context.symbol
    this.idSpace = idSpace
    this.#context = context
    const fresh = { oldest: Number.POSITIVE_INFINITY, newest: Number.NEGATIVE_INFINITY }
    this.#state = state ?? { coverage: new Coverage(), windows: new WindowStore(), ...fresh }
    this.#settled = this.#settledNow()
  }

  get state(): SequenceState {
    return this.#state
  }

  addTrade(trade: UnitTrade): readonly CandleEvent[] {
    const { tradeId, eventTime } = trade
    const window = this.#window
    const span = this.#span
    if (window === undefined || span === undefined || tradeId !== span.last + 1 || tradeId >= this.#limit) {
      return this.#insertUnits(trade)
    }
    const into = eventTime - window.openTime
    if (into < 0 || into >= MINUTE || window.sums === undefined) return this.#insertUnits(trade)
    const { sums } = window
    if (!(sums instanceof NarrowAccumulator && sums.addExact(trade))) window.sums = addTrade(sums, trade)
    span.last = tradeId
    if (eventTime > span.to) span.to = eventTime
    return NOTHING
  }

  /** A trade with more digits than `UnitTrade` holds. */
  addWideTrade(trade: Trade): readonly CandleEvent[] {
    return this.#state.coverage.has(trade.tradeId) ? NOTHING : this.#insert(trade, accumulatorOf(trade))
  }

  #insertUnits(trade: UnitTrade): readonly CandleEvent[] {
    return this.#state.coverage.has(trade.tradeId) ? NOTHING : this.#insert(trade, accumulatorOfUnits(trade))
  }

  /** A trade that is not there yet, and what it adds up to by itself. */
  #insert({ tradeId, eventTime }: TradePlace, trade: Accumulator): readonly CandleEvent[] {
    const { coverage, windows } = this.#state
    const events: CandleEvent[] = []
    const openTime = openTimeAt(0, eventTime)
    const { exceptions } = coverage
    this.#span = coverage.addTrade(tradeId, eventTime)
    this.#limit = coverage.limitAbove(this.#span)
    if (this.#rangeAround(0, openTime) !== undefined) this.#revise({ tradeId, eventTime }, trade, events)
    else {
      const window = windows.ensurePending(0, openTime)
      window.sums = window.sums === undefined ? trade : window.sums.merge(trade)
    }
    this.#state.oldest = Math.min(this.#state.oldest, openTime)
    this.#state.newest = Math.max(this.#state.newest, openTime)
    if (coverage.exceptions.length < exceptions.length) this.#completeWindows(exceptions, eventTime, events)
    this.#settle(events)
    this.#window = windows.pending(0, openTime)
    return events
  }

  addHeartbeat({ lastTradeId, eventTime }: Heartbeat): readonly CandleEvent[] {
    const { coverage, windows } = this.#state
    coverage.addHeartbeat(lastTradeId, eventTime)
    if (this.#span !== undefined) this.#limit = coverage.limitAbove(this.#span)
    const events: CandleEvent[] = []
    this.#settle(events)
    if (this.#window !== undefined) this.#window = windows.pending(0, this.#window.openTime)
    return events
  }

  /** The trades of these ids are not served: the hole is closed, and the windows that they may belong to stay incomplete. */
  addException(ids: IdRange, time: TimeRange): readonly CandleEvent[] {
    if (!this.#state.coverage.addException(ids, time)) return NOTHING
    this.#window = undefined
    this.#span = undefined
    const events: CandleEvent[] = []
    this.#settle(events)
    return events
  }

  /** The window of the newest trade as it stands; undefined when it is final. */
  provisional(level: Level): Candle | undefined {
    const { coverage, newest, windows } = this.#state
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
    return this.idSpace === 'venue' && this.#rangeAround(level, openTime) !== undefined
  }

  /** The highest revision that this sequence may have given a window, as far as it remembers. */
  revisionGiven(level: Level, openTime: number): number {
    const closed = this.#state.windows.closed(level, openTime)
    if (closed !== undefined) return closed.revision
    const closeTime = openTime + (LENGTHS[level] as number)
    return closeTime > this.#state.oldest && this.#rangeAround(level, openTime) !== undefined ? 1 : 0
  }

  #settledNow(): TimeRange[] {
    const { spans } = this.#state.coverage
    const settled: TimeRange[] = []
    if (this.idSpace === 'venue') {
      for (const { anchored, from, to } of spans) if (anchored) addWholeMinutes(from, to, settled)
    } else addWholeMinutes(Number.NEGATIVE_INFINITY, newestOf(spans), settled)
    return settled
  }

  /** The settled range that holds the whole window. */
  #rangeAround(level: Level, openTime: number): TimeRange | undefined {
    return rangeAround(this.#settled, level, openTime)
  }

  /** Closes, in order, the windows that became settled, and tells of the empty time between them. */
  #settle(events: CandleEvent[]): void {
    const settled = this.#settledNow()
    const gained = rangesBeyond(settled, this.#settled)
    if (gained.length === 0) return
    this.#settled = settled
    const { windows } = this.#state
    const closing = windows.pendingWithin(settled)
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
    this.#forgetOld(closing)
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
   * The last trade of an exception came, at `eventTime`: the final windows of its time that are complete now and in memory are
   * told again, but for those of the trade itself, which are revised with it.
   */
  #completeWindows(before: readonly CoverageException[], eventTime: number, events: CandleEvent[]): void {
    const { coverage, windows } = this.#state
    const known = new Set(coverage.exceptions.map(({ first, last, from, to }) => `${first} ${last} ${from} ${to}`))
    const resolved = before.filter(({ first, last, from, to }) => !known.has(`${first} ${last} ${from} ${to}`))
    for (const window of windows.closedDuring(resolved)) {
      const { level, openTime } = window
      if (openTimeAt(level, eventTime) !== openTime && this.#isComplete(level, openTime))
        this.#makeFinal(window, events)
    }
  }

  /** A trade whose base window is final: every final window around it is made again, the first pending one will have it. */
  #revise({ tradeId, eventTime }: TradePlace, trade: Accumulator, events: CandleEvent[]): void {
    const { windows } = this.#state
    const forgotten: Level[] = []
    for (const level of LEVELS) {
      const openTime = openTimeAt(level, eventTime)
      if (this.#rangeAround(level, openTime) === undefined) {
        windows.ensurePending(level, openTime)
        break
      }
      if (this.#isForgotten(level, openTime)) forgotten.push(level)
      else this.#reviseWindow(level, openTime, trade, events)
    }
    const intervals = forgotten.filter((level) => this.#isWanted(level)).map(intervalOf)
    if (intervals.length > 0) events.push({ kind: 'late', symbol: this.symbol, tradeId, intervals })
  }

  #reviseWindow(level: Level, openTime: number, trade: Accumulator, events: CandleEvent[]): void {
    const { windows } = this.#state
    const window = windows.closed(level, openTime) ?? { level, openTime, sums: undefined, revision: 0 }
    // Merged, not added: a larger window may share the sums of the only one below it.
    window.sums = window.sums === undefined ? trade : window.sums.merge(trade)
    windows.addClosed(window)
    this.#makeFinal(window, events)
  }

  /** Of a closed window: two lengths behind the settled time, and added to the window above. */
  #isForgotten(level: Level, openTime: number): boolean {
    const length = LENGTHS[level] as number
    const range = this.#rangeAround(level, openTime)
    if (range === undefined || openTime + length + KEPT_LENGTHS * length > range.to) return false
    const above = level + 1
    return above === LEVELS.length || this.#rangeAround(above, openTimeAt(above, openTime)) !== undefined
  }

  /** Only at levels where a window closed is there something more than before to forget. */
  #forgetOld(closed: readonly Window[]): void {
    const highest = closed.reduce((highest, { level }) => Math.max(highest, level), -1)
    for (let level = 0; level <= highest; level++) {
      this.#state.windows.forgetWhere(level, (level, openTime) => this.#isForgotten(level, openTime))
    }
  }
}

function addWholeMinutes(from: number, to: number, ranges: TimeRange[]): void {
  const range = { from: Math.ceil(from / MINUTE) * MINUTE, to: Math.floor(to / MINUTE) * MINUTE }
  if (range.from < range.to) ranges.push(range)
}

function newestOf(spans: readonly Readonly<Span>[]): number {
  return spans.reduce((newest, { to }) => Math.max(newest, to), Number.NEGATIVE_INFINITY)
}
