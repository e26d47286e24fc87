import type { KrakenRest, TradesPage } from '@c1/kraken'
import { C1Error, type EpochMicros, type Instrument, type MarketSymbol, type Trade } from '@c1/market'
import type { MissingTime } from '../ledger/time-marks.ts'
import type { TradeLog } from '../log/trade-log.ts'
import type { HistoryProgress } from './history-progress.ts'
import type { WatchedHole } from './hole-watch.ts'
import type { MissingHistory } from './missing-history.ts'
import { newestIdBefore } from './range-end.ts'
import { type Job, MOST_UNDER_WAY, type Work } from './turns.ts'
import { type Goal, heartbeatOf, isTime, startOf, Walk } from './walk.ts'
import { isYetToBeServed } from './wanted-range.ts'

export interface WalksOptions {
  readonly rest: KrakenRest
  readonly trades: TradeLog
  readonly missing: MissingHistory
  readonly progress: HistoryProgress
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** Whether the end of a range is looked up, so that it is known how much is left. */
  readonly looksUpEnds: boolean
  /** A page is in the log, which had `known` of its messages before. */
  readonly onPage: (instrument: Instrument, page: TradesPage, known: number) => void
  /** Trades of a page that fill a hole between live trades. */
  readonly onRepairing: (count: number) => void
  /** Ids that are now stated in the log as not served by the venue. */
  readonly onUnserved: (symbol: MarketSymbol, hole: WatchedHole) => void
}

/** So many trades of a symbol, 19 pages, were fetched before a call is spent on how many are left. */
const WORTH_A_CALL = 19_000

/**
 * Walks through the venue's history, at most one of each kind of work for a symbol, and writes what they bring into the log.
 *
 * A step is one page: a walk is opened where what is missing begins, takes pages until its goal is reached, and ends with what it
 * proves: a range is complete, a hole is not served.
 */
export class Walks {
  readonly #options: WalksOptions
  readonly #walks: Readonly<Record<Work, Map<MarketSymbol, Walk>>> = { repair: new Map(), backfill: new Map() }

  constructor(options: WalksOptions) {
    this.#options = options
  }

  isOpen(symbol: MarketSymbol, work: Work): boolean {
    return this.#walks[work].has(symbol)
  }

  /** Forgets the walks of a symbol: the next step begins again from what the log holds. */
  giveUp(symbol: MarketSymbol): void {
    for (const walks of Object.values(this.#walks)) walks.delete(symbol)
  }

  /**
   * Fetches one page, where something is missing.
   *
   * @throws C1Error `kraken_*` or `trades_*` when the venue does not serve it; the walk is then to be given up
   */
  async step(job: Job, signal: AbortSignal): Promise<void> {
    const walk = this.#walks[job.work].get(job.instrument.symbol) ?? this.#open(job, signal)
    if (walk !== undefined) await this.#stepOf(walk, job, signal)
  }

  #open(job: Job, signal: AbortSignal): Walk | undefined {
    const { missing, progress, rest, trades } = this.#options
    const { instrument, work } = job
    const { symbol } = instrument
    const range = work === 'backfill' ? missing.openRange(symbol) : undefined
    const goal: Goal | undefined =
      range === undefined ? missing.dueHole(symbol, work) : missing.firstMissing(symbol, range)
    if (goal === undefined) {
      range?.close()
      return undefined
    }
    const start = startOf(goal, work === 'backfill' ? trades.cursors.of(symbol) : {})
    const pages = rest.pages(instrument, start.cursor, signal, {
      ...(start.reached > 0 && { reached: start.reached }),
      urgency: work === 'repair' ? 'urgent' : 'usual',
    })
    const walk = new Walk(symbol, goal, start, pages)
    this.#walks[work].set(symbol, walk)
    const [oldest] = trades.ledger.spans(symbol, 'venue')
    if (work === 'backfill') progress.begin(symbol, range?.from ?? oldest?.to ?? start.after)
    return walk
  }

  async #stepOf(walk: Walk, job: Job, signal: AbortSignal): Promise<void> {
    const { missing } = this.#options
    const { instrument, work } = job
    const { symbol } = instrument
    const page = await walk.nextPage()
    if (page === undefined) return await this.#end(walk, job, true, signal)
    const newestPage = missing.openRange(symbol)?.end.pageAfter(page)
    const isLast = newestPage === undefined && (!page.full || this.#isEnough(walk, symbol, page))
    if (!isLast && newestPage === undefined && work === 'backfill') this.#fetchAhead(walk)
    await this.#write(walk, instrument, page)
    if (isLast) return await this.#end(walk, job, !page.full, signal)
    if (newestPage !== undefined) await this.#jumpTo(newestPage, walk, instrument, signal)
    else if (work === 'backfill') this.#keepCursor(walk, symbol, page)
    await this.#lookUpEnd(instrument, signal)
  }

  #isEnough(walk: Walk, symbol: MarketSymbol, page: TradesPage): boolean {
    const { missing, trades } = this.#options
    return walk.isEnough(page, trades.ledger.spans(symbol, 'venue'), missing.liveFrom(symbol))
  }

  /** The next call waits for its turn while this page is written. */
  #fetchAhead(walk: Walk): void {
    const ahead = [...this.#walks.backfill.values()].filter(({ isAhead }) => isAhead)
    if (ahead.length < MOST_UNDER_WAY.backfill) walk.fetchAhead()
  }

  async #write(walk: Walk, instrument: Instrument, page: TradesPage): Promise<void> {
    const { missing, onPage, onRepairing, progress, trades } = this.#options
    const { symbol } = instrument
    progress.notePage()
    const repaired = missing.holesOf(symbol, 'repair')
    const isRepairing = ({ tradeId }: Trade): boolean =>
      repaired.some(({ first, last }) => first <= tradeId && tradeId <= last)
    onRepairing(page.trades.filter(isRepairing).length)
    if (walk.isDoubtfulBeginning(page)) this.#doubtBeginning(symbol)
    const messages = walk.messagesOf(page)
    const known = await trades.append(messages, 'history')
    walk.noteWritten(page)
    progress.noteAdded(symbol, messages.filter(({ kind }) => kind === 'trade').length - known)
    missing.look(symbol)
    onPage(instrument, page, known)
  }

  /**
   * Rows that cannot be read come before the first trade, so it is not known which trade is the first. Another answer may be better;
   * after some the trades are taken without knowing.
   */
  #doubtBeginning(symbol: MarketSymbol): void {
    const range = this.#options.missing.openRange(symbol)
    if (range === undefined || range.isLastTry) return
    range.countBarrenWalk()
    const message = `The first rows of the history of ${symbol} cannot be read: asking again.`
    throw new C1Error('kraken_answer_malformed', message, { retryable: true })
  }

  /** Takes the market's newest page, which was looked up before, and goes on after it. */
  async #jumpTo(newestPage: TradesPage, walk: Walk, instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { missing, rest } = this.#options
    const { symbol } = instrument
    missing.openRange(symbol)?.end.dropPage()
    await this.#write(walk, instrument, newestPage)
    this.#keepCursor(walk, symbol, newestPage)
    walk.goOnWith(rest.pages(instrument, newestPage.next, signal, { reached: walk.reached }))
  }

  /** Where a killed process was, the cursor of its last page tells. Beyond rows that cannot be read nobody would go back to them. */
  #keepCursor(walk: Walk, symbol: MarketSymbol, { next, rejected }: TradesPage): void {
    if (rejected.length === 0) this.#options.trades.cursors.keep(symbol, { next, reached: walk.reached })
  }

  /** How many trades there are up to the end of the range: a call that only many before it justify. */
  async #lookUpEnd(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { looksUpEnds, missing, progress, rest } = this.#options
    const { symbol } = instrument
    if (!looksUpEnds || progress.fetched(symbol) < WORTH_A_CALL) return
    await missing.openRange(symbol)?.end.lookUp(rest, instrument, signal)
  }

  /** `isAtEnd`: the venue has no later trades. */
  async #end(walk: Walk, { instrument, work }: Job, isAtEnd: boolean, signal: AbortSignal): Promise<void> {
    const { missing } = this.#options
    const { symbol } = instrument
    const { goal } = walk
    if (isTime(goal) && isAtEnd && !walk.isBeyond) await this.#markEnd(walk, goal, instrument, signal)
    this.#walks[work].delete(symbol)
    for (const hole of missing.noteAsked(symbol, walk.asked)) await this.#stateUnserved(symbol, hole)
    if (isTime(goal)) this.#endRange(goal, symbol, isAtEnd)
  }

  /** There was nothing more before the end of the range: a heartbeat says so, where that cannot be mere delay. */
  async #markEnd(walk: Walk, goal: MissingTime, instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { now, rest, trades } = this.#options
    const { below, from, to } = goal
    const { symbol } = instrument
    if (isYetToBeServed(to, now())) return
    const reached = Math.max(walk.reached, below?.last ?? 0)
    const lastId = reached > 0 ? reached : await newestIdBefore(rest, instrument, to, signal)
    if (lastId === undefined || this.#isAbove(symbol, lastId, to)) return
    const marks = reached > 0 ? [to as EpochMicros] : [from, to as EpochMicros]
    await trades.append(marks.map((at) => heartbeatOf(symbol, at, lastId)))
  }

  /** Whether the log knows a later trade before that time. */
  #isAbove(symbol: MarketSymbol, id: number, to: number): boolean {
    const spans = this.#options.trades.ledger.spans(symbol, 'venue')
    return spans.some(({ from, last }) => last > id && from < to)
  }

  async #stateUnserved(symbol: MarketSymbol, hole: WatchedHole): Promise<void> {
    const { missing, onUnserved, trades } = this.#options
    const { after, before, first, last } = hole
    const times = { from: Math.min(after, before) as EpochMicros, to: Math.max(after, before) as EpochMicros }
    await trades.append([{ kind: 'outage', outage: { symbol, ...times, firstTradeId: first, lastTradeId: last } }])
    missing.look(symbol)
    onUnserved(symbol, hole)
  }

  /** The range goes on where something is missing yet, unless that is what the venue does not have. */
  #endRange(goal: MissingTime, symbol: MarketSymbol, isAtEnd: boolean): void {
    const { missing, now, trades } = this.#options
    const range = missing.openRange(symbol)
    if (range === undefined) return
    const left = missing.firstMissing(symbol, range)
    const isNow = isAtEnd && isYetToBeServed(range.to, now())
    const isDone = left === undefined || left.to === Number.POSITIVE_INFINITY || isNow
    if (left?.from === goal.from) range.countBarrenWalk()
    if (!isDone && !range.isBarren) return
    range.close()
    if (isDone && trades.cursors.of(symbol).wantedFrom === range.from)
      trades.cursors.keep(symbol, { wantedFrom: undefined })
  }
}
