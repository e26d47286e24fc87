import type { EventLog, LogRecord, Position, Producer, StoredRecord } from '@c1/event-log'
import type { CheckpointStore } from './checkpoint-store.ts'
import { QuietTask } from './quiet-task.ts'
import { Rederivation } from './rederivation.ts'

export interface Output {
  readonly topic: string
  readonly record: LogRecord
}

/** A role as a function over its log: `(state, record) -> (state, outputs)`. The same records give the same outputs. */
export interface Fold {
  step(record: StoredRecord): readonly Output[] | Promise<readonly Output[]>
  /** JSON from which `restore` makes a fold that goes on as this one would. */
  checkpoint(): unknown
  restore(state: unknown): void
}

export interface FoldOptions {
  readonly log: EventLog
  /** The role's name; names its checkpoint. */
  readonly name: string
  /** Changes when the same input would give other outputs (new features, say): an older checkpoint is not used then. */
  readonly version: string
  readonly input: string
  readonly outputs: readonly string[]
  readonly fold: Fold
  readonly checkpoints: CheckpointStore
  readonly signal: AbortSignal
  /** `end` processes what is there and returns; absent: goes on until `signal`. */
  readonly until?: 'end'
  /** Whether an output made again after a restart is the one in the log. Default: equal key, headers and bytes. */
  readonly same?: (again: Output, stored: StoredRecord) => boolean
  /** Told of each record in the log that an output made again was recognised as: what was said first counts. */
  readonly onStored?: (topic: string, stored: StoredRecord) => void
  /** An effect besides the outputs (a store), done before the checkpoint that covers the batch. */
  readonly settle?: () => Promise<void>
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
 * After a restart the fold goes on from its newest checkpoint, so it makes again the outputs that it had appended after
 * that. Being deterministic it makes the same ones: each is compared with what its topic holds and not appended twice.
 */
export async function runFold(options: FoldOptions): Promise<void> {
  const { log, input, signal, fold } = options
  const checkpoint = await usableCheckpoint(options)
  if (checkpoint !== undefined) fold.restore(checkpoint.state)
  const producers = new Map<string, Producer>()
  const rederivation = await Rederivation.open(options, checkpoint?.outputs ?? (await supersededOutputs(options)))
  let cancelSaving = async (): Promise<void> => {}
  try {
    for (const topic of options.outputs) producers.set(topic, await log.producer(topic))
    const from = checkpoint?.input ?? 'earliest'
    const consumer = await log.consumer(input, { from, signal, ...(options.until && { until: options.until }) })
    const saver = new CheckpointSaver(options, rederivation)
    const saving = new QuietTask({ task: () => saver.save(), everyMs: options.checkpointEveryMs ?? 2000 })
    cancelSaving = () => saving.cancel()
    for await (const batch of consumer) {
      await saving.begin()
      const fresh: Output[] = []
      for (const record of batch.records) {
        const stepped = fold.step(record)
        const outputs = stepped instanceof Promise ? await stepped : stepped
        for (const output of outputs) if (await rederivation.isNew(output)) fresh.push(output)
      }
      await append(producers, fresh)
      saver.position = batch.next
      await saving.end()
    }
    await saving.close()
  } finally {
    await cancelSaving()
    await rederivation.close()
    for (const producer of producers.values()) await producer.close()
  }
}

const APPEND_RECORDS = 1000

async function append(producers: ReadonlyMap<string, Producer>, outputs: readonly Output[]): Promise<void> {
  if (outputs.length === 0) return
  for (const [topic, producer] of producers) {
    const records = outputs.filter((output) => output.topic === topic).map(({ record }) => record)
    // A hole that is filled releases everything that waited behind it at once.
    for (let at = 0; at < records.length; at += APPEND_RECORDS)
      await producer.append(records.slice(at, at + APPEND_RECORDS))
  }
}

/** A checkpoint of another version, or one that is ahead of a log that lost its tail in a power cut, is not used. */
async function usableCheckpoint(options: FoldOptions): Promise<Checkpoint | undefined> {
  const checkpoint = options.checkpoints.load(options.name) as Checkpoint | null | undefined
  if (checkpoint?.version !== options.version) return undefined
  const positions = [[options.input, checkpoint.input], ...Object.entries(checkpoint.outputs)] as [string, Position][]
  for (const [topic, position] of positions) {
    const { end } = await options.log.bounds(topic)
    if (Object.entries(position).some(([partition, offset]) => offset > (end[Number(partition)] ?? 0))) return undefined
  }
  return checkpoint
}

/** What another version of the fold appended says nothing of what this one makes. */
async function supersededOutputs({
  checkpoints,
  log,
  name,
  outputs,
  version,
}: FoldOptions): Promise<Record<string, Position>> {
  const checkpoint = checkpoints.load(name) as Checkpoint | null | undefined
  if (checkpoint === undefined || checkpoint?.version === version) return {}
  const ends = await Promise.all(outputs.map(async (topic) => [topic, (await log.bounds(topic)).end] as const))
  return Object.fromEntries(ends)
}

class CheckpointSaver {
  /** Everything before it has taken effect. */
  position: Position = {}
  readonly #options: FoldOptions
  readonly #rederivation: Rederivation

  constructor(options: FoldOptions, rederivation: Rederivation) {
    this.#options = options
    this.#rederivation = rederivation
  }

  async save(): Promise<void> {
    const { checkpoints, fold, log, name, settle, version } = this.#options
    await settle?.()
    const outputs: Record<string, Position> = {}
    for (const topic of this.#options.outputs) {
      outputs[topic] = this.#rederivation.reached(topic) ?? (await log.bounds(topic)).end
    }
    const checkpoint: Checkpoint = { version, input: this.position, outputs, state: fold.checkpoint() }
    checkpoints.save(name, checkpoint)
  }
}
