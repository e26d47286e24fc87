import type { FeedEvent } from '../feed/events.ts'
import { KrakenFeed, type KrakenFeedOptions } from '../feed/feed.ts'
import { instrument } from './instruments.ts'
import { ManualTimers } from './manual-timers.ts'
import { Arrivals } from './scripted-venue.ts'

export const btc: ReturnType<typeof instrument> = instrument()
export const eth: ReturnType<typeof instrument> = instrument('ETH/USD', { priceDecimals: 2, aliases: ['ETHUSD'] })

/** A started feed that ends with the test, its time, and its events one by one. */
export class WatchedFeed implements Disposable {
  readonly timers: ManualTimers = new ManualTimers()
  readonly feed: KrakenFeed
  readonly events: FeedEvent[] = []
  readonly #arrivals = new Arrivals<FeedEvent>()

  constructor(url: string, options: Partial<KrakenFeedOptions> = {}) {
    const onEvent = (event: FeedEvent) => {
      this.events.push(event)
      this.#arrivals.push(event)
    }
    this.feed = new KrakenFeed({
      url,
      instruments: [btc, eth],
      timers: this.timers,
      random: () => 0,
      onEvent,
      ...options,
    })
    this.feed.start()
  }

  /** The next event of that kind; others before it are skipped. */
  async next<K extends FeedEvent['kind']>(kind: K): Promise<Extract<FeedEvent, { kind: K }>> {
    for (;;) {
      const event = await this.#arrivals.next()
      if (event.kind === kind) return event as Extract<FeedEvent, { kind: K }>
    }
  }

  [Symbol.dispose](): void {
    this.feed.close()
  }
}
