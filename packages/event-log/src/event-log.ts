import type { EpochMicros } from '@c1/market'

/** What is written: a keyed, timestamped value. Records of one key keep their order. */
export interface LogRecord {
  /** The symbol; a dead letter's is its origin. */
  readonly key: string
  readonly value: Uint8Array
  /** Event time. A log may keep it to the millisecond only (Kafka does, cut off): the value has it exactly. */
  readonly timestamp: EpochMicros
  /** Records of a kind may share one object: it is never changed. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Many records of one key and one set of headers, without an object for each: what an import of millions appends. Its memory
 * may be used again once the append resolved.
 */
export interface RecordRun {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly count: number
  /** `EpochMicros`, of each record. */
  readonly timestamps: Float64Array
  /** The values of all records, one after another. */
  readonly values: Uint8Array
  /** Of each record the bytes of its value. */
  readonly lengths: Uint32Array
}

/** What is read: the record and where it stands. Its value may be a view of a larger buffer: copy what is kept for long. */
export interface StoredRecord extends LogRecord {
  readonly partition: number
  /** Ascending within its partition; dense unless other programs compact the topic, write it in transactions or delete by key. */
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

/** Records of one key whose `timestamp` lies in `[from, to)`, which begin and end with a millisecond. */
export interface Selection {
  readonly key: string
  readonly from: EpochMicros
  readonly to: EpochMicros
}

export interface ConsumerOptions {
  /** Where to begin: the oldest or newest record, a position, or what `group` committed (the oldest if nothing yet). */
  readonly from: 'earliest' | 'latest' | 'committed' | Position
  /** Needed for `committed` and for `commit`. */
  readonly group?: string
  /** `end` stops at what was written when the consumer was opened; a position stops there. Absent: waits for more. */
  readonly until?: 'end' | Position
  /** Only these partitions; default all of the topic. A position may leave out the others. */
  readonly partitions?: readonly number[]
  /**
   * Only these records are wanted; goes with `until`. A log may pass over others to read less, and may give them all the same.
   */
  readonly only?: Selection
  /**
   * Records may be given so many milliseconds late, many together, which costs less of a log that others write to at the same
   * time. A log where it costs nothing may give them at once. Default 0.
   */
  readonly gatherMs?: number
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

/** A writer of a topic: the only one in the embedded log, one of many in Kafka. */
export interface Producer {
  /**
   * Appends in order. Once it resolves a kill -9 loses none of them; a power cut may lose what came after the last `flush`.
   * The position is where the next record of this producer will stand, or later where others write too. The embedded log
   * takes a batch as a whole or not at all; Kafka may keep a beginning of it, of each partition, when it fails.
   *
   * @throws C1Error `log_full` (retryable) when the disk is full
   * @throws C1Error `batch_too_large`; `log_unwritable`, `log_unreachable` when nothing more can be appended; `clock_skewed`
   */
  append(records: readonly LogRecord[]): Promise<Position>
  /**
   * The same for a run, where the adapter can take one as it is; `appendRun` does it with every adapter.
   *
   * @throws C1Error as `append`
   */
  appendRun?(run: RecordRun): Promise<Position>
  /** Resolves when everything appended has reached the disk. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** One partition of a topic that a process has of its group. */
export interface Share {
  readonly partition: number
  /** Aborts when the partition is to be given back, or the process stops. */
  readonly signal: AbortSignal
  /** Notes for the group that everything before `offset` has taken effect: how far behind it is can be seen from outside. */
  commit(offset: number): Promise<void>
}

export interface ShareOptions {
  readonly group: string
  readonly signal: AbortSignal
  /**
   * Runs while the process has the partition. It ends soon after its signal aborts, with everything kept: only then is the
   * partition given back. It may be called for the same partition again.
   */
  readonly work: (share: Share) => Promise<void>
  /** Told of the partitions that the process has, whenever they change. */
  readonly onChange?: (partitions: readonly number[]) => void
}

export interface ProducerOptions {
  /**
   * What is appended within so many milliseconds of the append before may be appended together, that much later. A log where
   * this spares nothing appends at once. Default 0.
   */
  readonly gatherMs?: number
}

/** A durable log of topics. Adapters: embedded (segments on disk), Kafka. */
export interface EventLog {
  /** Whether processes on several machines write topics and share them out; otherwise a topic has one writer, and one partition. */
  readonly isShared: boolean
  /**
   * Shares the partitions of a topic out among the processes of a group, each partition to one of them at a time; one that
   * hangs may for some seconds go on with what another one has already. Returns after `signal`, when all work has ended.
   *
   * @throws what `work` throws; the other partitions are given back first
   */
  share(topic: string, options: ShareOptions): Promise<void>
  /**
   * @throws UsageError `topic_locked` when another producer writes this topic and the log allows one
   * @throws UsageError `topic_missing` where topics are made beforehand
   * @throws C1Error `log_corrupt` when the topic is damaged
   */
  producer(topic: string, options?: ProducerOptions): Promise<Producer>
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
