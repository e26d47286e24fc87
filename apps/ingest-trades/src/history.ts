import { cursorAt, type KrakenRest, type TradesPage } from '@c1/kraken'
import { type EpochMicros, type Instrument, type MarketSymbol, MICROS_PER_HOUR, type Trade } from '@c1/market'
import { HoleWatch, type WatchedHole } from './hole-watch.ts'
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
  /** 0 to 1, by time. */
  readonly fraction: number
}

/** A hole between live trades is repaired; everything before the first live trade of this process is back-fill. */
export type Work = 'repair' | 'backfill'

export interface Job {
  readonly instrument: Instrument
  readonly work: Work
}

interface Walk {
  readonly pages: AsyncGenerator<TradesPage, void, void>
  readonly after: EpochMicros
  /** The hole that it is for; undefined goes on to where live trades begin. */
  readonly hole: WatchedHole | undefined
  reached: number
}

interface Begun {
  readonly from: EpochMicros
  trades: number
}

/**
 * What REST has to bring: the history before the first live trade, and whatever a broken connection left out.
 *
 * One page at a time, because all share one rate limit: repairs before back-fill, and the symbols in turn within each. A page
 * only ever extends a stretch of the log's trades until that meets the next one.
 */
export class History {
  readonly #options: HistoryOptions
  readonly #watch: HoleWatch
  readonly #walks: Readonly<Record<Work, Map<MarketSymbol, Walk>>> = { repair: new Map(), backfill: new Map() }
  readonly #begun = new Map<MarketSymbol, Begun>()
  /** The first live trade of this process. */
  readonly #liveFrom = new Map<MarketSymbol, number>()
  readonly #pausedUntil = new Map<MarketSymbol, EpochMicros>()
  readonly #turn: Record<Work, number> = { repair: 0, backfill: 0 }

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#watch = new HoleWatch({ ledger: options.trades.ledger, now: options.now, hostNow: options.hostNow })
    for (const { symbol } of options.instruments) this.#watch.look(symbol)
  }

  /**
   * Fixes where the symbol's history begins: the whole hour `backfill` ago. A heartbeat says so in the log, and so the first
   * window is known to be complete. Live trades of this process may be in the log already, older ones not.
   */
  async begin(instrument: Instrument, signal: AbortSignal): Promise<void> {
    const { backfill, now, rest, trades } = this.#options
    const { symbol } = instrument
    const [known] = trades.ledger.spans(symbol, 'venue')
    const isOlder = known !== undefined && known.first < (this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY)
    if (isOlder || backfill === 0) return
    const start = (Math.floor((now() - backfill) / MICROS_PER_HOUR) * MICROS_PER_HOUR) as EpochMicros
    const page = await rest.tradesPage(instrument, cursorAt(start), signal)
    const wanted = page.trades.filter(({ eventTime }) => eventTime >= start)
    const [first] = wanted
    if (first === undefined) return
    const heartbeat = { symbol, idSpace: 'venue', eventTime: start, lastTradeId: first.tradeId - 1 } as const
    await trades.append([{ kind: 'heartbeat', heartbeat }])
    this.#begun.set(symbol, { from: start, trades: 0 })
    await this.#take(instrument, { ...page, trades: wanted })
    // Where live trades are there already, what is missing before them is a hole like any other.
    if (page.full && !trades.ledger.hasHole(symbol)) this.#open({ instrument, work: 'backfill' }, undefined, signal)
  }

  /** Whether pages of the symbol are being fetched. */
  isWalking(symbol: MarketSymbol): boolean {
    return this.#walks.repair.has(symbol) || this.#walks.backfill.has(symbol)
  }

  /** Fetches from the newest trade of the log on, for what happened while nobody was connected. */
  catchUp(instrument: Instrument, signal: AbortSignal): void {
    if (this.#options.trades.ledger.newest(instrument.symbol) === undefined) return
    this.#open({ instrument, work: 'backfill' }, undefined, signal)
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

  /** What is to be done now. */
  next(): Job | undefined {
    return this.#nextOf('repair') ?? this.#nextOf('backfill')
  }

  /** Milliseconds until there is something to do again; undefined when nothing is left. */
  waitMs(): number | undefined {
    const { hostNow, instruments } = this.#options
    const dueTimes = instruments.flatMap(({ symbol }) => {
      const pausedUntil = this.#pausedUntil.get(symbol) ?? 0
      const times = this.holes(symbol).map(({ dueAt }) => Math.max(dueAt, pausedUntil))
      return this.isWalking(symbol) ? [...times, pausedUntil] : times
    })
    if (dueTimes.length === 0) return undefined
    return Math.max(0, Math.ceil((dueTimes.reduce((a, b) => Math.min(a, b)) - hostNow()) / 1000))
  }

  /** Fetches one page. */
  async step(job: Job, signal: AbortSignal): Promise<void> {
    const { symbol } = job.instrument
    const walk = this.#walks[job.work].get(symbol) ?? this.#open(job, this.#dueHole(symbol, job.work), signal)
    const { done, value: page } = await walk.pages.next()
    if (done === true) return await this.#end(job, walk)
    await this.#take(job.instrument, page)
    walk.reached = Math.max(walk.reached, page.trades.at(-1)?.tradeId ?? 0)
    if (walk.reached > this.#wanted(symbol, walk)) await this.#end(job, walk)
  }

  /** After a failure: begins again from what the log holds, but not before `ms` milliseconds. */
  pause({ symbol }: Instrument, ms: number): void {
    for (const walks of Object.values(this.#walks)) walks.delete(symbol)
    this.#pausedUntil.set(symbol, (this.#options.hostNow() + ms * 1000) as EpochMicros)
  }

  /** Of the symbols whose history is being fetched. */
  progress(): Progress[] {
    const { instruments, now, trades } = this.#options
    return instruments
      .filter(({ symbol }) => this.#isBackfilling(symbol))
      .map(({ symbol }) => {
        const [oldest] = trades.ledger.spans(symbol, 'venue')
        const begun = this.#begun.get(symbol)
        const from = begun?.from ?? oldest?.from ?? now()
        const fraction = ((oldest?.to ?? from) - from) / Math.max(now() - from, 1)
        return { symbol, trades: begun?.trades ?? 0, fraction: Math.min(Math.max(fraction, 0), 1) }
      })
  }

  #isBackfilling(symbol: MarketSymbol): boolean {
    const isOpen = (hole: WatchedHole): boolean =>
      this.#workOf(symbol, hole) === 'backfill' && hole.passedAt === undefined
    return this.#walks.backfill.has(symbol) || this.holes(symbol).some(isOpen)
  }

  #nextOf(work: Work): Job | undefined {
    const { hostNow, instruments } = this.#options
    const now = hostNow()
    for (let at = 0; at < instruments.length; at++) {
      const index = (this.#turn[work] + at) % instruments.length
      const instrument = instruments[index] as Instrument
      const { symbol } = instrument
      if ((this.#pausedUntil.get(symbol) ?? 0) > now) continue
      if (!this.#walks[work].has(symbol) && this.#dueHole(symbol, work) === undefined) continue
      this.#turn[work] = index + 1
      return { instrument, work }
    }
    return undefined
  }

  /** The oldest hole that may be asked for now. */
  #dueHole(symbol: MarketSymbol, work: Work): WatchedHole | undefined {
    const now = this.#options.hostNow()
    return this.holes(symbol).find((hole) => hole.dueAt <= now && this.#workOf(symbol, hole) === work)
  }

  #workOf(symbol: MarketSymbol, { last }: WatchedHole): Work {
    return last < (this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY) ? 'backfill' : 'repair'
  }

  #open({ instrument, work }: Job, hole: WatchedHole | undefined, signal: AbortSignal): Walk {
    const { now, rest, trades } = this.#options
    const { symbol } = instrument
    const after = hole?.after ?? trades.ledger.newest(symbol)?.time ?? now()
    // A time that REST told is up to a microsecond from the true one.
    const pages = rest.pages(instrument, cursorAt((after - 1) as EpochMicros), signal)
    const walk = { pages, after, hole, reached: 0 }
    this.#walks[work].set(symbol, walk)
    const [oldest] = trades.ledger.spans(symbol, 'venue')
    if (work === 'backfill' && !this.#begun.has(symbol))
      this.#begun.set(symbol, { from: oldest?.to ?? after, trades: 0 })
    return walk
  }

  /** The id up to which a walk goes. */
  #wanted(symbol: MarketSymbol, { hole }: Walk): number {
    return hole?.last ?? (this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY) - 1
  }

  async #end({ instrument, work }: Job, walk: Walk): Promise<void> {
    const { symbol } = instrument
    const { after, reached } = walk
    this.#walks[work].delete(symbol)
    const wanted = this.#wanted(symbol, walk)
    for (const hole of this.#watch.asked(symbol, { after, wanted, reached })) await this.#stateUnserved(symbol, hole)
  }

  async #stateUnserved(symbol: MarketSymbol, hole: WatchedHole): Promise<void> {
    const { onUnserved, trades } = this.#options
    const { after, before, first, last } = hole
    const times = { from: Math.min(after, before) as EpochMicros, to: Math.max(after, before) as EpochMicros }
    await trades.append([{ kind: 'outage', outage: { symbol, ...times, firstTradeId: first, lastTradeId: last } }])
    this.look(symbol)
    onUnserved(symbol, hole)
  }

  async #take(instrument: Instrument, page: TradesPage): Promise<void> {
    const { onPage, onRepairing, trades } = this.#options
    const { symbol } = instrument
    const repaired = this.holes(symbol).filter((hole) => this.#workOf(symbol, hole) === 'repair')
    const isRepairing = ({ tradeId }: Trade): boolean =>
      repaired.some(({ first, last }) => first <= tradeId && tradeId <= last)
    onRepairing(page.trades.filter(isRepairing).length)
    const known = await trades.appendTrades(page.trades, 'history')
    const begun = this.#begun.get(symbol)
    if (begun !== undefined) begun.trades += page.trades.length
    this.look(symbol)
    onPage(instrument, page, known)
  }
}
