import type { EpochMicros, Instrument, MarketSymbol } from '@c1/market'

/** A hole between live trades is repaired; everything before the first live trade of this process is back-fill. */
export type Work = 'repair' | 'backfill'

/** A page of a symbol's history to be fetched. */
export interface Job {
  readonly instrument: Instrument
  readonly work: Work
}

/** So many calls of each kind are under way at a time: one that is answered slowly keeps neither the others nor their turns back. */
export const MOST_UNDER_WAY: Readonly<Record<Work, number>> = { repair: 8, backfill: 4 }

export interface TurnsOptions {
  readonly instruments: readonly Instrument[]
  /** The clock that waiting is measured with. */
  readonly hostNow: () => EpochMicros
  /** From when on there is that work to do for the symbol, in microseconds of the host's clock; undefined when there is none. */
  readonly dueAt: (symbol: MarketSymbol, work: Work) => number | undefined
}

/** Whose turn it is, since all share one rate limit: repairs go before back-fill, and the symbols take turns within each. */
export class Turns {
  readonly #options: TurnsOptions
  readonly #underWay: Readonly<Record<Work, Set<MarketSymbol>>> = { repair: new Set(), backfill: new Set() }
  readonly #pausedUntil = new Map<MarketSymbol, number>()
  /** The index of the instrument that is looked at first. */
  readonly #first: Record<Work, number> = { repair: 0, backfill: 0 }

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** What is to be done now, besides what is under way. */
  next(): Job | undefined {
    return this.#nextOf('repair') ?? this.#nextOf('backfill')
  }

  /** Milliseconds until there is something to do again, besides what is under way; undefined when nothing is left. */
  waitMs(): number | undefined {
    const { hostNow, instruments } = this.#options
    let soonest = Number.POSITIVE_INFINITY
    for (const { symbol } of instruments) {
      soonest = Math.min(soonest, this.#dueAt(symbol, 'repair'), this.#dueAt(symbol, 'backfill'))
    }
    return soonest === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil((soonest - hostNow()) / 1000))
  }

  /** From here to `end` nothing else of that work is begun for the symbol. */
  begin({ instrument, work }: Job): void {
    this.#underWay[work].add(instrument.symbol)
  }

  end({ instrument, work }: Job): void {
    this.#underWay[work].delete(instrument.symbol)
  }

  /** Nothing is begun for the symbol within `ms` milliseconds. */
  pause(symbol: MarketSymbol, ms: number): void {
    this.#pausedUntil.set(symbol, this.#options.hostNow() + ms * 1000)
  }

  #nextOf(work: Work): Job | undefined {
    const { hostNow, instruments } = this.#options
    if (!this.#hasRoom(work)) return undefined
    const now = hostNow()
    for (let at = 0; at < instruments.length; at++) {
      const index = (this.#first[work] + at) % instruments.length
      const instrument = instruments[index] as Instrument
      if (this.#dueAt(instrument.symbol, work) > now) continue
      this.#first[work] = index + 1
      return { instrument, work }
    }
    return undefined
  }

  /** Infinity where that work is not to be begun before something else ends. */
  #dueAt(symbol: MarketSymbol, work: Work): number {
    if (!this.#hasRoom(work) || this.#underWay[work].has(symbol)) return Number.POSITIVE_INFINITY
    const dueAt = this.#options.dueAt(symbol, work) ?? Number.POSITIVE_INFINITY
    return Math.max(dueAt, this.#pausedUntil.get(symbol) ?? 0)
  }

  #hasRoom(work: Work): boolean {
    return this.#underWay[work].size < MOST_UNDER_WAY[work]
  }
}
