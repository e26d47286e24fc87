import type { EpochMicros } from '@c1/market'

/** What is written: a keyed, timestamped value. Records of one key keep their order. */
export interface LogRecord {
  /** The symbol; a dead letter's is its origin. */
  readonly key: string
  readonly value: Uint8Array
  /** Event time. */
  readonly timestamp: EpochMicros
  /** Records of a kind may share one object: it is never changed. */
  readonly headers: Readonly<Record<string, string>>
}

/** What is read: the record and where it stands. Its value may be a view of a larger buffer: copy what is kept for long. */
export interface StoredRecord extends LogRecord {
  readonly partition: number
  /** Dense and ascending within its partition. */
  readonly offset: number
}

/** For each partition, the offset of the next record to read. A partition that is absent starts at its beginning. */
export type Position = Readonly<Record<number, number>>

export interface Batch {
  /** Never empty. */
  readonly records: readonly StoredRecord[]
  /** Where reading goes on after this batch. */
  readonly next: Position
}

export interface ConsumerOptions {
  /** Where to begin: the oldest or newest record, a position, or what `group` committed (the oldest if nothing yet). */
  readonly from: 'earliest' | 'latest' | 'committed' | Position
  /** Needed for `committed` and for `commit`. */
  readonly group?: string
  /** `end` stops at what was written when the consumer was opened; a position stops there. Absent: waits for more. */
  readonly until?: 'end' | Position
  /** Most records in a batch. Default 1000. */
  readonly maxBatch?: number
  /** Ends the iteration after the current batch. */
  readonly signal?: AbortSignal
}

/**
 * An ordered reader. It holds nothing in memory beyond a batch; a slow reader slows only itself. It is iterated once, and
 * leaving the iteration closes it. The iteration throws C1Error `position_expired` when retention overtook it, and
 * `log_corrupt` before a damaged record; it never skips one.
 */
export interface Consumer extends AsyncIterable<Batch> {
  /** Remembers for the group, durably, that everything before `position` has taken effect. Call it after the effect. */
  commit(position: Position): Promise<void>
  close(): Promise<void>
}

/** The only writer of a topic. */
export interface Producer {
  /**
   * Appends in order, all or nothing. Once it resolves a kill -9 loses none of them; a power cut may lose what came after
   * the last `flush`. The position is where the next record will stand.
   *
   * @throws C1Error `log_full` (retryable) when the disk is full: nothing of the batch is readable afterwards
   * @throws C1Error `batch_too_large`; `log_unwritable` when the disk failed: nothing more can be appended then
   */
  append(records: readonly LogRecord[]): Promise<Position>
  /** Resolves when everything appended has reached the disk. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** A durable log of topics. Adapters: embedded (segments on disk); Kafka fits the same shape. */
export interface EventLog {
  /**
   * @throws UsageError `topic_locked` when another producer writes this topic
   * @throws C1Error `log_corrupt` when the topic is damaged
   */
  producer(topic: string): Promise<Producer>
  /**
   * A topic that nobody wrote yet is empty, and is read once somebody does. A group has one consumer at a time where topics
   * have one partition.
   *
   * @throws C1Error `position_expired` when retention removed what `from` asks for; `position_ahead` when the log ends before
   * @throws UsageError `group_missing`
   */
  consumer(topic: string, options: ConsumerOptions): Promise<Consumer>
  /** Where the topic begins (retention moves it) and where its next record will stand. */
  bounds(topic: string): Promise<{ readonly begin: Position; readonly end: Position }>
  /** What a consumer group committed on a topic: empty, which is the beginning, when it has committed nothing. */
  committed(topic: string, group: string): Promise<Position>
  close(): Promise<void>
}
