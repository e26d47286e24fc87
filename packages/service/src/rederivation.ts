import type { Position, StoredRecord } from '@c1/event-log'
import type { FoldOptions, Output } from './fold.ts'

/**
 * The outputs that a fold appended after its newest checkpoint, in order, one topic each.
 *
 * The restarted fold makes them again; `isNew` tells them from those that the log does not hold yet.
 */
export class Rederivation {
  readonly #stored: Map<string, AsyncIterator<StoredRecord>>
  readonly #options: FoldOptions

  private constructor(options: FoldOptions, stored: Map<string, AsyncIterator<StoredRecord>>) {
    this.#options = options
    this.#stored = stored
  }

  static async open(options: FoldOptions, positions: Readonly<Record<string, Position>>): Promise<Rederivation> {
    const stored = new Map<string, AsyncIterator<StoredRecord>>()
    for (const topic of options.outputs) {
      const from = positions[topic] ?? 'earliest'
      const consumer = await options.log.consumer(topic, { from, until: 'end' })
      stored.set(topic, records(consumer))
    }
    return new Rederivation(options, stored)
  }

  async isNew(output: Output): Promise<boolean> {
    const stored = this.#stored.get(output.topic)
    if (stored === undefined) return true
    const next = await stored.next()
    if (next.done === true) {
      this.#stored.delete(output.topic)
      return true
    }
    const same = this.#options.same ?? identical
    if (same(output, next.value)) {
      this.#options.onStored?.(output.topic, next.value)
      return false
    }
    // From here on the stored tail says nothing of what the fold makes: all of it is appended, and keyed readers
    // take the newer record.
    this.#stored.delete(output.topic)
    this.#options.onDifference?.(output, next.value)
    return true
  }
}

async function* records(batches: AsyncIterable<{ records: readonly StoredRecord[] }>): AsyncGenerator<StoredRecord> {
  for await (const batch of batches) yield* batch.records
}

function identical({ record }: Output, stored: StoredRecord): boolean {
  return record.key === stored.key && Buffer.compare(record.value, stored.value) === 0
}
