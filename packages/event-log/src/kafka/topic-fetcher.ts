import { setTimeout as pause } from 'node:timers/promises'
import type { Connection, ConnectionPool } from '@platformatic/kafka'
import type { KafkaClient } from './client.ts'
import { closeAtOnce } from './connection.ts'
import { isTransient, kafkaError } from './errors.ts'
import { type FetchedPartition, fetchRecords, OFFSET_OUT_OF_RANGE } from './fetch-request.ts'

/** Of a partition: larger answers are slower and hold more memory, smaller ones cost round trips. */
const PARTITION_BYTES = 1024 * 1024
const ANSWER_BYTES = 4 * PARTITION_BYTES
const WAIT_MS = 500
/** What cannot go along with the request under way waits so long for its end, and is then asked for in another one. */
const JOIN_MS = 5
const RETRY_MS = 100
const LONGEST_RETRY_MS = 3000

/** A reader's place in a partition. */
export interface FetchCursor {
  readonly partition: number
  /** Offset of the next record to ask for; undefined while nothing is to be asked for. */
  wanted(): number | undefined
  /** Takes in what the broker has at what was wanted, or that it has nothing there: `OFFSET_OUT_OF_RANGE`. */
  accept(fetched: FetchedPartition): void
  /** Nothing more can be read. */
  fail(error: unknown): void
}

interface Broker {
  readonly host: string
  readonly port: number
}

interface Leaders {
  readonly brokers: ReadonlyMap<number, Broker>
  /** By partition; -1 while it has none. */
  readonly nodes: readonly number[]
}

interface Request {
  readonly leader: number
  readonly pool: ConnectionPool
  /** When it is answered at the latest, of `performance.now()`. */
  readonly endsAt: number
}

/**
 * Reads partitions of a topic for several readers. Each leader has one request under way that asks for all that is wanted of
 * it, so that many partitions of a quick market take as few requests as one.
 *
 * What goes wrong with a broker is waited out: leaders are looked up again and every cursor goes on from where it stands, so
 * a leader that dies, moves or forgets costs time and no record.
 */
export class TopicFetcher {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #gatherMs: number
  /** Those that got records last stand last, and none of them starves. */
  readonly #cursors = new Set<FetchCursor>()
  readonly #asked = new Set<FetchCursor>()
  readonly #requests = new Set<Request>()
  /** A broker answers the requests of a connection one after another: those under way have a pool each. */
  readonly #pools: ConnectionPool[] = []
  #leaders: Leaders | undefined
  #isLookingUp = false
  #joining: NodeJS.Timeout | undefined
  #retryMs = RETRY_MS

  /** An answer waits `gatherMs` for many records to be there; with 0 it comes as soon as there is one. */
  constructor(client: KafkaClient, topic: string, gatherMs: number) {
    this.#client = client
    this.#topic = topic
    this.#gatherMs = gatherMs
  }

  has({ partition }: FetchCursor): boolean {
    return this.#cursors.values().some((cursor) => cursor.partition === partition)
  }

  add(cursors: readonly FetchCursor[]): void {
    for (const cursor of cursors) this.#cursors.add(cursor)
    this.wake()
  }

  /** With the last cursor it is closed, and of no use any more. */
  async remove(cursors: readonly FetchCursor[]): Promise<void> {
    for (const cursor of cursors) this.#cursors.delete(cursor)
    if (!this.isEmpty) return
    clearTimeout(this.#joining)
    await Promise.all(this.#pools.map((pool) => closeAtOnce(pool, () => pool.close())))
  }

  get isEmpty(): boolean {
    return this.#cursors.size === 0
  }

  /** Asks for what is wanted and not asked for yet; to be called when a cursor begins to want something. */
  wake(): void {
    for (const [leader, cursors] of this.#waiting()) {
      if (this.#under(leader).length === 0) void this.#ask(leader, cursors, WAIT_MS)
      else this.#joining ??= setTimeout(() => this.#join(), JOIN_MS)
    }
  }

  /** Further requests end when the first one does: then everything is asked for together. */
  #join(): void {
    this.#joining = undefined
    for (const [leader, cursors] of this.#waiting()) {
      const [first] = this.#under(leader)
      void this.#ask(leader, cursors, first === undefined ? WAIT_MS : Math.max(0, first.endsAt - performance.now()))
    }
  }

  /** By leader. Nothing while leaders are looked up: that ends with `wake`. */
  #waiting(): Iterable<[number, FetchCursor[]]> {
    if (this.#isLookingUp || this.#isOver()) return []
    const idle = [...this.#cursors].filter((cursor) => !this.#asked.has(cursor) && cursor.wanted() !== undefined)
    const leaders = this.#leaders
    if (leaders !== undefined) return Map.groupBy(idle, ({ partition }) => leaders.nodes[partition] ?? -1)
    if (idle.length > 0) void this.#lookUp(0)
    return []
  }

  #isOver(): boolean {
    return this.isEmpty || this.#client.closed.aborted
  }

  #under(leader: number): Request[] {
    return [...this.#requests].filter((request) => request.leader === leader)
  }

  async #ask(leader: number, cursors: readonly FetchCursor[], waitMs: number): Promise<void> {
    const request = { leader, pool: this.#freePool(leader), endsAt: performance.now() + waitMs }
    this.#requests.add(request)
    for (const cursor of cursors) this.#asked.add(cursor)
    try {
      this.#take(cursors, await this.#fetch(await this.#connection(request), cursors, waitMs))
      this.#retryMs = RETRY_MS
    } catch (error) {
      this.#onTrouble(cursors, error)
    }
    this.#requests.delete(request)
    for (const cursor of cursors) this.#asked.delete(cursor)
    this.wake()
  }

  #freePool(leader: number): ConnectionPool {
    const taken = this.#under(leader).map(({ pool }) => pool)
    const free = this.#pools.find((pool) => !taken.includes(pool))
    if (free !== undefined) return free
    const made = this.#client.openPool()
    this.#pools.push(made)
    return made
  }

  #fetch(
    connection: Connection,
    cursors: readonly FetchCursor[],
    waitMs: number,
  ): Promise<readonly FetchedPartition[]> {
    const { Writer } = this.#client.library
    return fetchRecords(connection, () => Writer.create(), {
      topic: this.#topic,
      offsets: new Map(cursors.map((cursor) => [cursor.partition, cursor.wanted() as number])),
      partitionBytes: PARTITION_BYTES,
      maxBytes: ANSWER_BYTES,
      minBytes: this.#gatherMs > 0 ? PARTITION_BYTES : 1,
      maxWaitMs: Math.ceil(this.#gatherMs > 0 ? Math.min(waitMs, this.#gatherMs) : waitMs),
    })
  }

  #take(asked: readonly FetchCursor[], answers: readonly FetchedPartition[]): void {
    for (const fetched of answers) {
      const cursor = asked.find(({ partition }) => partition === fetched.partition)
      if (cursor === undefined || !this.#cursors.has(cursor)) continue
      if (fetched.error !== 0 && fetched.error !== OFFSET_OUT_OF_RANGE) {
        this.#onTrouble([cursor], new this.#client.library.ProtocolError(fetched.error))
        continue
      }
      if (fetched.records.length > 0) {
        this.#cursors.delete(cursor)
        this.#cursors.add(cursor)
      }
      cursor.accept(fetched)
    }
  }

  #onTrouble(cursors: readonly FetchCursor[], error: unknown): void {
    if (this.#isOver()) return
    if (!isTransient(error)) {
      this.#fail(cursors, error)
      return
    }
    this.#client.tellAway(`read ${this.#topic}`, error)
    void this.#lookUp(this.#nextPause())
  }

  #fail(cursors: readonly FetchCursor[], error: unknown): void {
    for (const cursor of cursors) {
      this.#cursors.delete(cursor)
      cursor.fail(kafkaError(`read ${this.#topic}`, error))
    }
  }

  /** Longer and longer, until something was read. */
  #nextPause(): number {
    const ms = this.#retryMs
    this.#retryMs = Math.min(ms * 2, LONGEST_RETRY_MS)
    return ms
  }

  /** Nothing more is asked for until the leaders were looked up, in a while. */
  async #lookUp(afterMs: number): Promise<void> {
    if (this.#isLookingUp) return
    this.#isLookingUp = true
    for (let ms = afterMs; !this.#isOver(); ms = this.#nextPause()) {
      await pause(ms, undefined, { signal: this.#client.closed }).catch(() => {})
      try {
        // After trouble what is remembered of them may be what was wrong.
        this.#leaders = await this.#readLeaders(ms > 0)
        break
      } catch (error) {
        if (isTransient(error)) this.#client.tellAway(`read ${this.#topic}`, error)
        else this.#fail([...this.#cursors], error)
      }
    }
    this.#isLookingUp = false
    this.wake()
  }

  async #readLeaders(forceUpdate: boolean): Promise<Leaders> {
    const { brokers, topics } = await this.#client.metadata(this.#topic, forceUpdate)
    return { brokers, nodes: (topics.get(this.#topic)?.partitions ?? []).map(({ leader }) => leader) }
  }

  /** One that is there is given without a detour. */
  #connection({ leader, pool }: Request): Connection | Promise<Connection> {
    // The library refuses to connect to what is unknown, as it refuses a broker that is away.
    const broker = this.#leaders?.brokers.get(leader) as Broker
    const known = broker && pool.getEstablishedConnection(broker)
    return known?.isConnected() === true ? known : pool.get(broker)
  }
}
