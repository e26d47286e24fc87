import { isDeepStrictEqual } from 'node:util'
import type { Position, StoredRecord } from '@c1/event-log'
import type { FoldOptions, Output } from './fold.ts'

/** What a topic holds beyond the checkpoint, and how far of it was made again. */
interface Tail {
  readonly records: AsyncGenerator<StoredRecord, undefined>
  readonly reached: Record<number, number>
}

/**
 * The outputs that a fold appended after its newest checkpoint, in order, one topic each.
 *
 * The restarted fold makes them again; `isNew` tells them from those that the log does not hold yet.
 */
export class Rederivation {
  readonly #tails: Map<string, Tail>
  readonly #options: FoldOptions

  private constructor(options: FoldOptions, tails: Map<string, Tail>) {
    this.#options = options
    this.#tails = tails
  }

  static async open(options: FoldOptions, positions: Readonly<Record<string, Position>>): Promise<Rederivation> {
    const tails = new Map<string, Tail>()
    for (const topic of options.outputs) {
      const from = positions[topic]
      const consumer = await options.log.consumer(topic, { from: from ?? 'earliest', until: 'end' })
      tails.set(topic, { records: records(consumer), reached: { ...from } })
    }
    return new Rederivation(options, tails)
  }

  async isNew(output: Output): Promise<boolean> {
    const tail = this.#tails.get(output.topic)
    if (tail === undefined) return true
    const { value: stored } = await tail.records.next()
    const { same = identical, onDifference, onStored } = this.#options
    if (stored !== undefined && same(output, stored)) {
      tail.reached[stored.partition] = stored.offset + 1
      onStored?.(output.topic, stored)
      return false
    }
    // From a difference on, the stored tail says nothing of what the fold makes: all of it is appended, and keyed
    // readers take the newer record.
    await this.#leave(output.topic, tail)
    if (stored !== undefined) onDifference?.(output, stored)
    return true
  }

  /**
   * Up to where the fold has made a topic's records again, while it may still find more of them there. A checkpoint that
   * said the topic's end instead would have the rest appended twice after the next crash.
   */
  reached(topic: string): Position | undefined {
    const tail = this.#tails.get(topic)
    return tail && { ...tail.reached }
  }

  async close(): Promise<void> {
    for (const [topic, tail] of this.#tails) await this.#leave(topic, tail)
  }

  async #leave(topic: string, { records }: Tail): Promise<void> {
    this.#tails.delete(topic)
    await records.return(undefined)
  }
}

async function* records(
  batches: AsyncIterable<{ records: readonly StoredRecord[] }>,
): AsyncGenerator<StoredRecord, undefined> {
  for await (const batch of batches) yield* batch.records
  return undefined
}

function identical({ record }: Output, stored: StoredRecord): boolean {
  return (
    record.key === stored.key &&
    Buffer.compare(record.value, stored.value) === 0 &&
    isDeepStrictEqual({ ...record.headers }, { ...stored.headers })
  )
}
