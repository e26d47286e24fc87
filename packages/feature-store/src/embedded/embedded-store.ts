import { join } from 'node:path'
import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, InvariantError, type MarketSymbol } from '@c1/market'
import { open } from 'lmdb'
import type { FeatureGroupStore, FeatureStore, RowRange } from '../feature-store.ts'
import { DuckDb } from './duckdb.ts'
import { makeDirectory } from './durable.ts'
import { groupDirectory, listGroups, openGroup } from './group-file.ts'
import { OfflineRows } from './offline-rows.ts'
import { type OnlineDatabase, OnlineRows } from './online-rows.ts'
import { writeError } from './storage-error.ts'

export interface EmbeddedStoreOptions {
  /** Holds `offline` (Parquet) and `online` (lmdb). */
  readonly directory: string
}

/**
 * The feature store of one machine. One process writes; others may open the same folder and read: the offline rows of the
 * last flush, the online rows as they are committed.
 *
 * @throws C1Error `disk_full`, `store_unwritable`
 */
export async function openEmbeddedStore({ directory }: EmbeddedStoreOptions): Promise<FeatureStore> {
  try {
    await makeDirectory(directory, join(directory, 'offline'))
    // With event-turn batching a failed commit also rejects a promise that nobody can reach.
    const database: OnlineDatabase = open({
      path: join(directory, 'online'),
      encoding: 'binary',
      eventTurnBatching: false,
    })
    return new EmbeddedStore(directory, database)
  } catch (error) {
    throw writeError(directory, error)
  }
}

class EmbeddedStore implements FeatureStore {
  readonly #directory: string
  readonly #offline: string
  readonly #online: OnlineDatabase
  readonly #duckDb = new DuckDb()
  readonly #groups = new Map<string, EmbeddedGroupStore>()

  constructor(directory: string, online: OnlineDatabase) {
    this.#directory = directory
    this.#offline = join(directory, 'offline')
    this.#online = online
  }

  async group(group: FeatureGroup): Promise<FeatureGroupStore> {
    await openGroup(this.#offline, group)
    const directory = groupDirectory(this.#offline, group)
    let opened = this.#groups.get(directory)
    if (opened === undefined) {
      const offline = new OfflineRows(directory, group, this.#duckDb)
      const online = new OnlineRows(join(this.#directory, 'online'), this.#online, group)
      opened = new EmbeddedGroupStore(group, offline, online)
      this.#groups.set(directory, opened)
    }
    return opened
  }

  async groups(): Promise<readonly FeatureGroup[]> {
    return listGroups(this.#offline)
  }

  /** Flushes every group first. */
  async close(): Promise<void> {
    try {
      for (const group of this.#groups.values()) await group.flush()
    } finally {
      await this.#online.close()
      await this.#duckDb.close()
    }
  }
}

class EmbeddedGroupStore implements FeatureGroupStore {
  readonly group: FeatureGroup
  readonly #offline: OfflineRows
  readonly #online: OnlineRows

  constructor(group: FeatureGroup, offline: OfflineRows, online: OnlineRows) {
    this.group = group
    this.#offline = offline
    this.#online = online
  }

  /** A row whose key is there already takes its place. @throws InvariantError `row_columns` */
  async write(rows: readonly FeatureRow[]): Promise<void> {
    for (const row of rows) this.#checkColumns(row)
    this.#offline.write(rows)
    this.#online.write(rows)
  }

  async flush(pause?: () => Promise<void>): Promise<void> {
    await this.#offline.flush(pause)
    await this.#online.flush()
  }

  async range(range: RowRange): Promise<readonly FeatureRow[]> {
    return this.#offline.range(range)
  }

  async asOf(symbol: MarketSymbol, time: EpochMicros): Promise<FeatureRow | undefined> {
    return this.#offline.asOf(symbol, time)
  }

  async latest(symbol: MarketSymbol): Promise<FeatureRow | undefined> {
    return this.#online.latest(symbol)
  }

  #checkColumns({ symbol, eventTime, values }: FeatureRow): void {
    const { name, features } = this.group
    if (values.length === features.length) return
    throw new InvariantError(
      'row_columns',
      `The row of ${symbol} at ${eventTime} has ${values.length} values; feature group ${name} has ${features.length} columns.`,
    )
  }
}
