import {
  type EpochMicros,
  InvariantError,
  type MarketMessage,
  type MarketSymbol,
  type Outage,
  unservedIds,
} from '@c1/market'
import type { TradeLedger } from './ledger.ts'

/** The feed of a symbol is, or was, not alive, and its trades of that time are not known to be all in the log. */
export interface OpenOutage {
  readonly symbol: MarketSymbol
  /** The feed was alive up to here. */
  readonly from: EpochMicros
  /** The newest trade of the log then. */
  readonly afterId: number
  /** The feed is alive again from here on; undefined while it is not. */
  readonly to: EpochMicros | undefined
}

/**
 * The outages that the log does not state yet: one is stated when nothing is missing any more between the trade before it and
 * the newest one. They are kept in the ledger's checkpoint, so that they outlive the process.
 */
export class OpenOutages {
  readonly #open = new Map<MarketSymbol, readonly OpenOutage[]>()

  get all(): readonly OpenOutage[] {
    return [...this.#open.values()].flat()
  }

  of(symbol: MarketSymbol): readonly OpenOutage[] {
    return this.#open.get(symbol) ?? NONE
  }

  /** The feed is lost. False where it was already. */
  begin(symbol: MarketSymbol, from: EpochMicros, afterId: number): boolean {
    const known = this.of(symbol)
    if (known.some(({ to }) => to === undefined)) return false
    this.#open.set(symbol, [...known, { symbol, from, afterId, to: undefined }])
    return true
  }

  /** The feed is back. False when it was not lost. */
  end(symbol: MarketSymbol, to: EpochMicros): boolean {
    const known = this.of(symbol)
    if (!known.some((outage) => outage.to === undefined)) return false
    const ended = known.map((outage) => ({
      ...outage,
      to: outage.to ?? (Math.max(outage.from, to) as EpochMicros),
    }))
    this.#open.set(symbol, ended)
    return true
  }

  /** The ended outages of the symbol whose trades are all there: no id after the one before it is missing. */
  repaired(symbol: MarketSymbol, ledger: TradeLedger): readonly Outage[] {
    const known = this.of(symbol)
    if (known.length === 0) return []
    const newestHole = ledger.holes(symbol).at(-1)?.last ?? 0
    return known.flatMap(({ afterId, from, to }) =>
      to === undefined || newestHole > afterId ? [] : [{ symbol, from, to }],
    )
  }

  /** Takes note of what the log states. */
  observe(message: MarketMessage): void {
    if (message.kind !== 'outage' || unservedIds(message.outage) !== undefined) return
    const { from, symbol } = message.outage
    const left = this.of(symbol).filter((outage) => outage.from !== from)
    if (left.length === 0) this.#open.delete(symbol)
    else this.#open.set(symbol, left)
  }

  toJSON(): unknown {
    return this.all
  }

  /** What `toJSON` gave; nothing where a checkpoint has none. @throws InvariantError `outages_malformed` */
  static restore(json: unknown = []): OpenOutages {
    if (!Array.isArray(json)) throw new InvariantError('outages_malformed', 'The stored outages are not a list.')
    const outages = new OpenOutages()
    for (const outage of json as OpenOutage[]) {
      outages.#open.set(outage.symbol, [...outages.of(outage.symbol), outage])
    }
    return outages
  }
}

const NONE: readonly OpenOutage[] = []
