import { type EpochMicros, type MarketSymbol, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'
import type { Hole, TradeLedger } from '../ledger/ledger.ts'

export interface HoleWatchOptions {
  readonly ledger: TradeLedger
  /** The venue's clock. */
  readonly now: () => EpochMicros
  /** The clock that waiting is measured with. */
  readonly hostNow: () => EpochMicros
}

/** A hole as it stands, and what was tried. */
export interface WatchedHole extends Hole {
  /** When this process saw it first, by the host's clock. */
  readonly seenAt: EpochMicros
  /** How often history was asked for it. */
  readonly asked: number
  /** Not before this time of the host's clock is it asked for again. */
  readonly dueAt: EpochMicros
  /** When history first held what lies beyond it but not the hole, by the venue's clock. */
  readonly passedAt: EpochMicros | undefined
}

/** What a walk through history brought. */
export interface Asked {
  /** The time that it began at. */
  readonly after: EpochMicros
  /** The id up to which it was to go. */
  readonly wanted: number
  /** The highest id that it brought, 0 for none. */
  readonly reached: number
  /** Whether it brought rows that cannot be read. */
  readonly isDoubtful?: boolean
}

const FIRST_DELAY = 0.3 * MICROS_PER_SECOND
const LONGEST_DELAY = 5 * MICROS_PER_SECOND
/** REST lags behind the feed at times, so what it left out is believed to be missing only if it is after this time too. */
const CERTAIN_AFTER = MICROS_PER_MINUTE
/** What may be among rows that cannot be read mostly can be later. */
const CERTAIN_DESPITE_DOUBT = 10 * MICROS_PER_MINUTE

/**
 * The holes of the ledger since they were seen first: when to ask for them again, and which of them the venue does not fill.
 *
 * What is left of a hole that was filled in part is as old as the hole.
 */
export class HoleWatch {
  readonly #options: HoleWatchOptions
  readonly #holes = new Map<MarketSymbol, readonly WatchedHole[]>()

  constructor(options: HoleWatchOptions) {
    this.#options = options
  }

  /** Compares with the ledger; gives the holes that are closed. */
  look(symbol: MarketSymbol): readonly WatchedHole[] {
    const { hostNow, ledger } = this.#options
    const before = this.holes(symbol)
    const open = ledger.holes(symbol)
    if (before.length === 0 && open.length === 0) return before
    const unasked = { seenAt: hostNow(), asked: 0, dueAt: hostNow(), passedAt: undefined }
    const left = new Set<WatchedHole>()
    // Both ascend, so one look at each finds for every hole what it is left of, however many there are.
    let at = 0
    const watched = open.map((hole) => {
      while (at < before.length && (before[at] as WatchedHole).last < hole.last) at += 1
      const known = before[at]
      if (known === undefined || !contains(known, hole)) return { ...unasked, ...hole }
      left.add(known)
      return { ...known, ...hole }
    })
    this.#holes.set(symbol, watched)
    return before.filter((known) => !left.has(known))
  }

  /** As `look` saw them last, oldest first. */
  holes(symbol: MarketSymbol): readonly WatchedHole[] {
    return this.#holes.get(symbol) ?? []
  }

  /**
   * Takes note of a walk that has ended. Gives the holes that history has left out twice, a minute apart by the venue's clock, while it
   * held what lies beyond them. Where rows could not be read it takes ten minutes.
   */
  asked(symbol: MarketSymbol, { after, wanted, reached, isDoubtful = false }: Asked): readonly WatchedHole[] {
    const now = this.#options.now()
    const certainAfter = isDoubtful ? CERTAIN_DESPITE_DOUBT : CERTAIN_AFTER
    const isAsked = (hole: WatchedHole): boolean => after <= hole.after && hole.first <= Math.max(wanted, reached)
    const unserved = this.holes(symbol).filter(
      (hole) =>
        isAsked(hole) && reached > hole.last && hole.passedAt !== undefined && now - hole.passedAt >= certainAfter,
    )
    const next = this.holes(symbol).map((hole) => (isAsked(hole) ? this.#again(hole, reached > hole.last) : hole))
    this.#holes.set(symbol, next)
    return unserved
  }

  #again(hole: WatchedHole, isPassed: boolean): WatchedHole {
    const { hostNow, now } = this.#options
    const delay = Math.min(FIRST_DELAY * 2 ** hole.asked, LONGEST_DELAY)
    const dueAt = (hostNow() + delay) as EpochMicros
    return { ...hole, asked: hole.asked + 1, dueAt, passedAt: hole.passedAt ?? (isPassed ? now() : undefined) }
  }
}

function contains(outer: Hole, inner: Hole): boolean {
  return outer.first <= inner.first && inner.last <= outer.last
}
