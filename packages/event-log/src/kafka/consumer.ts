import { setTimeout as pause } from 'node:timers/promises'
import { C1Error, UsageError } from '@c1/market'
import type { Connection, ConnectionPool } from '@platformatic/kafka'
import { checkMaxBatch, groupMissing } from '../consumer-options.ts'
import { positionAhead, positionExpired } from '../embedded/errors.ts'
import type { Batch, Consumer, ConsumerOptions, Position, StoredRecord } from '../event-log.ts'
import type { KafkaClient } from './client.ts'
import { isTransient, kafkaError } from './errors.ts'
import { type FetchedPartition, fetchRecords } from './fetch-request.ts'
import { BatchDecoder, type DecodedBatch } from './record-batches.ts'

/** Larger answers are slower and hold more memory, smaller ones cost round trips. */
const FETCH_BYTES = 1024 * 1024
const FETCH_WAIT_MS = 500
/** Answers that wait to be read, beyond which a broker is not asked for more. */
const WAITING_MOST = 4
const RETRY_MS = 100
const LONGEST_RETRY_MS = 3000

const OFFSET_OUT_OF_RANGE = 1

interface Cursor {
  readonly partition: number
  readonly until: number
  /** Of the next record to deliver. */
  offset: number
  /** Of the next record to ask for: what lies between is waiting to be read. */
  asked: number
  /** While nothing was delivered, `earliest` means the oldest record there is, even if retention moves that. */
  mayMove: boolean
}

interface Answer {
  readonly cursor: Cursor
  readonly batches: Iterator<DecodedBatch>
}

/**
 * Reads partitions of a topic from their leaders, each leader asked by itself, the next answer while the last one is read.
 *
 * What goes wrong with a broker is waited out: leaders are looked up again and reading goes on from its own position, so a
 * leader that dies, moves or forgets costs time and no record.
 */
export class KafkaConsumer implements Consumer {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #options: ConsumerOptions
  readonly #cursors: readonly Cursor[]
  readonly #pool: ConnectionPool
  readonly #decoder: BatchDecoder
  readonly #maxBatch: number
  readonly #onFinished: (consumer: KafkaConsumer) => void
  readonly #waiting: Answer[] = []
  readonly #stop = new AbortController()
  #failure: { readonly error: unknown } | undefined
  #hasToldTombstone = false
  #wake: () => void = () => {}
  #roomMade: () => void = () => {}

  private constructor(
    client: KafkaClient,
    topic: string,
    options: ConsumerOptions,
    cursors: readonly Cursor[],
    onFinished: (consumer: KafkaConsumer) => void,
  ) {
    this.#client = client
    this.#topic = topic
    this.#options = options
    this.#cursors = cursors
    this.#pool = client.openPool()
    this.#decoder = new BatchDecoder(topic, client.decompress)
    this.#maxBatch = options.maxBatch ?? 1000
    this.#onFinished = onFinished
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  /**
   * @throws C1Error `position_expired`, `position_ahead`
   * @throws UsageError `group_missing`, `batch_size_malformed`, `topic_missing`
   */
  static async open(
    client: KafkaClient,
    topic: string,
    options: ConsumerOptions,
    onFinished: (consumer: KafkaConsumer) => void,
  ): Promise<KafkaConsumer> {
    checkMaxBatch(options.maxBatch)
    if (options.from === 'committed' && options.group === undefined) throw groupMissing(topic)
    return new KafkaConsumer(client, topic, options, await findCursors(client, topic, options), onFinished)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void> {
    const asking = this.#ask().catch((error: unknown) => {
      this.#failure ??= { error }
      this.#wake()
    })
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
      await asking
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
    this.#roomMade()
    await this.#pool.close()
  }

  #onAbort = (): void => {
    this.#wake()
    this.#roomMade()
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted || this.#options.signal?.aborted === true || this.#client.closed.aborted
  }

  #isOver(): boolean {
    return this.#isStopped() || this.#cursors.every(({ offset, until }) => offset >= until)
  }

  #position(): Position {
    return Object.fromEntries(this.#cursors.map(({ partition, offset }) => [partition, offset]))
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
  #restCursor: Cursor | undefined

  #nextBatch(): void {
    const answer = this.#waiting[0] as Answer
    const { done, value } = answer.batches.next()
    if (done === true) {
      this.#waiting.shift()
      this.#roomMade()
      return
    }
    const { cursor } = answer
    const { next, records, tombstone } = value
    if (tombstone !== undefined) this.#tellTombstone(cursor.partition, tombstone)
    const wanted = next <= cursor.until ? records : records.filter(({ offset }) => offset < cursor.until)
    if (next <= cursor.offset) return
    if (wanted.length === 0) {
      cursor.offset = Math.min(next, cursor.until)
      return
    }
    this.#rest = wanted
    this.#restAt = 0
    this.#restNext = Math.min(next, cursor.until)
    this.#restCursor = cursor
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
    const cursor = this.#restCursor as Cursor
    cursor.mayMove = false
    if (this.#restAt < this.#rest.length) {
      cursor.offset = (this.#rest[this.#restAt] as StoredRecord).offset
    } else {
      cursor.offset = this.#restNext
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

  /** Asks the leaders until everything wanted was asked for, over again whenever one of them fails. */
  async #ask(): Promise<void> {
    let wait = RETRY_MS
    while (!this.#isStopped() && this.#open().length > 0) {
      const round = new AbortController()
      try {
        const leaders = await this.#leaders(wait > RETRY_MS)
        const onAnswer = (): void => {
          wait = RETRY_MS
        }
        const asking = [...leaders].map(([broker, cursors]) => this.#askLeader(broker, cursors, round.signal, onAnswer))
        await Promise.all(asking.map((work) => work.finally(() => round.abort())))
      } catch (error) {
        if (this.#isStopped()) return
        if (!isTransient(error)) throw kafkaError(`read ${this.#topic}`, error)
        this.#client.tellAway(`read ${this.#topic}`, error)
        await pause(wait, undefined, { signal: this.#stop.signal }).catch(() => {})
        wait = Math.min(wait * 2, LONGEST_RETRY_MS)
      }
    }
  }

  #open(): Cursor[] {
    return this.#cursors.filter(({ asked, until }) => asked < until)
  }

  async #leaders(forceUpdate: boolean): Promise<Map<Leader, Cursor[]>> {
    const { brokers, topics } = await this.#client.metadata(this.#topic, forceUpdate)
    const partitions = topics.get(this.#topic)?.partitions ?? []
    const byNode = Map.groupBy(this.#open(), ({ partition }) => partitions[partition]?.leader ?? -1)
    return new Map([...byNode].map(([node, cursors]) => [brokers.get(node), cursors]))
  }

  /** Until one of the leaders failed, or the broker leads none of what is still wanted. */
  async #askLeader(
    broker: Leader,
    cursors: readonly Cursor[],
    signal: AbortSignal,
    onAnswer: () => void,
  ): Promise<void> {
    const connection = await this.#pool.get(broker as NonNullable<Leader>)
    while (!signal.aborted && !this.#isStopped()) {
      const open = cursors.filter(({ asked, until }) => asked < until)
      if (open.length === 0) return
      for (const fetched of await this.#fetch(connection, open)) {
        const cursor = open.find(({ partition }) => partition === fetched.partition)
        if (cursor !== undefined) await this.#accept(cursor, fetched)
      }
      onAnswer()
      this.#wake()
      await this.#room()
    }
  }

  #fetch(connection: Connection, cursors: readonly Cursor[]): Promise<readonly FetchedPartition[]> {
    const { Writer } = this.#client.library
    return fetchRecords(connection, () => Writer.create(), {
      topic: this.#topic,
      offsets: new Map(cursors.map(({ asked, partition }) => [partition, asked])),
      maxBytes: FETCH_BYTES,
      maxWaitMs: FETCH_WAIT_MS,
    })
  }

  async #accept(cursor: Cursor, { aborted, error, partition, records }: FetchedPartition): Promise<void> {
    if (error === OFFSET_OUT_OF_RANGE) return this.#findAgain(cursor)
    if (error !== 0) throw new this.#client.library.ProtocolError(error)
    if (records.length === 0) return
    const from = cursor.asked
    const next = lastOffset(records)
    if (next === undefined) throw recordTooLarge(this.#topic, partition, from)
    cursor.asked = Math.max(next, from)
    this.#waiting.push({ cursor, batches: this.#decoder.decode(partition, from, records, aborted) })
  }

  /** The broker has nothing at the cursor: retention went past it, or the log lost its tail. */
  async #findAgain(cursor: Cursor): Promise<void> {
    const { asked, partition } = cursor
    const begin = (await this.#client.begins(this.#topic))[partition] ?? 0
    const name = `${this.#topic}/${partition}`
    if (asked < begin && cursor.mayMove && cursor.asked === cursor.offset) {
      cursor.offset = begin
      cursor.asked = begin
    } else if (asked < begin) {
      throw positionExpired(name, asked, begin)
    } else {
      const end = (await this.#client.ends(this.#topic))[partition] ?? 0
      if (asked > end) throw positionAhead(name, asked, end)
    }
  }

  async #room(): Promise<void> {
    while (this.#waiting.length >= WAITING_MOST && !this.#isStopped()) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve
      })
    }
  }
}

/** Undefined while a partition has no leader. */
type Leader = { readonly host: string; readonly port: number } | undefined

/** The offset after the last whole batch; undefined when not even one fits. */
function lastOffset(records: Buffer): number | undefined {
  let next: number | undefined
  for (let at = 0; at + 61 <= records.length; ) {
    const length = 12 + records.readInt32BE(at + 8)
    if (at + length > records.length) break
    next = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1
    at += length
  }
  return next
}

function recordTooLarge(topic: string, partition: number, offset: number): C1Error {
  return new C1Error(
    'record_too_large',
    `The record batch at ${offset} of ${topic}/${partition} is cut off by the broker. C1 writes none that large.`,
    { details: { topic, partition, offset } },
  )
}

async function findCursors(client: KafkaClient, topic: string, options: ConsumerOptions): Promise<Cursor[]> {
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
    return { partition, until: limit, offset, asked: offset, mayMove: asked === 'earliest' }
  })
}

function partitionMissing(topic: string, partition: number): UsageError {
  return new UsageError(
    'partition_missing',
    `The topic ${topic} has no partition ${partition}. Look with "c1 topics check".`,
  )
}
