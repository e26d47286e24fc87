import { type Cursor, cursorAt, type TradesPage } from '@c1/kraken'
import type { EpochMicros, MarketMessage, MarketSymbol, Trade } from '@c1/market'
import type { LedgerSpan } from '../ledger/ledger.ts'
import type { MissingTime } from '../ledger/time-marks.ts'
import type { HistoryCursor } from './history-cursors.ts'
import type { Asked, WatchedHole } from './hole-watch.ts'

/** What a walk is to bring: the ids of a hole, or every trade of a time. */
export type Goal = WatchedHole | MissingTime

/** Where in the venue's history a walk begins. */
export interface WalkStart {
  readonly cursor: Cursor
  /** Trades from this time on are among its pages. */
  readonly after: EpochMicros
  /** The highest id that an earlier walk brought before the cursor; 0 for none. */
  readonly reached: number
}

type Pages = AsyncGenerator<TradesPage, void, void>

/** A stored cursor is gone on from where it is not further back than this from what the log holds. */
const PAGE = 1000

export function isTime(goal: Goal): goal is MissingTime {
  return 'below' in goal
}

/** A walk begins at a time; it goes on with the venue's own cursor where one was kept that leads there. */
export function startOf(goal: Goal, { next, reached }: HistoryCursor): WalkStart {
  if (isTime(goal) && goal.below === undefined) return { cursor: cursorAt(goal.from), after: goal.from, reached: 0 }
  const known = isTime(goal)
    ? { id: goal.below?.last ?? 0, time: goal.below?.to ?? goal.from }
    : { id: goal.first - 1, time: goal.after }
  const isNear = reached !== undefined && known.id >= reached && known.id - reached <= PAGE
  if (next !== undefined && isNear) return { cursor: next, after: known.time, reached }
  // A time that REST told is up to a microsecond from the true one.
  return { cursor: cursorAt((known.time - 1) as EpochMicros), after: known.time, reached: 0 }
}

export function heartbeatOf(symbol: MarketSymbol, eventTime: EpochMicros, lastTradeId: number): MarketMessage {
  return { kind: 'heartbeat', heartbeat: { symbol, idSpace: 'venue', eventTime, lastTradeId } }
}

function asMessage(trade: Trade): MarketMessage {
  return { kind: 'trade', trade }
}

/** One walk forward through the pages of a symbol's history, to its goal. */
export class Walk {
  readonly goal: Goal
  readonly #symbol: MarketSymbol
  readonly #after: EpochMicros
  #pages: Pages
  /** The page after the one that is being written. */
  #ahead: Promise<IteratorResult<TradesPage, void>> | undefined
  #reached: number
  #isBeyond = false
  #isDoubtful = false

  constructor(symbol: MarketSymbol, goal: Goal, { after, reached }: WalkStart, pages: Pages) {
    this.#symbol = symbol
    this.goal = goal
    this.#after = after
    this.#reached = reached
    this.#pages = pages
  }

  /** The highest id brought, and before the first page that of the trade before; 0 where there is none. */
  get reached(): number {
    return this.#reached
  }

  /** Whether it brought a trade of the end of the goal's time, or after it. */
  get isBeyond(): boolean {
    return this.#isBeyond
  }

  /** Whether a page is on its way that was asked for before its turn. */
  get isAhead(): boolean {
    return this.#ahead !== undefined
  }

  /** What it tells of the holes when it ends here. */
  get asked(): Asked {
    const wanted = isTime(this.goal) ? this.#reached : this.goal.last
    return { after: this.#after, wanted, reached: this.#reached, isDoubtful: this.#isDoubtful }
  }

  /** Undefined at the end of the venue's history. @throws C1Error `kraken_*` when it is not served */
  async nextPage(): Promise<TradesPage | undefined> {
    const { done, value } = await (this.#ahead ?? this.#pages.next())
    this.#ahead = undefined
    return done === true ? undefined : value
  }

  /** Asks for the next page before it is wanted. */
  fetchAhead(): void {
    this.#ahead = this.#pages.next()
    // Whoever awaits it is told; a walk that is given up is awaited by nobody.
    this.#ahead.catch(() => {})
  }

  /** Other pages follow the last one. */
  goOnWith(pages: Pages): void {
    this.#pages = pages
    this.#ahead = undefined
  }

  /**
   * Whether the page brings it to its end, which is also where the log goes on, or live trades do.
   *
   * @param spans of the symbol's venue ids in the log, ascending
   * @param liveFrom the first live trade of this process
   */
  isEnough({ trades }: TradesPage, spans: readonly Readonly<LedgerSpan>[], liveFrom: number): boolean {
    const newest = trades.at(-1)
    if (newest === undefined) return false
    const { goal } = this
    if (!isTime(goal)) return newest.tradeId > goal.last
    const known = Math.max(this.#reached, goal.below?.last ?? 0)
    const above = spans.find(({ first, to }) => first > known && to >= this.#after)
    return newest.eventTime >= goal.to || newest.tradeId >= Math.min(above?.first ?? liveFrom, liveFrom)
  }

  /** Whether the page is the first, and rows that cannot be read come before its first trade: a trade before that may be among them. */
  isDoubtfulBeginning(page: TradesPage): boolean {
    const isDoubtful = page.rejectedBefore > 0 || this.#isDoubtful
    return isDoubtful && this.#isBeginning && this.#tradesOf(page).length > 0
  }

  /**
   * What a page says to the log: its trades, of a time those in it, and heartbeats where that time begins and ends without a trade
   * known beyond.
   */
  messagesOf(page: TradesPage): MarketMessage[] {
    const trades = this.#tradesOf(page)
    const [first] = trades
    const { goal } = this
    if (!isTime(goal) || first === undefined) return trades.map(asMessage)
    const inside = trades.filter(({ eventTime }) => eventTime < goal.to)
    const messages = inside.map(asMessage)
    if (this.#isBeginning && !this.isDoubtfulBeginning(page))
      messages.unshift(heartbeatOf(this.#symbol, goal.from, first.tradeId - 1))
    const beyond = trades.find(({ eventTime }) => eventTime >= goal.to)
    if (beyond === undefined) return messages
    const last = inside.at(-1)?.tradeId ?? (this.#isBeginning ? first.tradeId - 1 : this.#reached)
    const isNext = beyond.tradeId === last + 1
    return [...messages, isNext ? heartbeatOf(this.#symbol, goal.to as EpochMicros, last) : asMessage(beyond)]
  }

  /** The page is in the log. */
  noteWritten({ rejected, trades }: TradesPage): void {
    const { goal } = this
    const newest = trades.at(-1)
    this.#reached = Math.max(this.#reached, newest?.tradeId ?? 0)
    this.#isDoubtful ||= rejected.length > 0
    this.#isBeyond ||= isTime(goal) && trades.some(({ eventTime }) => eventTime >= goal.to)
  }

  /** Nothing is known before the missing time, and no trade of it has come. */
  get #isBeginning(): boolean {
    return isTime(this.goal) && this.goal.below === undefined && this.#reached === 0
  }

  /** Without those before the missing time, where nothing in the log is to be joined with them. */
  #tradesOf({ trades }: TradesPage): readonly Trade[] {
    const { goal } = this
    return isTime(goal) && this.#isBeginning ? trades.filter(({ eventTime }) => eventTime >= goal.from) : trades
  }
}
