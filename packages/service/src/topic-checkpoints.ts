import { randomUUID } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { CHECKPOINTS_TOPIC, type EventLog, type LogRecord, type Producer, type StoredRecord } from '@c1/event-log'
import { C1Error, systemTime } from '@c1/market'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-bytes.ts'
import type { Checkpoints } from './checkpoint-store.ts'

/** A record stays well below the largest that a topic takes by default. */
const CHUNK_BYTES = 512 * 1024
/** Records that are looked through at first, from the end. */
const FIRST_LOOK = 128

/**
 * Keeps checkpoints in a compacted topic with one partition, so that any machine can go on with what another one did.
 *
 * A checkpoint is one record for each chunk, keyed `NAME/CHUNK`; it counts when all its chunks are there. The newest of
 * every role is near the end of the topic, which is read from there backwards.
 */
export class TopicCheckpoints implements Checkpoints {
  readonly #log: EventLog
  #producer: Promise<Producer> | undefined

  constructor(log: EventLog) {
    this.#log = log
  }

  async load(name: string): Promise<unknown> {
    const { begin, end } = await this.#log.bounds(CHECKPOINTS_TOPIC)
    const [first = 0, last = 0] = [begin[0], end[0]]
    for (let look = FIRST_LOOK; ; look *= 8) {
      const from = Math.max(first, last - look)
      const newest = newestWhole(await this.#chunks(name, from, last))
      if (newest !== undefined) return decode(name, newest)
      if (from === first) return undefined
    }
  }

  async save(name: string, checkpoint: unknown): Promise<void> {
    const bytes = gzipSync(encodeCheckpoint(checkpoint), { level: 1 })
    const chunks = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES))
    const headers = { 'c1-kind': 'checkpoint', 'c1-checkpoint': randomUUID(), 'c1-chunks': String(chunks) }
    const records = Array.from({ length: chunks }, (_, at): LogRecord => {
      const value = bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES)
      return { key: `${name}/${at}`, value, timestamp: systemTime(), headers }
    })
    this.#producer ??= this.#log.producer(CHECKPOINTS_TOPIC)
    await (await this.#producer).append(records)
  }

  /** By checkpoint, in the order of the topic. */
  async #chunks(name: string, from: number, until: number): Promise<Map<string, StoredRecord[]>> {
    const found = new Map<string, StoredRecord[]>()
    const consumer = await this.#log.consumer(CHECKPOINTS_TOPIC, { from: { 0: from }, until: { 0: until } })
    for await (const { records } of consumer) {
      for (const record of records) {
        const id = record.headers['c1-checkpoint']
        if (id === undefined || roleOf(record) !== name) continue
        // The value is a view of a larger answer: a copy lets that go.
        const kept = { ...record, value: Buffer.from(record.value) }
        found.set(id, [...(found.get(id) ?? []), kept])
      }
    }
    return found
  }
}

function roleOf({ key }: StoredRecord): string {
  return key.slice(0, key.lastIndexOf('/'))
}

function newestWhole(checkpoints: ReadonlyMap<string, readonly StoredRecord[]>): readonly StoredRecord[] | undefined {
  return [...checkpoints.values()].findLast((chunks) => chunks.length === Number(chunks[0]?.headers['c1-chunks']))
}

function decode(name: string, chunks: readonly StoredRecord[]): unknown {
  const ordered = chunks.toSorted((a, b) => chunkOf(a) - chunkOf(b))
  try {
    return decodeCheckpoint(gunzipSync(Buffer.concat(ordered.map(({ value }) => value))))
  } catch (cause) {
    throw new C1Error(
      'checkpoint_damaged',
      `The newest checkpoint of ${name} in ${CHECKPOINTS_TOPIC} cannot be read. Forget it with "c1 topics forget ${name.split('/')[0]}": the role then starts from the log.`,
      { cause },
    )
  }
}

function chunkOf({ key }: StoredRecord): number {
  return Number(key.slice(key.lastIndexOf('/') + 1))
}
