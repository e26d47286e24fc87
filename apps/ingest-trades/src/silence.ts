import { type EpochMicros, type Heartbeat, type MarketSymbol, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'
import type { TradeLedger } from './ledger.ts'

/** A trade may arrive this long after it happened, on a venue that runs in real time, before silence counts as silence. */
const GRACE = 2 * MICROS_PER_SECOND

/**
 * Lets time pass for markets without trades: a minute that ended, with the feed alive and nothing arriving any more, gets a
 * heartbeat in the log.
 */
export class Silence {
  readonly #ledger: TradeLedger
  readonly #passed = new Map<MarketSymbol, EpochMicros>()
  #rate = 1
  #observed: { readonly venueTime: EpochMicros; readonly receivedTime: EpochMicros } | undefined

  constructor(ledger: TradeLedger) {
    this.#ledger = ledger
  }

  /** A market that runs faster than real time needs more of its own time for the same delay on the way. */
  observeClock(venueTime: EpochMicros, receivedTime: EpochMicros): void {
    const before = this.#observed
    if (before !== undefined && receivedTime - before.receivedTime < MICROS_PER_SECOND / 2) return
    if (before !== undefined) {
      this.#rate = Math.max(1, (venueTime - before.venueTime) / (receivedTime - before.receivedTime))
    }
    this.#observed = { venueTime, receivedTime }
  }

  /** The heartbeats that are due for the given symbols at `now` of the venue's clock. */
  due(symbols: Iterable<MarketSymbol>, now: EpochMicros): Heartbeat[] {
    const minute = (Math.floor((now - GRACE * this.#rate) / MICROS_PER_MINUTE) * MICROS_PER_MINUTE) as EpochMicros
    const heartbeats: Heartbeat[] = []
    for (const symbol of symbols) {
      const newest = this.#ledger.newest(symbol)
      if (newest === undefined || newest.time >= minute || (this.#passed.get(symbol) ?? 0) >= minute) continue
      this.#passed.set(symbol, minute)
      heartbeats.push({ symbol, idSpace: 'venue', eventTime: minute, lastTradeId: newest.id })
    }
    return heartbeats
  }
}
