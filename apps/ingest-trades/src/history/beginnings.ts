import type { EpochMicros, Instrument, MarketSymbol } from '@c1/market'

/** Beginnings of histories that are asked for at a time. */
const MOST_UNDER_WAY = 4

interface Beginning {
  readonly instrument: Instrument
  readonly dueAt: EpochMicros
}

/** The symbols that the log has nothing of: which of their histories is to get its beginning next. */
export class Beginnings {
  /** In the order in which they are asked for. */
  readonly #left: Map<MarketSymbol, Beginning>
  #underWay = 0

  /** @param dueAt by the clock that waiting is measured with, as all times here */
  constructor(instruments: readonly Instrument[], dueAt: EpochMicros) {
    this.#left = new Map(instruments.map((instrument) => [instrument.symbol, { instrument, dueAt }]))
  }

  /** Whether it is still to be asked for. */
  isLeft(symbol: MarketSymbol): boolean {
    return this.#left.has(symbol)
  }

  /** The next that is due: it is under way until it is told that it is done or has failed. */
  take(now: EpochMicros): Instrument | undefined {
    if (this.#underWay >= MOST_UNDER_WAY) return undefined
    for (const { instrument, dueAt } of this.#left.values()) {
      if (dueAt > now) continue
      this.#left.delete(instrument.symbol)
      this.#underWay += 1
      return instrument
    }
    return undefined
  }

  done(): void {
    this.#underWay -= 1
  }

  /** It is asked for again, after all others, but not before `dueAt`. */
  failed(instrument: Instrument, dueAt: EpochMicros): void {
    this.#underWay -= 1
    this.#left.set(instrument.symbol, { instrument, dueAt })
  }

  /** Milliseconds until one is due; undefined when none is left or enough are under way. */
  waitMs(now: EpochMicros): number | undefined {
    if (this.#left.size === 0 || this.#underWay >= MOST_UNDER_WAY) return undefined
    let soonest = Number.POSITIVE_INFINITY
    for (const { dueAt } of this.#left.values()) soonest = Math.min(soonest, dueAt)
    return Math.max(0, Math.ceil((soonest - now) / 1000))
  }
}
