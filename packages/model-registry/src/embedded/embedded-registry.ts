import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { C1Error, type EpochMicros, InvariantError, UsageError } from '@c1/market'
import { type ModelVersion, readModelVersion } from '@c1/modeling'
import type { ModelRegistry } from '../model-registry.ts'
import { placeFolder, syncFolder } from './place-folder.ts'
import { readSchedule, writeSchedule } from './schedule-file.ts'

export interface EmbeddedRegistryOptions {
  /** Created when it is not there. It belongs to the registry alone; entries with a leading dot are not looked at. */
  readonly directory: string
}

/**
 * A registry in files: `<directory>/<name>/v001/version.json`, each a model with its card, readable as it is.
 *
 * A version appears whole or not at all, whatever is killed when. Nothing is kept in memory, so a reader in another process
 * sees a version as soon as it is registered. One process writes a name; what a killed one left is swept by the next.
 *
 * Every method throws UsageError `registry_damaged`, naming the file, for a file or folder that the registry did not write.
 */
export async function openEmbeddedRegistry({ directory }: EmbeddedRegistryOptions): Promise<ModelRegistry> {
  await mkdir(directory, { recursive: true })
  return new EmbeddedRegistry(directory)
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const VERSION_FOLDER = /^v(\d{3,})$/
const FILE = 'version.json'

class EmbeddedRegistry implements ModelRegistry {
  readonly #directory: string
  #registered: Promise<void> = Promise.resolve()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** One after the other, so that none sweeps away what another is placing. */
  register(version: ModelVersion): Promise<void> {
    const turn = this.#registered.then(() => this.#register(version))
    this.#registered = turn.catch(() => undefined)
    return turn
  }

  async #register(version: ModelVersion): Promise<void> {
    checkNumbered(version)
    const file = this.#file(version.name, version.version)
    const content = `${JSON.stringify(version, null, 2)}\n`
    readModelVersion(JSON.parse(content))
    const existing = await unlessAbsent(readFile(file, 'utf8'))
    if (existing === content) return
    if (existing !== undefined) throw taken(await readVersion(file))
    await this.#makeNameFolder(version.name)
    await placeFolder(dirname(file), FILE, content).catch((cause) => {
      throw unplaced(dirname(file), cause)
    })
  }

  async #makeNameFolder(name: string): Promise<void> {
    const folder = join(this.#directory, name)
    const created = await mkdir(folder, { recursive: true })
    if (created !== undefined) return syncFolder(this.#directory)
    for (const entry of await readdir(folder)) {
      if (entry.startsWith('.placing-')) await rm(join(folder, entry), { recursive: true })
    }
  }

  async schedule(name: string, cutOff: EpochMicros): Promise<void> {
    await this.#makeNameFolder(name)
    await writeSchedule(join(this.#directory, name), cutOff)
  }

  nextCutOff(name: string): Promise<EpochMicros | undefined> {
    return readSchedule(join(this.#directory, name))
  }

  async names(): Promise<readonly string[]> {
    const names = await foldersIn(this.#directory)
    const counts = await Promise.all(names.map((name) => this.#numbers(name)))
    return names.filter((_, at) => counts[at]?.length !== 0)
  }

  async versions(name: string): Promise<readonly ModelVersion[]> {
    if (!NAME.test(name)) return []
    const numbers = await this.#numbers(name)
    return Promise.all(numbers.map((number) => this.#read(name, number)))
  }

  close(): Promise<void> {
    return this.#registered
  }

  async #read(name: string, number: number): Promise<ModelVersion> {
    const file = this.#file(name, number)
    const version = await readVersion(file)
    if (version.name === name && version.version === number) return version
    throw damaged(file, `it holds ${version.name} version ${version.version}`)
  }

  /** The numbers of a name's versions, ascending. */
  async #numbers(name: string): Promise<readonly number[]> {
    const folder = join(this.#directory, name)
    const numbers = (await foldersIn(folder)).map((entry) => {
      const number = Number(VERSION_FOLDER.exec(entry)?.[1])
      if (versionFolder(number) !== entry) throw damaged(join(folder, entry), 'its name is not a version like v001')
      return number
    })
    return numbers.sort((a, b) => a - b)
  }

  #file(name: string, number: number): string {
    return join(this.#directory, name, versionFolder(number), FILE)
  }
}

function versionFolder(number: number): string {
  return `v${String(number).padStart(3, '0')}`
}

async function readVersion(file: string): Promise<ModelVersion> {
  try {
    return readModelVersion(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw damaged(file, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

/** Names of the folders in a folder, sorted; none when it is not there. */
async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = (await unlessAbsent(readdir(folder, { withFileTypes: true }))) ?? []
  const visible = entries.filter(({ name }) => !name.startsWith('.'))
  for (const entry of visible) {
    if (!entry.isDirectory()) throw damaged(join(folder, entry.name), 'it is not a folder of the registry')
  }
  return visible.map(({ name }) => name).sort()
}

async function unlessAbsent<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  return reading.catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') return undefined
    throw thrown
  })
}

function checkNumbered({ name, version }: ModelVersion): void {
  if (NAME.test(name) && Number.isSafeInteger(version) && version >= 1) return
  throw new InvariantError(
    'version_unnamed',
    `"${name}" version ${version} cannot be a folder: expected BTC-USD-return-1m and 1, 2, 3.`,
  )
}

function taken({ name, version }: ModelVersion): C1Error {
  return new C1Error(
    'version_taken',
    `${name} version ${version} is registered with other content: register it under the next number.`,
  )
}

function damaged(path: string, why: string, cause?: unknown): UsageError {
  return new UsageError(
    'registry_damaged',
    `${path} is not a version in the model registry: ${why}. Restore it from a copy, or move it away to go on without it.`,
    { details: { path }, cause },
  )
}

function unplaced(folder: string, cause: NodeJS.ErrnoException): unknown {
  if (cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST') return damaged(folder, `it holds no ${FILE}`, cause)
  if (cause.code !== 'ENOSPC' && cause.code !== 'EDQUOT') return cause
  return new C1Error('registry_full', `No space left for ${folder}: free some and train again.`, {
    details: { folder },
    retryable: true,
    cause,
  })
}
