import type { ConsumerOptions, EventLog, LogRecord, Position, Producer, Share, StoredRecord } from '@c1/event-log'
import type { Checkpoints } from './checkpoint-store.ts'
import { FoldMetrics } from './fold-metrics.ts'
import type { LiveWork } from './live-work.ts'
import type { Metrics } from './metrics.ts'
import { QuietTask } from './quiet-task.ts'
import { Rederivation } from './rederivation.ts'

export interface Output {
  readonly topic: string
  readonly record: LogRecord
}

/** A role as a function over its log: `(state, record) -> (state, outputs)`. The same records give the same outputs. */
export interface Fold {
  step(record: StoredRecord): readonly Output[] | Promise<readonly Output[]>
  /** JSON or bytes (`Uint8Array`) from which `restore` makes a fold that goes on as this one would. */
  checkpoint(): unknown
  restore(state: unknown): void
  /** Told of each record in the log that an output made again was recognised as: what was said first counts. */
  adopt?(topic: string, stored: StoredRecord): void
}

export interface FoldOptions {
  readonly log: EventLog
  /** The role's name; names its checkpoints and its consumer group. */
  readonly name: string
  /** Changes when the same input would give other outputs (new features, say): an older checkpoint is not used then. */
  readonly version: string
  readonly input: string
  /** Records of a shared log may come so much later, many together. Milliseconds, default 0. */
  readonly gatherMs?: number
  readonly outputs: readonly string[]
  /** A new fold for each partition that this process has: what it knows is of that partition alone. */
  readonly fold: (partition: number) => Fold
  readonly checkpoints: Checkpoints
  readonly signal: AbortSignal
  /** `end` processes what is there of every partition and returns; absent: goes on until `signal`. */
  readonly until?: 'end'
  /**
   * `whole`: one fold over all partitions in every process, for what each process shows by itself; such a fold has no
   * outputs. Default `shared`: the processes of the role share the partitions out.
   */
  readonly partitions?: 'shared' | 'whole'
  /** Whether an output made again after a restart is the one in the log. Default: equal key, headers and bytes. */
  readonly same?: (again: Output, stored: StoredRecord) => boolean
  /** An effect besides the outputs (a store), done before the checkpoint that covers the batch. */
  readonly settle?: () => Promise<void>
  readonly metrics?: Metrics
  /** Told of every batch. */
  readonly live?: LiveWork
  /** Told when re-derived output differs from what the log holds; the new output is appended. */
  readonly onDifference?: (again: Output, stored: StoredRecord) => void
  /** Least milliseconds between checkpoints, which wait for a pause in the records (see `QuietTask`). Default 2000. */
  readonly checkpointEveryMs?: number
}

interface Checkpoint {
  readonly version: string
  readonly input: Position
  readonly outputs: Readonly<Record<string, Position>>
  readonly state: unknown
}

/**
 * Runs a fold with effects that happen exactly once, whatever is killed when.
 *
 * Each partition of the input has a fold of its own, which writes to the same partition of the outputs: keys are symbols, and
 * all topics have the same number of partitions. After a restart, or when the partition comes from another process, the fold goes on
 * from its newest checkpoint, so it makes again the outputs that were appended after that. Being deterministic it makes
 * the same ones: each is compared with what its topic holds and not appended twice.
 */
export async function runFold(options: FoldOptions): Promise<void> {
  const { input, log, name, partitions = 'shared', signal, until } = options
  const metrics = options.metrics && new FoldMetrics(name, input, log, options.metrics)
  if (partitions === 'whole') return new PartitionRun(options, 'whole', { signal }, metrics).run()
  if (until === 'end') {
    for (const partition of Object.keys((await log.bounds(input)).end).map(Number))
      await new PartitionRun(options, partition, { signal }, metrics).run()
    return
  }
  await log.share(input, {
    group: name,
    signal,
    work: (share) => new PartitionRun(options, share.partition, share, metrics).run(),
    onChange: (partitions) => metrics?.assigned(partitions),
  })
}

/** A fold on one partition, or on the whole topic. */
class PartitionRun {
  readonly #options: FoldOptions
  readonly #partition: number | 'whole'
  readonly #share: Held
  readonly #metrics: FoldMetrics | undefined
  readonly #fold: Fold
  readonly #checkpointName: string

  constructor(options: FoldOptions, partition: number | 'whole', share: Held, metrics: FoldMetrics | undefined) {
    this.#metrics = metrics
    this.#options = options
    this.#partition = partition
    this.#share = share
    this.#fold = options.fold(partition === 'whole' ? 0 : partition)
    this.#checkpointName = options.log.isShared && partition !== 'whole' ? `${options.name}/${partition}` : options.name
  }

  async run(): Promise<void> {
    const { log, outputs } = this.#options
    this.#metrics?.restoring(this.#partition)
    const stored = (await this.#options.checkpoints.load(this.#checkpointName)) as Checkpoint | null | undefined
    const checkpoint = await this.#usable(stored)
    if (checkpoint !== undefined) this.#fold.restore(checkpoint.state)
    const producers = new Map<string, Producer>()
    const outputPositions = checkpoint?.outputs ?? (await this.#superseded(stored))
    const rederivation = await Rederivation.open(this.#options, this.#partition, outputPositions, this.#fold)
    try {
      for (const topic of outputs) producers.set(topic, await log.producer(topic))
      await this.#follow(checkpoint?.input ?? 'earliest', rederivation, producers)
    } finally {
      await rederivation.close()
      for (const producer of producers.values()) await producer.close()
    }
  }

  async #follow(
    from: ConsumerOptions['from'],
    rederivation: Rederivation,
    producers: ReadonlyMap<string, Producer>,
  ): Promise<void> {
    const { gatherMs = 0, input, live, log, until } = this.#options
    const { signal } = this.#share
    const metrics = this.#metrics
    const partitions = this.#partition === 'whole' ? {} : { partitions: [this.#partition] }
    const consumer = await log.consumer(input, { from, gatherMs, signal, ...partitions, ...(until && { until }) })
    metrics?.restored(this.#partition)
    const progress: Progress = { position: {}, appended: new Map() }
    const saving = new QuietTask({
      task: () => this.#save(progress, rederivation),
      everyMs: this.#options.checkpointEveryMs ?? 2000,
    })
    try {
      for await (const batch of consumer) {
        live?.note()
        await saving.begin()
        const fresh: Output[] = []
        for (const record of batch.records) {
          const stepped = this.#fold.step(record)
          const made = stepped instanceof Promise ? await unlessAborted(stepped, signal) : stepped
          // The batch is taken in again by whoever has the partition next: nothing of it has left this process.
          if (made === undefined) return
          for (const output of made) {
            const isNew = rederivation.isNew(output)
            if (isNew instanceof Promise ? await isNew : isNew) fresh.push(output)
          }
        }
        await append(producers, fresh, progress.appended)
        progress.position = batch.next
        await rederivation.passed(batch.next)
        metrics?.processed(batch)
        live?.note()
        await saving.end()
      }
      await saving.close()
    } finally {
      await saving.cancel()
      metrics?.left(this.#partition)
    }
  }

  /** Everything before the position has taken effect. */
  async #save({ appended, position }: Progress, rederivation: Rederivation): Promise<void> {
    const { checkpoints, outputs: topics, settle, version } = this.#options
    await settle?.()
    const outputs: Record<string, Position> = {}
    for (const topic of topics) {
      // The log is asked only where nothing was appended: predictions of other partitions may be on their way just now.
      const end = appended.get(topic) ?? (await this.#options.log.bounds(topic)).end
      outputs[topic] = rederivation.reached(topic) ?? this.#own(end)
    }
    const checkpoint: Checkpoint = { version, input: position, outputs, state: this.#fold.checkpoint() }
    await checkpoints.save(this.#checkpointName, checkpoint)
    this.#metrics?.saved(this.#partition)
    await this.#commit(position)
  }

  /** The checkpoint is what counts. The group's position lets others see from outside how far behind the role is. */
  async #commit(position: Position): Promise<void> {
    const offset = this.#partition === 'whole' ? undefined : position[this.#partition]
    if (this.#options.log.isShared && offset !== undefined) await this.#share.commit?.(offset)
  }

  /** A checkpoint of another version, or one that is ahead of a log that lost its tail in a power cut, is not used. */
  async #usable(checkpoint: Checkpoint | null | undefined): Promise<Checkpoint | undefined> {
    if (checkpoint?.version !== this.#options.version) return undefined
    const positions = [[this.#options.input, checkpoint.input], ...Object.entries(checkpoint.outputs)] as const
    for (const [topic, position] of positions) {
      const { end } = await this.#options.log.bounds(topic)
      if (Object.entries(position).some(([partition, offset]) => offset > (end[Number(partition)] ?? 0)))
        return undefined
    }
    return checkpoint
  }

  /** What another version of the fold appended says nothing of what this one makes. */
  async #superseded(checkpoint: Checkpoint | null | undefined): Promise<Record<string, Position>> {
    const { log, outputs, version } = this.#options
    if (checkpoint === undefined || checkpoint === null || checkpoint.version === version) return {}
    const ends = outputs.map(async (topic) => [topic, this.#own((await log.bounds(topic)).end)] as const)
    return Object.fromEntries(await Promise.all(ends))
  }

  #own(position: Position): Position {
    return this.#partition === 'whole' ? position : { [this.#partition]: position[this.#partition] ?? 0 }
  }
}

/** Undefined when the signal aborts first: a step may wait for something that comes late or never. */
async function unlessAborted<Value>(waiting: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  if (signal.aborted) return undefined
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const stop = (): void => resolve(undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([waiting, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
    waiting.catch(() => {})
  }
}

/** What a run has of its partition: a run of its own commits nothing for a group. */
type Held = Pick<Share, 'signal'> & Partial<Pick<Share, 'commit'>>

interface Progress {
  position: Position
  /** Of each output, where the next record will stand after what was appended last. */
  readonly appended: Map<string, Position>
}

const APPEND_RECORDS = 1000

async function append(
  producers: ReadonlyMap<string, Producer>,
  outputs: readonly Output[],
  appended: Map<string, Position>,
): Promise<void> {
  if (outputs.length === 0) return
  for (const [topic, producer] of producers) {
    const records = outputs.filter((output) => output.topic === topic).map(({ record }) => record)
    // A hole that is filled releases everything that waited behind it at once.
    for (let at = 0; at < records.length; at += APPEND_RECORDS)
      appended.set(topic, await producer.append(records.slice(at, at + APPEND_RECORDS)))
  }
}
