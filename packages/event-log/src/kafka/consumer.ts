import { C1Error, UsageError } from '@c1/market'
import { checkMaxBatch, groupMissing } from '../consumer-options.ts'
import { positionAhead, positionExpired } from '../embedded/errors.ts'
import type { Batch, Consumer, ConsumerOptions, Position, StoredRecord } from '../event-log.ts'
import type { KafkaClient } from './client.ts'
import { isTransient } from './errors.ts'
import { type FetchedPartition, OFFSET_OUT_OF_RANGE } from './fetch-request.ts'
import { BatchDecoder, batchHeaders, type DecodedBatch } from './record-batches.ts'
import type { FetchCursor, TopicFetcher } from './topic-fetcher.ts'
import type { TopicFetchers } from './topic-fetchers.ts'

/** Answers that wait to be read, beyond which a broker is not asked for more. */
const WAITING_MOST = 4

interface Place {
  readonly partition: number
  readonly until: number
  /** Of the next record to deliver. */
  offset: number
  /** Of the next record to ask for: what lies between is waiting to be read. */
  asked: number
  /** While nothing was delivered, `earliest` means the oldest record there is, even if retention moves that. */
  mayMove: boolean
  /** The broker has nothing at `asked`, which is being looked into. */
  isLost: boolean
}

interface Answer {
  readonly place: Place
  readonly batches: Iterator<DecodedBatch>
}

/** Reads partitions of a topic: the next answers are asked for while the last ones are read. */
export class KafkaConsumer implements Consumer {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #options: ConsumerOptions
  readonly #places: readonly Place[]
  readonly #cursors: readonly FetchCursor[]
  readonly #fetchers: TopicFetchers
  #fetcher: TopicFetcher | undefined
  readonly #decoder: BatchDecoder
  readonly #maxBatch: number
  readonly #onFinished: (consumer: KafkaConsumer) => void
  readonly #waiting: Answer[] = []
  readonly #stop = new AbortController()
  #failure: { readonly error: unknown } | undefined
  #hasToldTombstone = false
  #wake: () => void = () => {}

  private constructor(
    { client, fetchers, onFinished }: KafkaConsumerContext,
    topic: string,
    options: ConsumerOptions,
    places: readonly Place[],
  ) {
    this.#client = client
    this.#topic = topic
    this.#options = options
    this.#places = places
    this.#cursors = places.map((place) => this.#cursor(place))
    this.#fetchers = fetchers
    this.#decoder = new BatchDecoder(topic, client.decompress)
    this.#maxBatch = options.maxBatch ?? 1000
    this.#onFinished = onFinished
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * @throws C1Error `position_expired`, `position_ahead`
   * @throws UsageError `group_missing`, `batch_size_malformed`, `topic_missing`
   */
  static async open(context: KafkaConsumerContext, topic: string, options: ConsumerOptions): Promise<KafkaConsumer> {
    checkMaxBatch(options.maxBatch)
    if (options.from === 'committed' && options.group === undefined) throw groupMissing(topic)
    return new KafkaConsumer(context, topic, options, await findPlaces(context.client, topic, options))
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    const { gatherMs, until } = this.#options
    this.#fetcher = this.#fetchers.join(this.#topic, this.#cursors, { isBrief: until !== undefined, gatherMs })
    try {
      while (!this.#isOver()) {
        const records = this.#read()
        if (this.#isStopped()) return
        if (records.length > 0) {
          yield { records, next: this.#position() }
        } else {
          if (this.#failure !== undefined) throw this.#failure.error
          await this.#more()
        }
      }
    } finally {
      await this.close()
    }
  }

  async commit(position: Position): Promise<void> {
    const { group } = this.#options
    if (group === undefined) throw groupMissing(this.#topic)
    await this.#client.commit(this.#topic, group, position)
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#onFinished(this)
    this.#wake()
    await this.#fetcher?.remove(this.#cursors)
  }

  #onAbort = (): void => {
    this.#wake()
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted || this.#options.signal?.aborted === true || this.#client.closed.aborted
  }

  #isOver(): boolean {
    return this.#isStopped() || this.#places.every(({ offset, until }) => offset >= until)
  }

  #position(): Position {
    return Object.fromEntries(this.#places.map(({ partition, offset }) => [partition, offset]))
  }

  /** Records that are there already, at most `maxBatch` of them. */
  #read(): readonly StoredRecord[] {
    let gathered: StoredRecord[] | undefined
    while (this.#rest.length > 0 || this.#waiting.length > 0) {
      if (this.#rest.length === 0) {
        this.#nextBatch()
        continue
      }
      const taken = this.#take(this.#maxBatch - (gathered?.length ?? 0))
      if (gathered === undefined) gathered = taken
      else gathered.push(...taken)
      if (gathered.length >= this.#maxBatch / 2) break
    }
    return gathered ?? []
  }

  /** Of the batch that is being read. */
  #rest: readonly StoredRecord[] = []
  #restAt = 0
  #restNext = 0
  #restPlace: Place | undefined

  #nextBatch(): void {
    const answer = this.#waiting[0] as Answer
    const { done, value } = answer.batches.next()
    if (done === true) {
      this.#waiting.shift()
      if (this.#waiting.length === WAITING_MOST - 1) this.#fetcher?.wake()
      return
    }
    const { place } = answer
    const { next, records, tombstone } = value
    if (tombstone !== undefined) this.#tellTombstone(place.partition, tombstone)
    const wanted = next <= place.until ? records : records.filter(({ offset }) => offset < place.until)
    if (next <= place.offset) return
    if (wanted.length === 0) {
      place.offset = Math.min(next, place.until)
      return
    }
    this.#rest = wanted
    this.#restAt = 0
    this.#restNext = Math.min(next, place.until)
    this.#restPlace = place
  }

  /** C1 writes none, and what it writes is a history: nothing of it can be deleted by key. */
  #tellTombstone(partition: number, offset: number): void {
    if (this.#hasToldTombstone) return
    this.#hasToldTombstone = true
    this.#client.options.onWarning(
      `Record ${offset} of ${this.#topic}/${partition} has no value (a tombstone, from another program). ` +
        'It says nothing here and is passed over, as are others like it.',
    )
  }

  #take(count: number): StoredRecord[] {
    const taken = this.#rest.slice(this.#restAt, this.#restAt + count)
    this.#restAt += taken.length
    const place = this.#restPlace as Place
    place.mayMove = false
    if (this.#restAt < this.#rest.length) {
      place.offset = (this.#rest[this.#restAt] as StoredRecord).offset
    } else {
      place.offset = this.#restNext
      this.#rest = []
    }
    return taken
  }

  #more(): Promise<void> {
    if (this.#waiting.length > 0 || this.#isOver() || this.#failure !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #cursor(place: Place): FetchCursor {
    return {
      partition: place.partition,
      wanted: () => this.#wantedAt(place),
      accept: (fetched) => this.#accept(place, fetched),
      fail: (error) => this.#fail(error),
    }
  }

  #wantedAt({ asked, isLost, until }: Place): number | undefined {
    return isLost || asked >= until || this.#waiting.length >= WAITING_MOST ? undefined : asked
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wake()
  }

  #accept(place: Place, { aborted, error, partition, records }: FetchedPartition): void {
    if (error === OFFSET_OUT_OF_RANGE) {
      void this.#findAgain(place)
      return
    }
    if (records.length === 0) return
    const from = place.asked
    const next = nextOffset(records)
    if (next === undefined) {
      this.#fail(recordTooLarge(this.#topic, partition, from))
      return
    }
    place.asked = Math.max(next, from)
    this.#waiting.push({ place, batches: this.#decoder.decode(partition, from, records, aborted) })
    this.#wake()
  }

  /** The broker has nothing at the place: retention went past it, or the log lost its tail. */
  async #findAgain(place: Place): Promise<void> {
    const { asked, partition } = place
    const name = `${this.#topic}/${partition}`
    place.isLost = true
    try {
      const begin = (await this.#client.begins(this.#topic))[partition] ?? 0
      if (asked < begin && place.mayMove && place.asked === place.offset) {
        place.offset = begin
        place.asked = begin
      } else if (asked < begin) {
        throw positionExpired(name, asked, begin)
      } else {
        const end = (await this.#client.ends(this.#topic))[partition] ?? 0
        if (asked > end) throw positionAhead(name, asked, end)
      }
    } catch (error) {
      if (!isTransient(error)) this.#fail(error)
    }
    place.isLost = false
    this.#fetcher?.wake()
  }
}

export interface KafkaConsumerContext {
  readonly client: KafkaClient
  readonly fetchers: TopicFetchers
  readonly onFinished: (consumer: KafkaConsumer) => void
}

/** The offset after the last whole batch; undefined when not even one fits. */
function nextOffset(records: Buffer): number | undefined {
  let next: number | undefined
  for (const header of batchHeaders(records)) next = header.next
  return next
}

function recordTooLarge(topic: string, partition: number, offset: number): C1Error {
  return new C1Error(
    'record_too_large',
    `The record batch at ${offset} of ${topic}/${partition} is cut off by the broker. C1 writes none that large.`,
    { details: { topic, partition, offset } },
  )
}

async function findPlaces(client: KafkaClient, topic: string, options: ConsumerOptions): Promise<Place[]> {
  const { from: asked, partitions, until } = options
  const [begins, ends] = await Promise.all([client.begins(topic), client.ends(topic)])
  const committed = asked === 'committed' ? await client.committed(topic, options.group as string) : undefined
  const wanted = partitions ?? Object.keys(begins).map(Number)
  return wanted.map((partition) => {
    const begin = begins[partition]
    const end = ends[partition]
    if (begin === undefined || end === undefined) throw partitionMissing(topic, partition)
    const position = committed ?? (typeof asked === 'object' ? asked : undefined)
    const offset = asked === 'latest' ? end : (position?.[partition] ?? begin)
    if (offset < begin) throw positionExpired(`${topic}/${partition}`, offset, begin)
    if (offset > end) throw positionAhead(`${topic}/${partition}`, offset, end)
    const limit = until === undefined ? Number.POSITIVE_INFINITY : until === 'end' ? end : (until[partition] ?? begin)
    return { partition, until: limit, offset, asked: offset, mayMove: asked === 'earliest', isLost: false }
  })
}

function partitionMissing(topic: string, partition: number): UsageError {
  return new UsageError(
    'partition_missing',
    `The topic ${topic} has no partition ${partition}. Look with "c1 topics check".`,
  )
}
