import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock, type EventLog, type Lock, openEmbeddedLog, thisProcess } from '@c1/event-log'
import { type FeatureGroupStore, type FeatureStore, openEmbeddedStore } from '@c1/feature-store'
import { systemTime, UsageError } from '@c1/market'
import { type ModelRegistry, openEmbeddedRegistry } from '@c1/model-registry'
import { CheckpointStore, type Checkpoints, type Logger, type Settings, TopicCheckpoints } from '@c1/service'
import type { Context } from './context.ts'
import { COMMAND_PATIENCE_MS, openKafka } from './kafka.ts'
import { storedSource } from './source.ts'
import { sourceOnBroker } from './source-on-broker.ts'

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

/** Roles that any number of processes share out by partitions where the log is shared: they keep nothing of their own in the folder. */
const SHARED_ROLES: readonly RoleName[] = ['build-candles', 'compute-features', 'serve-predictions']

/** One source's folder of the data directory, opened. */
export interface Workspace {
  readonly directory: string
  /** The folder's name, written into every record. */
  readonly source: string
  readonly log: EventLog
  /** Of this machine. */
  readonly checkpoints: CheckpointStore
  /** Of what any process of a role may go on with. */
  readonly foldCheckpoints: Checkpoints
  readonly registry: ModelRegistry
  readonly store: FeatureStore
  readonly features: FeatureGroupStore
  close(): Promise<void>
}

export interface WorkspaceOptions {
  /** How long a log that is away is waited for. Milliseconds; default that of a command, Infinity for a role. */
  readonly patienceMs?: number
}

/** Folders of sources that the data directory holds. */
function sourceFolders(dataDirectory: string): string[] {
  if (!existsSync(dataDirectory)) return []
  const entries = readdirSync(dataDirectory, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(dataDirectory, entry.name, 'log')))
    .map(({ name }) => name)
}

/** For commands that read what is there: the source that is stored, in the data directory or on Kafka. */
export async function storedFolder(context: Context): Promise<string> {
  const { path, settings } = context
  if (settings.eventLog === 'kafka') return (await sourceOnBroker(context, COMMAND_PATIENCE_MS)).folder
  return storedSource(settings, path, sourceFolders(path(settings.dataDir)))
}

/**
 * Opens a source's folder to write in the given roles; without roles it is opened for reading.
 *
 * @throws UsageError `directory_locked` when another process has one of the roles
 */
export async function openWorkspace(
  context: Context,
  source: string,
  roles: readonly RoleName[],
  { patienceMs = COMMAND_PATIENCE_MS }: WorkspaceOptions = {},
): Promise<Workspace> {
  const { features, logger, settings } = context
  const directory = join(context.path(settings.dataDir), source)
  mkdirSync(join(directory, 'locks'), { recursive: true })
  const isShared = settings.eventLog === 'kafka'
  const locks = lockRoles(directory, isShared ? roles.filter((role) => !SHARED_ROLES.includes(role)) : roles)
  const log = isShared
    ? await openKafka({ ...context, patienceMs }, source)
    : await openLog(settings, directory, logger)
  const checkpoints = new CheckpointStore(join(directory, 'checkpoints'))
  const registry = await openEmbeddedRegistry({ directory: join(directory, 'models') })
  const store = await openEmbeddedStore({ directory })
  return {
    directory,
    source,
    log,
    checkpoints,
    foldCheckpoints: isShared ? new TopicCheckpoints(log) : checkpoints,
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

function openLog(settings: Settings, directory: string, logger: Logger): Promise<EventLog> {
  const { retentionAge, retentionBytes } = settings
  return openEmbeddedLog({
    directory: join(directory, 'log'),
    retention: {
      ...(retentionBytes > 0 && { bytes: retentionBytes }),
      ...(retentionAge > 0 && { ageMicros: retentionAge }),
    },
    onWarning: (message) => logger.warn(message),
  })
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
