import type { KafkaClient } from './client.ts'
import { type FetchCursor, TopicFetcher } from './topic-fetcher.ts'

interface Shared {
  readonly topic: string
  readonly gatherMs: number
  readonly fetcher: TopicFetcher
}

export interface JoinOptions {
  /** It ends soon: such come and go by themselves, and disturb none that stay. */
  readonly isBrief: boolean
  readonly gatherMs: number | undefined
}

/** The fetchers of a log. */
export class TopicFetchers {
  readonly #client: KafkaClient
  #shared: readonly Shared[] = []

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /** The fetcher that reads for the cursors from now on. */
  join(topic: string, cursors: readonly FetchCursor[], { gatherMs = 0, isBrief }: JoinOptions): TopicFetcher {
    const fetcher =
      (isBrief ? undefined : this.#fitting(topic, cursors, gatherMs)) ?? this.#open(topic, gatherMs, isBrief)
    fetcher.add(cursors)
    return fetcher
  }

  /** A request cannot name a partition twice: several readers of one have fetchers of their own. */
  #fitting(topic: string, cursors: readonly FetchCursor[], gatherMs: number): TopicFetcher | undefined {
    this.#shared = this.#shared.filter(({ fetcher }) => !fetcher.isEmpty)
    return this.#shared.find(
      (known) =>
        known.topic === topic && known.gatherMs === gatherMs && !cursors.some((cursor) => known.fetcher.has(cursor)),
    )?.fetcher
  }

  #open(topic: string, gatherMs: number, isBrief: boolean): TopicFetcher {
    const fetcher = new TopicFetcher(this.#client, topic, gatherMs)
    if (!isBrief) this.#shared = [...this.#shared, { topic, gatherMs, fetcher }]
    return fetcher
  }
}
