import type { FeatureGroup, FeatureRow } from '@c1/features'
import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { RootDatabase } from 'lmdb'
import { compareRows } from './row-order.ts'
import { writeError } from './storage-error.ts'

export type OnlineDatabase = RootDatabase<Buffer, [group: string, version: number, symbol: string]>

/** Numbers before the features. */
const KEYS = 5

/**
 * The newest row of each symbol of one group. What this process wrote it reads from memory at once; other processes see it
 * in lmdb when it is committed, shortly after.
 */
export class OnlineRows {
  readonly #path: string
  readonly #database: OnlineDatabase
  readonly #group: FeatureGroup
  readonly #written = new Map<MarketSymbol, FeatureRow>()
  /** Symbols whose newest row could not be stored. */
  readonly #unstored = new Set<MarketSymbol>()
  #lastPut: Promise<unknown> = Promise.resolve()
  #failure: unknown

  constructor(path: string, database: OnlineDatabase, group: FeatureGroup) {
    this.#path = path
    this.#database = database
    this.#group = group
  }

  /** Keeps each row that is not older than its symbol's newest. What cannot be stored `flush` tells. */
  write(rows: readonly FeatureRow[]): void {
    const changed = new Map<MarketSymbol, FeatureRow>()
    for (const row of rows) {
      const newest = changed.get(row.symbol) ?? this.latest(row.symbol)
      if (newest === undefined || compareRows(row, newest) >= 0) changed.set(row.symbol, row)
    }
    for (const row of changed.values()) this.#put(row)
  }

  latest(symbol: MarketSymbol): FeatureRow | undefined {
    const written = this.#written.get(symbol)
    if (written !== undefined) return written
    const stored = this.#database.get(this.#key(symbol))
    return stored === undefined ? undefined : decode(symbol, stored)
  }

  /** Resolves when all is committed; what failed before is tried again. @throws C1Error `disk_full`, `store_unwritable` */
  async flush(): Promise<void> {
    await this.#lastPut
    if (this.#unstored.size === 0) return
    const again = [...this.#unstored].flatMap((symbol) => this.#written.get(symbol) ?? [])
    this.#unstored.clear()
    for (const row of again) this.#put(row)
    await this.#lastPut
    if (this.#unstored.size > 0) throw writeError(this.#path, this.#failure)
  }

  #put(row: FeatureRow): void {
    this.#written.set(row.symbol, row)
    const stored = this.#database.put(this.#key(row.symbol), encode(row)).catch(async (error: CommitError) => {
      this.#unstored.add(row.symbol)
      this.#failure = await reasonOf(error)
    })
    this.#lastPut = Promise.all([this.#lastPut, stored])
  }

  #key(symbol: MarketSymbol): [string, number, string] {
    return [this.#group.name, this.#group.version, symbol]
  }
}

type CommitError = Error & { readonly commitError?: Promise<never> }

/**
 * Why a commit failed, which lmdb tells by rejecting one more promise; left alone that would end the process.
 *
 * @see https://github.com/kriszyp/lmdb-js/issues/368
 */
async function reasonOf(error: CommitError): Promise<unknown> {
  return error.commitError === undefined ? error : error.commitError.catch((reason: unknown) => reason)
}

/** The row's numbers as they are in memory, so that they come back bit for bit. */
function encode(row: FeatureRow): Buffer {
  const { eventTime, availableAt, revision, firstTradeId, lastTradeId, values } = row
  return Buffer.from(Float64Array.of(eventTime, availableAt, revision, firstTradeId, lastTradeId, ...values).buffer)
}

function decode(symbol: MarketSymbol, stored: Buffer): FeatureRow {
  const numbers = new Float64Array(new Uint8Array(stored).buffer)
  const [eventTime, availableAt, revision, firstTradeId, lastTradeId] = numbers as unknown as [
    EpochMicros,
    EpochMicros,
    number,
    number,
    number,
  ]
  return {
    symbol,
    eventTime,
    availableAt,
    revision,
    firstTradeId,
    lastTradeId,
    values: Array.from(numbers.subarray(KEYS)),
  }
}
