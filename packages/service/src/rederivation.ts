import { isDeepStrictEqual } from 'node:util'
import type { Position, StoredRecord } from '@c1/event-log'
import type { Fold, FoldOptions, Output } from './fold.ts'

/** What a topic holds beyond the checkpoint, and how far of it was made again. */
interface Tail {
  readonly records: AsyncGenerator<StoredRecord, undefined>
  /** Where the next record of `records` stands. */
  readonly reached: Record<number, number>
  /** Read, and not made again so far; by key. Only where several may have written. */
  readonly unmatched: Map<string, StoredRecord[]>
  isRead: boolean
}

/**
 * The outputs that a fold appended after its newest checkpoint, one topic each.
 *
 * The restarted fold makes them again; `isNew` tells them from those that the log does not hold yet. Where the fold is the
 * only writer they come in the same order. Where a process that lost the partition may have written at the same time, an
 * output counts as there wherever it stands in the tail.
 */
export class Rederivation {
  readonly #tails: Map<string, Tail>
  readonly #options: FoldOptions
  readonly #fold: Fold
  /** The end of the input when the tails were opened: once it is passed, they hold nothing that can be made again. */
  readonly #inputEnd: Position

  private constructor(options: FoldOptions, fold: Fold, tails: Map<string, Tail>, inputEnd: Position) {
    this.#options = options
    this.#fold = fold
    this.#tails = tails
    this.#inputEnd = inputEnd
  }

  static async open(
    options: FoldOptions,
    partition: number | 'whole',
    positions: Readonly<Record<string, Position>>,
    fold: Fold,
  ): Promise<Rederivation> {
    const { input, log, outputs } = options
    const partitions = partition === 'whole' ? {} : { partitions: [partition] }
    const tails = new Map<string, Tail>()
    for (const topic of outputs) {
      const from = positions[topic]
      const consumer = await log.consumer(topic, { from: from ?? 'earliest', until: 'end', ...partitions })
      tails.set(topic, { records: records(consumer), reached: { ...from }, unmatched: new Map(), isRead: false })
    }
    const { end } = await log.bounds(input)
    return new Rederivation(options, fold, tails, partition === 'whole' ? end : { [partition]: end[partition] ?? 0 })
  }

  isNew(output: Output): boolean | Promise<boolean> {
    const tail = this.#tails.get(output.topic)
    if (tail === undefined) return true
    return this.#options.log.isShared ? this.#isAnywhereNew(output, tail) : this.#isNextNew(output, tail)
  }

  /**
   * Up to where the fold has made a topic's records again, while it may still find more of them there. A checkpoint that
   * said the topic's end instead would have the rest appended twice after the next crash.
   */
  reached(topic: string): Position | undefined {
    const tail = this.#tails.get(topic)
    if (tail === undefined) return undefined
    const reached = { ...tail.reached }
    for (const { offset, partition } of [...tail.unmatched.values()].flat()) {
      reached[partition] = Math.min(reached[partition] ?? offset, offset)
    }
    return reached
  }

  /** Told how far the fold has come in its input. */
  async passed(position: Position): Promise<void> {
    if (this.#tails.size === 0 || !this.#options.log.isShared) return
    const isPast = Object.entries(this.#inputEnd).every(([partition, end]) => (position[Number(partition)] ?? 0) >= end)
    if (isPast) await this.close()
  }

  async close(): Promise<void> {
    for (const [topic, tail] of this.#tails) await this.#leave(topic, tail)
  }

  async #isNextNew(output: Output, tail: Tail): Promise<boolean> {
    const { value: stored } = await tail.records.next()
    if (stored !== undefined && this.#isSame(output, stored)) {
      this.#found(output.topic, stored, tail)
      return false
    }
    // From a difference on, the stored tail says nothing of what the fold makes: all of it is appended, and keyed
    // readers take the newer record.
    await this.#leave(output.topic, tail)
    if (stored !== undefined) this.#options.onDifference?.(output, stored)
    return true
  }

  async #isAnywhereNew(output: Output, tail: Tail): Promise<boolean> {
    const read = tail.unmatched.get(output.record.key) ?? []
    const at = read.findIndex((stored) => this.#isSame(output, stored))
    if (at !== -1) {
      const [stored] = read.splice(at, 1)
      this.#fold.adopt?.(output.topic, stored as StoredRecord)
      return false
    }
    while (!tail.isRead) {
      const { value: stored } = await tail.records.next()
      if (stored === undefined) {
        tail.isRead = true
        break
      }
      if (this.#isSame(output, stored)) {
        this.#found(output.topic, stored, tail)
        return false
      }
      tail.reached[stored.partition] = stored.offset + 1
      const others = tail.unmatched.get(stored.key)
      // A view of a whole answer of the broker would keep that in memory.
      const kept = { ...stored, value: Buffer.from(stored.value) }
      if (others === undefined) tail.unmatched.set(stored.key, [kept])
      else others.push(kept)
    }
    return true
  }

  #isSame(output: Output, stored: StoredRecord): boolean {
    return output.record.key === stored.key && (this.#options.same ?? identical)(output, stored)
  }

  #found(topic: string, stored: StoredRecord, tail: Tail): void {
    tail.reached[stored.partition] = stored.offset + 1
    this.#fold.adopt?.(topic, stored)
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
    isDeepStrictEqual(ownHeaders(record.headers), ownHeaders(stored.headers))
  )
}

/** Who wrote a record is no part of what it says. */
function ownHeaders({ 'c1-writer': _, ...own }: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return own
}
