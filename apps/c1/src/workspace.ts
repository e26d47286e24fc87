import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock, type EventLog, type Lock, openEmbeddedLog, thisProcess } from '@c1/event-log'
import { type FeatureGroupStore, type FeatureStore, openEmbeddedStore } from '@c1/feature-store'
import { systemTime, UsageError } from '@c1/market'
import { type ModelRegistry, openEmbeddedRegistry } from '@c1/model-registry'
import { CheckpointStore } from '@c1/service'
import type { Context } from './context.ts'

/** The roles, each with a lock of its own: two processes never do the same work on one data directory. */
export const ROLES = [
  'ingest-trades',
  'build-candles',
  'compute-features',
  'train-model',
  'serve-predictions',
  'show-dashboard',
] as const
export type RoleName = (typeof ROLES)[number]

/** One source's folder of the data directory, opened. */
export interface Workspace {
  readonly directory: string
  /** The folder's name, written into every record. */
  readonly source: string
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  readonly registry: ModelRegistry
  readonly store: FeatureStore
  readonly features: FeatureGroupStore
  close(): Promise<void>
}

/** Folders of sources that the data directory holds. */
export function sourceFolders(dataDirectory: string): string[] {
  if (!existsSync(dataDirectory)) return []
  const entries = readdirSync(dataDirectory, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(dataDirectory, entry.name, 'log')))
    .map(({ name }) => name)
}

/**
 * Opens a source's folder to write in the given roles; without roles it is opened for reading.
 *
 * @throws UsageError `directory_locked` when another process has one of the roles
 */
export async function openWorkspace(context: Context, source: string, roles: readonly RoleName[]): Promise<Workspace> {
  const { features, logger, settings } = context
  const directory = join(context.path(settings.dataDir), source)
  mkdirSync(join(directory, 'locks'), { recursive: true })
  const locks = lockRoles(directory, roles)
  const { retentionAge, retentionBytes } = settings
  const log = await openEmbeddedLog({
    directory: join(directory, 'log'),
    retention: {
      ...(retentionBytes > 0 && { bytes: retentionBytes }),
      ...(retentionAge > 0 && { ageMicros: retentionAge }),
    },
    onWarning: (message) => logger.warn(message),
  })
  const registry = await openEmbeddedRegistry({ directory: join(directory, 'models') })
  const store = await openEmbeddedStore({ directory })
  return {
    directory,
    source,
    log,
    checkpoints: new CheckpointStore(join(directory, 'checkpoints')),
    registry,
    store,
    features: await store.group(features.group),
    close: async () => {
      await log.close()
      await store.close()
      await registry.close()
      for (const lock of locks) lock.release()
    },
  }
}

function lockRoles(directory: string, roles: readonly RoleName[]): Lock[] {
  const held: Lock[] = []
  try {
    const owner = thisProcess(systemTime())
    for (const role of roles) {
      held.push(acquireLock(join(directory, 'locks', role), owner, (other) => inUse(directory, role, other)))
    }
    return held
  } catch (error) {
    for (const lock of held) lock.release()
    throw error
  }
}

function inUse(directory: string, role: RoleName, owner: string): UsageError {
  return new UsageError(
    'directory_locked',
    `${directory} is in use: ${owner} is its ${role}. Stop that process, or use another --data-dir.`,
  )
}
