import type { EpochMicros } from '@c1/market'

/**
 * The venue's clock as known here: the local clock shifted by the newest answer that carried the venue's time, and never
 * before a trade that was already seen. The answer's way back is not subtracted, so it runs late by that latency, not early.
 */
export class VenueClock {
  readonly #localNow: () => EpochMicros
  #offset = 0
  #newestTrade = Number.NEGATIVE_INFINITY

  constructor(localNow: () => EpochMicros) {
    this.#localNow = localNow
  }

  /** An answer stamped `venueTime` by the venue arrived at `receivedTime` of the local clock. */
  observe(venueTime: EpochMicros, receivedTime: EpochMicros): void {
    this.#offset = venueTime - receivedTime
  }

  /** A trade of that time exists, so the venue's clock is at least there. */
  observeTrade(eventTime: EpochMicros): void {
    if (eventTime > this.#newestTrade) this.#newestTrade = eventTime
  }

  /** The local clock unshifted before the first observation. */
  now(): EpochMicros {
    return Math.max(this.#localNow() + this.#offset, this.#newestTrade) as EpochMicros
  }
}
