import { type Cursor, cursorAt, type KrakenRest, type TradesPage } from '@c1/kraken'
import {
  C1Error,
  type EpochMicros,
  type Instrument,
  type MarketMessage,
  type MarketSymbol,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  type Trade,
} from '@c1/market'
import { HoleWatch, type WatchedHole } from './hole-watch.ts'
import { TimeLeft } from './time-left.ts'
import type { MissingTime } from './time-marks.ts'
import type { TradeLog } from './trade-log.ts'

export interface HistoryOptions {
  readonly rest: KrakenRest
  readonly trades: TradeLog
  readonly instruments: readonly Instrument[]
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** The clock that waiting is measured with. */
  readonly hostNow: () => EpochMicros
  /** Microseconds of history to fetch for a symbol that the log has nothing of; 0 for none. */
  readonly backfill: number
  /** Only what lies in ranges that were asked for is fetched, and their ends are looked up, so that what is left is known. */
  readonly onlyRanges?: boolean
  readonly onPage: (instrument: Instrument, page: TradesPage, known: number) => void
  /** Trades of a page that fill a hole between live trades. */
  readonly onRepairing: (count: number) => void
  /** A hole between live trades is closed, with what it took in seconds of the host's clock. */
  readonly onRepaired: (symbol: MarketSymbol, seconds: number) => void
  /** Ids that are now stated in the log as not served by the venue. */
  readonly onUnserved: (symbol: MarketSymbol, hole: WatchedHole) => void
}

export interface Progress {
  readonly symbol: MarketSymbol
  /** Trades fetched from history since the start. */
  readonly trades: number
  /** Trades that are yet to be fetched; undefined while that is not known. */
  readonly remaining: number | undefined
  /** 0 to 1: by trades, or by time while it is not known how many remain. */
  readonly fraction: number
}

/** A hole between live trades is repaired; everything before the first live trade of this process is back-fill. */
export type Work = 'repair' | 'backfill'

export interface Job {
  readonly instrument: Instrument
  readonly work: Work
}

/** Event time of which every trade is wanted. */
interface WantedRange {
  readonly from: EpochMicros
  /** Exclusive; Infinity is up to the newest trade. */
  readonly to: number
  /** Walks that ended and left something missing. */
  barren: number
  isLookedUp: boolean
  /** The last trade id before `to`, where it was looked up and found. */
  lastId: number | undefined
  /** The newest page of the market, looked up for its last id: it is taken when the walk comes to it. */
  tail: TradesPage | undefined
}

interface Walk {
  readonly pages: AsyncGenerator<TradesPage, void, void>
  /** Trades from here on are among its pages. */
  readonly after: EpochMicros
  readonly goal: WatchedHole | MissingTime
  /** The highest id brought, and before the first page that of the trade before; 0 where there is none. */
  reached: number
  /** Whether it brought a trade of the end of the goal's time, or after it. */
  isBeyond: boolean
  /** Whether it brought rows that cannot be read: what is missing may be among them. */
  isDoubtful: boolean
  /** The page after the one that is being written. */
  ahead: Promise<IteratorResult<TradesPage, void>> | undefined
}

interface Begun {
  readonly from: EpochMicros
  trades: number
}

/** So many calls of each kind are under way at a time: one that is answered slowly keeps neither the others nor their turns back. */
const MOST_UNDER_WAY: Readonly<Record<Work, number>> = { repair: 8, backfill: 4 }
/** A stored cursor is gone on from where it is not further back than this from what the log holds. */
const PAGE = 1000
/** What happened this long ago is served by now. */
export const SERVED_AFTER: number = MICROS_PER_MINUTE
const MOST_BARREN_WALKS = 3
/** So many trades of a symbol were fetched before a call is spent on how many are left. */
const WORTH_A_CALL = 19 * PAGE

/**
 * What REST has to bring: the history before the first live trade, ranges that were asked for, and whatever a broken connection
 * left out.
 *
 * A page at a time, because all share one rate limit: repairs before back-fill, and the symbols in turn within each. A page
 * only ever extends a stretch of the log's trades until that meets the next one. Where a range begins or ends without a trade
 * known beyond, a heartbeat says in the log that nothing is missing up to there. Where a killed process was, the cursor of its last page
 * tells.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #watch: HoleWatch
  readonly #timeLeft = new TimeLeft()
  readonly #walks: Readonly<Record<Work, Map<MarketSymbol, Walk>>> = { repair: new Map(), backfill: new Map() }
  readonly #underWay: Readonly<Record<Work, Set<MarketSymbol>>> = { repair: new Set(), backfill: new Set() }
  readonly #ranges = new Map<MarketSymbol, WantedRange>()
  /** The ranges that were walked, also when they are done. */
  readonly #walked = new Map<MarketSymbol, WantedRange>()
  readonly #begun = new Map<MarketSymbol, Begun>()
  /** The first live trade of this process. */
  readonly #liveFrom = new Map<MarketSymbol, number>()
  readonly #pausedUntil = new Map<MarketSymbol, EpochMicros>()
  readonly #turn: Record<Work, number> = { repair: 0, backfill: 0 }

  constructor(options: HistoryOptions) {
    this.#options = options
    const { hostNow, instruments, now, onlyRanges = false, trades } = options
    this.#watch = new HoleWatch({ ledger: trades.ledger, now, hostNow })
    for (const { symbol } of instruments) {
      this.#watch.look(symbol)
      const { wantedFrom } = trades.cursors.of(symbol)
      if (!onlyRanges && wantedFrom !== undefined) this.#wantBeginning(symbol, wantedFrom)
    }
  }

  /**
   * Fixes where the symbol's history begins: the whole hour `backfill` ago. A heartbeat says so in the log, and so the first
   * window is known to be complete. Live trades of this process may be in the log already, older ones not.
   */
  async begin(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { backfill, now, trades } = this.#options
    const { symbol } = instrument
    const [known] = trades.ledger.spans(symbol, 'venue')
    const isOlder = known !== undefined && known.first < (this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY)
    if (isOlder || backfill === 0) return
    const start = Math.floor((now() - backfill) / MICROS_PER_HOUR) * MICROS_PER_HOUR
    const wantedFrom = trades.cursors.of(symbol).wantedFrom ?? (start as EpochMicros)
    trades.cursors.keep(symbol, { wantedFrom })
    this.#wantBeginning(symbol, wantedFrom)
    await this.step({ instrument, work: 'backfill' }, signal)
  }

  /** Fetches from the newest trade of the log on, for what happened while nobody was connected. */
  catchUp({ symbol }: Instrument): void {
    const newest = this.#options.trades.ledger.newest(symbol)
    if (newest !== undefined) this.want(symbol, newest.time, Number.POSITIVE_INFINITY)
  }

  /** Every trade from `from` (inclusive) to `to` (exclusive, Infinity is up to the newest) is to be fetched. */
  want(symbol: MarketSymbol, from: EpochMicros, to: number): void {
    this.#ranges.set(symbol, { from, to, barren: 0, isLookedUp: false, lastId: undefined, tail: undefined })
  }

  /** Live trades were received, which need not be in the log yet: history ends before the first of them. */
  sawLive({ symbol, tradeId }: Trade): void {
    const from = this.#liveFrom.get(symbol)
    if (from === undefined || tradeId < from) this.#liveFrom.set(symbol, tradeId)
  }

  /** Takes note of what live trades opened or closed. True when there is a hole. */
  look(symbol: MarketSymbol): boolean {
    const { hostNow, onRepaired, trades } = this.#options
    for (const closed of this.#watch.look(symbol)) {
      const isStated = trades.ledger
        .exceptions(symbol)
        .some(({ first, last }) => first <= closed.last && closed.first <= last)
      if (isStated || this.#workOf(symbol, closed) === 'backfill') continue
      onRepaired(symbol, (hostNow() - closed.seenAt) / 1e6)
    }
    return this.holes(symbol).length > 0
  }

  /** The holes of a symbol, oldest first. */
  holes(symbol: MarketSymbol): readonly WatchedHole[] {
    return this.#watch.holes(symbol)
  }

  /** Whether pages of the symbol are being fetched, or are to be. */
  isWalking(symbol: MarketSymbol): boolean {
    return this.#walks.repair.has(symbol) || this.#walks.backfill.has(symbol) || this.#ranges.has(symbol)
  }

  /** What is to be done now, besides what is under way. */
  next(): Job | undefined {
    return this.#nextOf('repair') ?? this.#nextOf('backfill')
  }

  /** Milliseconds until there is something to do again, besides what is under way; undefined when nothing is left. */
  waitMs(): number | undefined {
    const { hostNow, instruments } = this.#options
    const dueTimes = instruments.flatMap(({ symbol }) => this.#dueTimes(symbol))
    if (dueTimes.length === 0) return undefined
    return Math.max(0, Math.ceil((dueTimes.reduce((a, b) => Math.min(a, b)) - hostNow()) / 1000))
  }

  /** Fetches one page. */
  async step(job: Job, signal: AbortSignal): Promise<void> {
    const { instrument, work } = job
    const { symbol } = instrument
    this.#underWay[work].add(symbol)
    try {
      const walk = this.#walks[work].get(symbol) ?? this.#open(job, signal)
      if (walk !== undefined) await this.#onePage(job, walk, signal)
    } finally {
      this.#underWay[work].delete(symbol)
    }
  }

  /** After a failure: begins again from what the log holds, but not before `ms` milliseconds. */
  pause({ symbol }: Instrument, ms: number): void {
    for (const walks of Object.values(this.#walks)) walks.delete(symbol)
    this.#pausedUntil.set(symbol, (this.#options.hostNow() + ms * 1000) as EpochMicros)
  }

  /** Trades that history has added to the log since the start. */
  fetched(symbol: MarketSymbol): number {
    return this.#begun.get(symbol)?.trades ?? 0
  }

  /** Of the symbols whose history is being fetched. */
  progress(): Progress[] {
    const { instruments } = this.#options
    return instruments
      .filter(({ symbol }) => this.#isBackfilling(symbol))
      .map(({ symbol }) => {
        const trades = this.fetched(symbol)
        const remaining = this.#remaining(symbol)
        const byTrades = remaining === undefined ? undefined : trades / Math.max(trades + remaining, 1)
        const fraction = byTrades ?? this.#fractionOfTime(symbol)
        return { symbol, trades, remaining, fraction: Math.min(Math.max(fraction, 0), 1) }
      })
  }

  /** Seconds until everything before the live trades is fetched; undefined while it is not known how many trades remain. */
  secondsLeft(): number | undefined {
    return this.#timeLeft.seconds(this.progress(), this.#options.rest.budget())
  }

  /** What has to be fetched before the oldest trade of the log. */
  #wantBeginning(symbol: MarketSymbol, from: EpochMicros): void {
    const { cursors, ledger } = this.#options.trades
    const [oldest] = ledger.spans(symbol, 'venue')
    const to = oldest === undefined ? Number.POSITIVE_INFINITY : oldest.from + 1
    if (from < to && ledger.missing(symbol, from, to).length > 0) this.want(symbol, from, to)
    else cursors.keep(symbol, { wantedFrom: undefined })
  }

  #isBackfilling(symbol: MarketSymbol): boolean {
    const isOpen = (hole: WatchedHole): boolean =>
      this.#workOf(symbol, hole) === 'backfill' && this.#isWanted(symbol, hole) && hole.passedAt === undefined
    return this.#ranges.has(symbol) || this.#walks.backfill.has(symbol) || this.holes(symbol).some(isOpen)
  }

  #fractionOfTime(symbol: MarketSymbol): number {
    const { now, trades } = this.#options
    const [oldest] = trades.ledger.spans(symbol, 'venue')
    const from = this.#begun.get(symbol)?.from ?? oldest?.from ?? now()
    return ((oldest?.to ?? from) - from) / Math.max(now() - from, 1)
  }

  /** Ids between what was reached and where history ends that the log does not hold. */
  #remaining(symbol: MarketSymbol): number | undefined {
    const { ledger } = this.#options.trades
    const spans = ledger.spans(symbol, 'venue')
    const range = this.#ranges.get(symbol)
    const [oldest, newest] = [spans[0], spans.at(-1)]
    if (oldest === undefined || newest === undefined) return undefined
    const isBounded = range === undefined || newest.to >= range.to
    const liveFrom = this.#liveFrom.get(symbol)
    const lastId = range?.lastId ?? (isBounded ? newest.last : liveFrom && Math.max(liveFrom - 1, newest.last))
    const isBegun = range === undefined || ledger.missing(symbol, range.from, range.to)[0]?.from !== range.from
    if (lastId === undefined || !isBegun) return undefined
    const inside = this.holes(symbol)
      .filter((hole) => this.#workOf(symbol, hole) === 'backfill' && hole.before > (range?.from ?? 0))
      .reduce((count, { first, last }) => count + Math.max(0, Math.min(last, lastId) - first + 1), 0)
    return inside + Math.max(0, lastId - newest.last)
  }

  #dueTimes(symbol: MarketSymbol): number[] {
    const pausedUntil = this.#pausedUntil.get(symbol) ?? 0
    const isOpen = (work: Work): boolean => this.#hasRoom(work) && !this.#underWay[work].has(symbol)
    const times = this.holes(symbol)
      .filter((hole) => this.#isWanted(symbol, hole) && isOpen(this.#workOf(symbol, hole)))
      .map(({ dueAt }) => Math.max(dueAt, pausedUntil))
    const isWalking =
      (isOpen('repair') && this.#walks.repair.has(symbol)) ||
      (isOpen('backfill') && (this.#walks.backfill.has(symbol) || this.#ranges.has(symbol)))
    return isWalking ? [...times, pausedUntil] : times
  }

  #hasRoom(work: Work): boolean {
    return this.#underWay[work].size < MOST_UNDER_WAY[work]
  }

  #nextOf(work: Work): Job | undefined {
    const { hostNow, instruments } = this.#options
    if (!this.#hasRoom(work)) return undefined
    const now = hostNow()
    for (let at = 0; at < instruments.length; at++) {
      const index = (this.#turn[work] + at) % instruments.length
      const instrument = instruments[index] as Instrument
      const { symbol } = instrument
      if (this.#underWay[work].has(symbol) || (this.#pausedUntil.get(symbol) ?? 0) > now) continue
      if (!this.#isDue(symbol, work)) continue
      this.#turn[work] = index + 1
      return { instrument, work }
    }
    return undefined
  }

  #isDue(symbol: MarketSymbol, work: Work): boolean {
    if (this.#walks[work].has(symbol) || (work === 'backfill' && this.#ranges.has(symbol))) return true
    return this.#dueHole(symbol, work) !== undefined
  }

  /** The oldest hole that may be asked for now. */
  #dueHole(symbol: MarketSymbol, work: Work): WatchedHole | undefined {
    const holes = this.holes(symbol)
    // Most of many symbols have none, and the clock is not for nothing.
    if (holes.length === 0) return undefined
    const now = this.#options.hostNow()
    return holes.find(
      (hole) => hole.dueAt <= now && this.#workOf(symbol, hole) === work && this.#isWanted(symbol, hole),
    )
  }

  #workOf(symbol: MarketSymbol, { last }: WatchedHole): Work {
    return last < (this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY) ? 'backfill' : 'repair'
  }

  /** Where only ranges are fetched, a hole that no range has brought is none of theirs. */
  #isWanted(symbol: MarketSymbol, { after, before }: WatchedHole): boolean {
    if (this.#options.onlyRanges !== true) return true
    const range = this.#walked.get(symbol)
    return range !== undefined && after >= range.from && before <= range.to
  }

  #open(job: Job, signal: AbortSignal): Walk | undefined {
    const { symbol } = job.instrument
    const range = job.work === 'backfill' ? this.#ranges.get(symbol) : undefined
    if (range !== undefined) this.#walked.set(symbol, range)
    const goal = range === undefined ? this.#dueHole(symbol, job.work) : this.#missing(symbol, range)
    if (goal === undefined) {
      this.#ranges.delete(symbol)
      return undefined
    }
    const start = this.#startOf(job, goal)
    const { reached } = start
    const urgency = job.work === 'repair' ? 'urgent' : 'usual'
    const pages = this.#options.rest.pages(job.instrument, start.cursor, signal, {
      ...(reached > 0 && { reached }),
      urgency,
    })
    const walk: Walk = {
      pages,
      after: start.after,
      goal,
      reached,
      isBeyond: false,
      isDoubtful: false,
      ahead: undefined,
    }
    this.#walks[job.work].set(symbol, walk)
    const [oldest] = this.#options.trades.ledger.spans(symbol, 'venue')
    if (job.work === 'backfill' && !this.#begun.has(symbol))
      this.#begun.set(symbol, { from: range?.from ?? oldest?.to ?? start.after, trades: 0 })
    return walk
  }

  /** The first part of the range that is missing. */
  #missing(symbol: MarketSymbol, { from, to }: WantedRange): MissingTime | undefined {
    return this.#options.trades.ledger.missing(symbol, from, to)[0]
  }

  /** A walk begins at a time; it goes on with the venue's own cursor where that was kept. */
  #startOf(
    { instrument: { symbol }, work }: Job,
    goal: WatchedHole | MissingTime,
  ): { readonly cursor: Cursor; readonly after: EpochMicros; readonly reached: number } {
    if (isTime(goal) && goal.below === undefined) return { cursor: cursorAt(goal.from), after: goal.from, reached: 0 }
    const known = isTime(goal) ? { id: goal.below?.last ?? 0, time: goal.below?.to ?? goal.from } : idBefore(goal)
    const { next, reached } = this.#options.trades.cursors.of(symbol)
    const isNear = reached !== undefined && known.id >= reached && known.id - reached <= PAGE
    if (work === 'backfill' && next !== undefined && isNear) return { cursor: next, after: known.time, reached }
    // A time that REST told is up to a microsecond from the true one.
    return { cursor: cursorAt((known.time - 1) as EpochMicros), after: known.time, reached: 0 }
  }

  async #onePage(job: Job, walk: Walk, signal: AbortSignal): Promise<void> {
    const { symbol } = job.instrument
    const { done, value: page } = await (walk.ahead ?? walk.pages.next())
    walk.ahead = undefined
    if (done === true) return await this.#end(job, walk, true, signal)
    const tail = this.#tailAfter(symbol, page)
    const isLast = tail === undefined && (!page.full || this.#isEnough(symbol, walk, page))
    if (!isLast && tail === undefined && job.work === 'backfill') this.#fetchAhead(walk)
    await this.#take(job, walk, page)
    if (isLast) return await this.#end(job, walk, !page.full, signal)
    if (tail !== undefined) await this.#takeTail(job, walk, tail, signal)
    else if (job.work === 'backfill') this.#keepCursor(symbol, walk, page)
    await this.#lookUpEnd(job.instrument, signal)
  }

  /** The newest page that was looked up, where this page leads up to it. */
  #tailAfter(symbol: MarketSymbol, { trades }: TradesPage): TradesPage | undefined {
    const tail = this.#ranges.get(symbol)?.tail
    const first = tail?.trades[0]?.tradeId
    const newest = trades.at(-1)?.tradeId
    return first !== undefined && newest !== undefined && first <= newest + 1 ? tail : undefined
  }

  /** Takes the page that was looked up before, and goes on after it. */
  async #takeTail(job: Job, walk: Walk, tail: TradesPage, signal: AbortSignal): Promise<void> {
    const { symbol } = job.instrument
    const range = this.#ranges.get(symbol)
    if (range !== undefined) range.tail = undefined
    await this.#take(job, walk, tail)
    this.#keepCursor(symbol, walk, tail)
    const { reached } = walk
    const pages = this.#options.rest.pages(job.instrument, tail.next, signal, { reached })
    if (this.#walks.backfill.get(symbol) === walk)
      this.#walks.backfill.set(symbol, { ...walk, pages, ahead: undefined })
  }

  /** The next call waits for its turn while this page is written. */
  #fetchAhead(walk: Walk): void {
    const isAhead = [...this.#walks.backfill.values()].filter(({ ahead }) => ahead !== undefined)
    if (isAhead.length >= MOST_UNDER_WAY.backfill) return
    walk.ahead = walk.pages.next()
    // Whoever awaits it is told; a walk that is given up is awaited by nobody.
    walk.ahead.catch(() => {})
  }

  /** Beyond rows that cannot be read nobody would go back to them. */
  #keepCursor(symbol: MarketSymbol, walk: Walk, { next, rejected }: TradesPage): void {
    if (rejected.length > 0) return
    this.#options.trades.cursors.keep(symbol, { next, reached: walk.reached })
  }

  /** Whether the page brings the walk to its end. */
  #isEnough(symbol: MarketSymbol, walk: Walk, { trades }: TradesPage): boolean {
    const newest = trades.at(-1)
    if (newest === undefined) return false
    const { goal } = walk
    const isBeyond = isTime(goal) && newest.eventTime >= goal.to
    return isBeyond || newest.tradeId > this.#wanted(symbol, walk)
  }

  /** The id up to which a walk goes: history ends where the log goes on, or live trades do. */
  #wanted(symbol: MarketSymbol, { after, goal, reached }: Walk): number {
    if (!isTime(goal)) return goal.last
    const above = this.#options.trades.ledger
      .spans(symbol, 'venue')
      .find(({ first, to }) => first > Math.max(reached, goal.below?.last ?? 0) && to >= after)
    const liveFrom = this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY
    return Math.min(above?.first ?? liveFrom, liveFrom) - 1
  }

  async #end({ instrument, work }: Job, walk: Walk, isAtEnd: boolean, signal: AbortSignal): Promise<void> {
    const { symbol } = instrument
    const { after, goal } = walk
    if (isTime(goal) && isAtEnd && !walk.isBeyond) await this.#markEnd(instrument, goal, walk, signal)
    this.#walks[work].delete(symbol)
    const { isDoubtful, reached } = walk
    const asked = { after, wanted: isTime(goal) ? reached : goal.last, reached, isDoubtful }
    for (const hole of this.#watch.asked(symbol, asked)) await this.#stateUnserved(symbol, hole)
    if (isTime(goal)) this.#endRange(symbol, walk, isAtEnd)
  }

  /** The range goes on where something is missing yet, unless that is what the venue does not have. */
  #endRange(symbol: MarketSymbol, { goal }: Walk, isAtEnd: boolean): void {
    const { now, trades } = this.#options
    const range = this.#ranges.get(symbol)
    if (range === undefined) return
    const left = this.#missing(symbol, range)
    const isNow = isAtEnd && range.to > now() - SERVED_AFTER
    const isDone = left === undefined || left.to === Number.POSITIVE_INFINITY || isNow
    if (isTime(goal) && left?.from === goal.from) range.barren += 1
    if (!isDone && range.barren < MOST_BARREN_WALKS) return
    this.#ranges.delete(symbol)
    if (isDone && trades.cursors.of(symbol).wantedFrom === range.from)
      trades.cursors.keep(symbol, { wantedFrom: undefined })
  }

  async #stateUnserved(symbol: MarketSymbol, hole: WatchedHole): Promise<void> {
    const { onUnserved, trades } = this.#options
    const { after, before, first, last } = hole
    const times = { from: Math.min(after, before) as EpochMicros, to: Math.max(after, before) as EpochMicros }
    await trades.append([{ kind: 'outage', outage: { symbol, ...times, firstTradeId: first, lastTradeId: last } }])
    this.look(symbol)
    onUnserved(symbol, hole)
  }

  async #take({ instrument }: Job, walk: Walk, page: TradesPage): Promise<void> {
    const { hostNow, onPage, onRepairing, rest, trades } = this.#options
    this.#timeLeft.notePage(hostNow(), rest.budget())
    const { symbol } = instrument
    const repaired = this.holes(symbol).filter((hole) => this.#workOf(symbol, hole) === 'repair')
    const isRepairing = ({ tradeId }: Trade): boolean =>
      repaired.some(({ first, last }) => first <= tradeId && tradeId <= last)
    onRepairing(page.trades.filter(isRepairing).length)
    const messages = isTime(walk.goal) ? this.#ofRange(symbol, walk, walk.goal, page) : page.trades.map(asMessage)
    const known = await trades.append(messages, 'history')
    const begun = this.#begun.get(symbol)
    if (begun !== undefined) begun.trades += messages.filter(({ kind }) => kind === 'trade').length - known
    walk.reached = Math.max(walk.reached, page.trades.at(-1)?.tradeId ?? 0)
    walk.isDoubtful ||= page.rejected.length > 0
    this.look(symbol)
    onPage(instrument, page, known)
  }

  /** The trades of a page that lie in the missing time, and heartbeats where that begins and ends without a trade known beyond. */
  #ofRange(symbol: MarketSymbol, walk: Walk, { below, from, to }: MissingTime, page: TradesPage): MarketMessage[] {
    const isBeginning = below === undefined && walk.reached === 0
    const trades = isBeginning ? page.trades.filter(({ eventTime }) => eventTime >= from) : page.trades
    const [first] = trades
    if (first === undefined) return []
    // Of a page before this one no row was a trade, or it would be no beginning.
    const isDoubtful = page.rejectedBefore > 0 || walk.isDoubtful
    if (isBeginning && isDoubtful) this.#doubtBeginning(symbol)
    const inside = trades.filter(({ eventTime }) => eventTime < to)
    const messages = inside.map(asMessage)
    if (isBeginning && !isDoubtful) messages.unshift(heartbeatOf(symbol, from, first.tradeId - 1))
    const beyond = trades.find(({ eventTime }) => eventTime >= to)
    walk.isBeyond ||= beyond !== undefined
    if (beyond === undefined || to === Number.POSITIVE_INFINITY) return messages
    const last = inside.at(-1)?.tradeId ?? (isBeginning ? first.tradeId - 1 : walk.reached)
    const isNext = beyond.tradeId === last + 1
    return [...messages, isNext ? heartbeatOf(symbol, to as EpochMicros, last) : asMessage(beyond)]
  }

  /**
   * Rows that cannot be read come before the first trade, so it is not known which trade is the first. Another answer may be better;
   * after some the trades are taken without knowing.
   */
  #doubtBeginning(symbol: MarketSymbol): void {
    const range = this.#ranges.get(symbol)
    if (range === undefined || range.barren >= MOST_BARREN_WALKS - 1) return
    range.barren += 1
    const message = `The first rows of the history of ${symbol} cannot be read: asking again.`
    throw new C1Error('kraken_answer_malformed', message, { retryable: true })
  }

  /** There was nothing more before the end of the range: a heartbeat says so, where that cannot be mere delay. */
  async #markEnd(
    instrument: Instrument,
    { below, from, to }: MissingTime,
    walk: Walk,
    signal: AbortSignal,
  ): Promise<void> {
    const { now, rest, trades } = this.#options
    const { symbol } = instrument
    if (to > now() - SERVED_AFTER) return
    const reached = Math.max(walk.reached, below?.last ?? 0)
    const lastId = reached > 0 ? reached : await newestId(rest, instrument, to, signal)
    if (lastId === undefined || this.#isAbove(symbol, lastId, to)) return
    const marks = reached > 0 ? [to as EpochMicros] : [from, to as EpochMicros]
    await trades.append(marks.map((at) => heartbeatOf(symbol, at, lastId)))
  }

  /** Whether the log knows a later trade before that time. */
  #isAbove(symbol: MarketSymbol, id: number, to: number): boolean {
    const spans = this.#options.trades.ledger.spans(symbol, 'venue')
    return spans.some(({ from, last }) => last > id && from < to)
  }

  /**
   * How many trades there are up to the end of the range, so that the time left is known: one call, where many before it justify it. The
   * newest page is one of the walk's own, only early.
   */
  async #lookUpEnd(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { onlyRanges, rest } = this.#options
    const { symbol } = instrument
    const range = this.#ranges.get(symbol)
    if (onlyRanges !== true || range === undefined || range.isLookedUp || this.fetched(symbol) < WORTH_A_CALL) return
    const isOpen = range.to === Number.POSITIVE_INFINITY
    range.isLookedUp = true
    if (isOpen) range.tail = await rest.tradesPage(instrument, undefined, signal).catch(ignoreVenue)
    range.lastId = isOpen
      ? range.tail?.trades.at(-1)?.tradeId
      : await lastIdBefore(rest, instrument, range.to, signal).catch(ignoreVenue)
  }
}

/** What only tells how long it takes may fail. */
function ignoreVenue(error: unknown): undefined {
  if (!(error instanceof C1Error)) throw error
}

function isTime(goal: WatchedHole | MissingTime): goal is MissingTime {
  return 'below' in goal
}

function idBefore({ after, first }: WatchedHole): { readonly id: number; readonly time: EpochMicros } {
  return { id: first - 1, time: after }
}

function asMessage(trade: Trade): MarketMessage {
  return { kind: 'trade', trade }
}

function heartbeatOf(symbol: MarketSymbol, eventTime: EpochMicros, lastTradeId: number): MarketMessage {
  return { kind: 'heartbeat', heartbeat: { symbol, idSpace: 'venue', eventTime, lastTradeId } }
}

/** The id of the last trade before the time; undefined where that cannot be told. */
async function lastIdBefore(
  rest: KrakenRest,
  instrument: Instrument,
  to: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { trades } = await rest.tradesPage(instrument, cursorAt(to as EpochMicros), signal)
  const first = trades.find(({ eventTime }) => eventTime >= to)
  return first === undefined ? await newestId(rest, instrument, to, signal) : first.tradeId - 1
}

/** The newest trade of the market, if it happened before that time; 0 where there was none ever. */
async function newestId(
  rest: KrakenRest,
  instrument: Instrument,
  to: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { rejected, trades } = await rest.tradesPage(instrument, undefined, signal)
  const newest = trades.at(-1)
  if (newest === undefined) return rejected.length === 0 ? 0 : undefined
  return newest.eventTime < to ? newest.tradeId : undefined
}
