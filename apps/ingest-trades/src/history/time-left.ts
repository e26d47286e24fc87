import type { BudgetState } from '@c1/kraken'
import { type EpochMicros, MICROS_PER_SECOND } from '@c1/market'

/** A page of 1,000 rows repeats the last trade of the one before. */
const NEW_ON_A_PAGE = 999
const REMEMBERED_PAGES = 30

interface Noted {
  readonly at: EpochMicros
  /** Calls that the venue had not refused until then. */
  readonly served: number
}

/**
 * How long the rest of a back-fill takes: the pages that are left, by trade ids, at the pace of the newest calls. How the trades lie in
 * time does not matter: a page of a silent night takes as long as one of a crash.
 */
export class TimeLeft {
  #noted: readonly Noted[] = []

  /** A page was fetched. */
  notePage(at: EpochMicros, { calls, refused }: BudgetState): void {
    this.#noted = [...this.#noted.slice(-REMEMBERED_PAGES), { at, served: calls - refused }]
  }

  /** Seconds for the trades that remain of each symbol; undefined while that is not known. */
  seconds(
    symbols: readonly { readonly remaining: number | undefined }[],
    { spacingMs }: BudgetState,
  ): number | undefined {
    let pages = 0
    for (const { remaining } of symbols) {
      if (remaining === undefined) return undefined
      pages += Math.ceil(remaining / NEW_ON_A_PAGE)
    }
    return pages * Math.max(this.#secondsPerCall(), spacingMs / 1000)
  }

  #secondsPerCall(): number {
    const [first, last] = [this.#noted[0], this.#noted.at(-1)]
    if (first === undefined || last === undefined || last.served === first.served) return 0
    return (last.at - first.at) / (last.served - first.served) / MICROS_PER_SECOND
  }
}
