import { type EpochMicros, type Heartbeat, type MarketSymbol, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '@c1/market'
import type { TradeLedger } from '../ledger/ledger.ts'

/** A trade may arrive this long after it happened, on a venue that runs in real time, before silence counts as silence. */
const GRACE = 2 * MICROS_PER_SECOND

/**
 * Lets time pass for markets without trades: a minute that ended, with the feed alive and nothing arriving any more, gets a
 * heartbeat in the log.
 *
 * What counts is the last frame of the symbol's own connection: frames keep their order, so no trade from before it is still
 * on its way. A link that stalls makes no heartbeat.
 */
export class Silence {
  readonly #ledger: TradeLedger
  readonly #passed = new Map<MarketSymbol, EpochMicros>()
  /** By the list of a connection's symbols, which stays the same object: the local time of its last frame. */
  readonly #heard = new Map<readonly MarketSymbol[], EpochMicros>()
  readonly #connections = new Map<MarketSymbol, readonly MarketSymbol[]>()
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

  /** A frame of the connection of these symbols arrived. */
  hear(symbols: readonly MarketSymbol[], receivedTime: EpochMicros): void {
    if (!this.#heard.has(symbols)) for (const symbol of symbols) this.#connections.set(symbol, symbols)
    this.#heard.set(symbols, receivedTime)
  }

  /** About what the venue's clock showed at `time` of ours, when it is `now` by the venue's clock and `localNow` by ours. */
  venueTimeAt(time: EpochMicros, now: EpochMicros, localNow: EpochMicros): EpochMicros {
    return Math.floor(now - this.#rate * Math.max(0, localNow - time)) as EpochMicros
  }

  /** The heartbeats that are due for the given symbols when it is `now` by the venue's clock and `localNow` by ours. */
  due(symbols: Iterable<MarketSymbol>, now: EpochMicros, localNow: EpochMicros): Heartbeat[] {
    const heartbeats: Heartbeat[] = []
    for (const symbol of symbols) {
      const minute = this.#silentMinute(symbol, now, localNow)
      const newest = this.#ledger.newest(symbol)
      if (newest === undefined || newest.time >= minute || (this.#passed.get(symbol) ?? 0) >= minute) continue
      this.#passed.set(symbol, minute)
      heartbeats.push({ symbol, idSpace: 'venue', eventTime: minute, lastTradeId: newest.id })
    }
    return heartbeats
  }

  /** The end of the newest minute from which every trade would have arrived by the connection's last frame. */
  #silentMinute(symbol: MarketSymbol, now: EpochMicros, localNow: EpochMicros): EpochMicros {
    const connection = this.#connections.get(symbol)
    const heard = connection === undefined ? undefined : this.#heard.get(connection)
    if (heard === undefined) return 0 as EpochMicros
    const known = now - this.#rate * (localNow - heard + GRACE)
    return (Math.floor(known / MICROS_PER_MINUTE) * MICROS_PER_MINUTE) as EpochMicros
  }
}
