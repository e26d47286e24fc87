import { setImmediate as nextTurn } from 'node:timers/promises'
import { type EventLog, featuresCodec, type Position, type Share, TOPICS } from '@c1/event-log'
import type { FeatureGroupStore } from '@c1/feature-store'
import type { FeatureGroup } from '@c1/features'
import { type LiveWork, QuietTask } from '@c1/service'

/** The consumer group whose committed position says how much of the features topic the store holds on disk. */
export function storeGroup({ name, version }: FeatureGroup): string {
  return `feature-store-${name}-v${version}`
}

const FLUSH_EVERY_MS = 5000
/** A flush lets predictions go first, but not for longer. */
const FLUSH_PAUSES_MS = 2000
/** Nobody waits for the store as one does for a prediction: rows of symbols whose windows close together are fetched together. */
const GATHER_MS = 250

interface Flush {
  /** Of `performance.now()`. */
  readonly beganAt: number
  readonly ended: Promise<void>
}

/** Feature rows from the log into the feature store. Rows are keyed, so after a crash the same ones are written again. */
export class Materialiser {
  readonly #log: EventLog
  readonly #store: FeatureGroupStore
  readonly #codec: ReturnType<typeof featuresCodec>
  readonly #live: LiveWork
  #latestFlush: Flush | undefined
  #reached: Position = {}
  #waiting: { readonly position: Position; readonly resolve: () => void }[] = []

  /** Writes to disk while there is no `live` work. */
  constructor(log: EventLog, store: FeatureGroupStore, source: string, live: LiveWork) {
    this.#log = log
    this.#live = live
    this.#codec = featuresCodec(source, store.group)
    this.#store = store
  }

  /** Where the log is shared, the processes of the group have the symbols of some partitions each. */
  async run(signal: AbortSignal, until?: 'end'): Promise<void> {
    const group = storeGroup(this.#store.group)
    if (until === undefined) {
      await this.#log.share(TOPICS.features, { group, signal, work: (share) => this.#follow(share) })
      return
    }
    const { end } = await this.#log.bounds(TOPICS.features)
    const noted = await this.#log.consumer(TOPICS.features, { from: end, group, until: 'end' })
    for (const partition of Object.keys(end).map(Number)) {
      await this.#follow({ partition, signal, commit: (offset) => noted.commit({ [partition]: offset }) }, until)
    }
    await noted.close()
  }

  async #follow({ commit, partition, signal }: Share, until?: 'end'): Promise<void> {
    const consumer = await this.#log.consumer(TOPICS.features, {
      from: await this.#start(partition),
      gatherMs: GATHER_MS,
      partitions: [partition],
      signal,
      ...(until && { until }),
    })
    const reached = { offset: undefined as number | undefined, at: 0 }
    const flushing = new QuietTask({
      task: async () => {
        const { offset } = reached
        await this.#flush(reached.at, signal)
        if (offset !== undefined) await commit(offset)
      },
      everyMs: FLUSH_EVERY_MS,
    })
    try {
      for await (const { records, next } of consumer) {
        // Whatever else waits for these rows, predictions above all, goes first.
        await nextTurn()
        await flushing.begin()
        const messages = records.map((record) => this.#codec.decode(record))
        await this.#store.write(messages.flatMap((message) => (message.kind === 'features' ? [message.row] : [])))
        reached.offset = next[partition]
        reached.at = performance.now()
        this.#reach(next)
        await flushing.end()
      }
      await flushing.close()
    } finally {
      await flushing.cancel()
    }
  }

  /** Of all partitions together: one that began after the rows of this one were written, at `writtenAt`, is its own too. */
  #flush(writtenAt: number, signal: AbortSignal): Promise<void> {
    const latest = this.#latestFlush
    if (latest !== undefined && latest.beganAt > writtenAt) return latest.ended
    const beganAt = performance.now()
    const deadline = beganAt + FLUSH_PAUSES_MS
    const pause = async (): Promise<void> => {
      if (!signal.aborted) await this.#live.pause(deadline)
    }
    const flush: Flush = { beganAt, ended: this.#store.flush(pause) }
    this.#latestFlush = flush
    return flush.ended
  }

  /** The store was flushed up to there; but a power cut can leave the log behind the store, which is then written again. */
  async #start(partition: number): Promise<Position | 'earliest'> {
    const committed = await this.#log.committed(TOPICS.features, storeGroup(this.#store.group))
    const { end } = await this.#log.bounds(TOPICS.features)
    const offset = committed[partition]
    return offset !== undefined && offset <= (end[partition] ?? 0) ? { [partition]: offset } : 'earliest'
  }

  /** Resolves when every record before `position` can be read from the store. */
  reached(position: Position): Promise<void> {
    if (isPast(this.#reached, position)) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ position, resolve }))
  }

  #reach(position: Position): void {
    this.#reached = { ...this.#reached, ...position }
    const ready = this.#waiting.filter((waiting) => isPast(this.#reached, waiting.position))
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting))
    for (const { resolve } of ready) resolve()
  }
}

function isPast(reached: Position, position: Position): boolean {
  return Object.entries(position).every(([partition, offset]) => (reached[Number(partition)] ?? 0) >= offset)
}
