import type { EpochMicros, MarketSymbol, Trade } from '@c1/market'
import type { TradeLedger } from '../ledger/ledger.ts'
import type { MissingTime } from '../ledger/time-marks.ts'
import { type Asked, HoleWatch, type WatchedHole } from './hole-watch.ts'
import type { Work } from './turns.ts'
import { WantedRange } from './wanted-range.ts'

export interface MissingHistoryOptions {
  readonly ledger: TradeLedger
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** The clock that waiting is measured with. */
  readonly hostNow: () => EpochMicros
  /** Only holes within ranges that were asked for are fetched. */
  readonly onlyRanges: boolean
  /** A hole between live trades is closed, with what it took in seconds of the host's clock. */
  readonly onRepaired: (symbol: MarketSymbol, seconds: number) => void
}

/** What the log lacks of each symbol: the ranges that were asked for, and the holes between its trades. */
export class MissingHistory {
  readonly #options: MissingHistoryOptions
  readonly #watch: HoleWatch
  /** Also those that are closed: the holes in them are theirs. */
  readonly #ranges = new Map<MarketSymbol, WantedRange>()
  readonly #liveFrom = new Map<MarketSymbol, number>()

  constructor(options: MissingHistoryOptions) {
    this.#options = options
    this.#watch = new HoleWatch(options)
  }

  /** Every trade from `from` (inclusive) to `to` (exclusive, Infinity is up to the newest) is to be fetched. */
  want(symbol: MarketSymbol, from: EpochMicros, to: number): void {
    this.#ranges.set(symbol, new WantedRange(from, to))
  }

  /** The range that is wanted of the symbol and not closed yet. */
  openRange(symbol: MarketSymbol): WantedRange | undefined {
    const range = this.#ranges.get(symbol)
    return range?.isOpen === true ? range : undefined
  }

  /** The first part of the range that is missing. */
  firstMissing(symbol: MarketSymbol, { from, to }: WantedRange): MissingTime | undefined {
    return this.#options.ledger.missing(symbol, from, to)[0]
  }

  /** A live trade was received, which need not be in the log yet: history ends before the first one. */
  sawLive({ symbol, tradeId }: Trade): void {
    if (tradeId < this.liveFrom(symbol)) this.#liveFrom.set(symbol, tradeId)
  }

  /** The id of the first live trade of this process; Infinity before there is one. */
  liveFrom(symbol: MarketSymbol): number {
    return this.#liveFrom.get(symbol) ?? Number.POSITIVE_INFINITY
  }

  /** Takes note of the holes that opened or closed in the ledger. */
  look(symbol: MarketSymbol): void {
    const { hostNow, ledger, onRepaired } = this.#options
    for (const closed of this.#watch.look(symbol)) {
      const isStated = ledger.exceptions(symbol).some(({ first, last }) => first <= closed.last && closed.first <= last)
      if (isStated || this.workOf(symbol, closed) === 'backfill') continue
      onRepaired(symbol, (hostNow() - closed.seenAt) / 1e6)
    }
  }

  /** As `look` saw them last, oldest first. */
  holes(symbol: MarketSymbol): readonly WatchedHole[] {
    return this.#watch.holes(symbol)
  }

  holesOf(symbol: MarketSymbol, work: Work): readonly WatchedHole[] {
    return this.holes(symbol).filter((hole) => this.workOf(symbol, hole) === work)
  }

  workOf(symbol: MarketSymbol, { last }: WatchedHole): Work {
    return last < this.liveFrom(symbol) ? 'backfill' : 'repair'
  }

  /** When the first hole of that work may be asked for, by the host's clock; undefined when there is none. */
  dueAt(symbol: MarketSymbol, work: Work): EpochMicros | undefined {
    let soonest: EpochMicros | undefined
    for (const hole of this.holes(symbol)) {
      const isSooner = soonest === undefined || hole.dueAt < soonest
      if (isSooner && this.workOf(symbol, hole) === work && this.#isWanted(symbol, hole)) soonest = hole.dueAt
    }
    return soonest
  }

  /** The oldest hole of that work that may be asked for now. */
  dueHole(symbol: MarketSymbol, work: Work): WatchedHole | undefined {
    const now = this.#options.hostNow()
    return this.holes(symbol).find(
      (hole) => hole.dueAt <= now && this.workOf(symbol, hole) === work && this.#isWanted(symbol, hole),
    )
  }

  /** Takes note of a walk that has ended. Gives the holes that are known by it not to be served. */
  noteAsked(symbol: MarketSymbol, asked: Asked): readonly WatchedHole[] {
    return this.#watch.asked(symbol, asked)
  }

  /** Whether history before the first live trade is missing that the venue is not known to leave out. */
  isBackfillLeft(symbol: MarketSymbol): boolean {
    const isLeft = (hole: WatchedHole): boolean =>
      this.workOf(symbol, hole) === 'backfill' && this.#isWanted(symbol, hole) && hole.passedAt === undefined
    return this.openRange(symbol) !== undefined || this.holes(symbol).some(isLeft)
  }

  /** Where only ranges are fetched, a hole outside of the symbol's range is none of theirs. */
  #isWanted(symbol: MarketSymbol, { after, before }: WatchedHole): boolean {
    if (!this.#options.onlyRanges) return true
    const range = this.#ranges.get(symbol)
    return range !== undefined && after >= range.from && before <= range.to
  }
}
