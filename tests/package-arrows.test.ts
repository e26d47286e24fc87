import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Folders of `packages` and `apps`, from the ground up: a folder imports from its own layer or one before it. */
const LAYERS = [
  ['market'],
  ['indicators', 'windowing'],
  ['features'],
  ['modeling'],
  ['event-log', 'feature-store', 'model-registry', 'kraken', 'simulator', 'service'],
  ['testkit'],
  ['ingest-trades', 'build-candles', 'compute-features', 'train-model', 'serve-predictions', 'show-dashboard'],
  ['c1'],
]
const ROLES = LAYERS.at(-2) as string[]

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

interface Folder {
  readonly name: string
  readonly path: string
  /** Names of the folders it declares to import from, when it runs and when it is tested. */
  readonly imports: readonly string[]
  readonly runtimeImports: readonly string[]
}

type Manifest = { name: string; dependencies?: Record<string, string>; devDependencies?: Record<string, string> }

function readFolders(): Folder[] {
  const paths = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  )
  const manifests = paths
    .filter((path) => existsSync(join(root, path, 'package.json')))
    .map((path) => ({ path, manifest: read(join(root, path, 'package.json')) as Manifest }))
  const folderOf = new Map(manifests.map(({ path, manifest }) => [manifest.name, basename(path)]))
  const ours = (dependencies: Record<string, string> = {}): string[] =>
    Object.keys(dependencies)
      .filter((name) => name.startsWith('@c1/'))
      .map((name) => folderOf.get(name) ?? name)
  return manifests.map(({ path, manifest: { dependencies, devDependencies } }) => ({
    name: basename(path),
    path,
    imports: [...new Set([...ours(dependencies), ...ours(devDependencies)])],
    runtimeImports: ours(dependencies),
  }))
}

const folders = readFolders()
const layerOf = (name: string): number => LAYERS.findIndex((layer) => layer.includes(name))

/** What remains after taking away, again and again, folders that import from none that remain: the cycles. */
function inCycles(folders: readonly Folder[]): string[] {
  const names = new Set(folders.map(({ name }) => name))
  const bound = folders.filter(({ imports }) => imports.some((name) => names.has(name)))
  return bound.length === folders.length ? [...names] : inCycles(bound)
}

describe('packages and apps', () => {
  it('are each in one layer, and no layer names a folder that is not there', () => {
    expect(LAYERS.flat().toSorted()).toStrictEqual(folders.map(({ name }) => name).toSorted())
  })

  it('import only from their own layer or one before it', () => {
    const wrong = folders.flatMap(({ name, imports }) =>
      imports.filter((other) => layerOf(other) > layerOf(name)).map((other) => `${name} -> ${other}`),
    )
    expect(wrong).toStrictEqual([])
  })

  it('do not import in circles', () => {
    expect(inCycles(folders)).toStrictEqual([])
  })

  it('of a role import no other role: they meet at a topic, a feature group or the registry', () => {
    const wrong = folders
      .filter(({ name }) => ROLES.includes(name))
      .flatMap(({ name, imports }) => imports.filter((other) => ROLES.includes(other)).map((other) => [name, other]))
    expect(wrong).toStrictEqual([])
  })

  it('leave the testkit to tests', () => {
    expect(folders.filter(({ runtimeImports }) => runtimeImports.includes('testkit'))).toStrictEqual([])
  })

  it.each(folders)('$path refers TypeScript to exactly what it declares', ({ path, imports }) => {
    const { references = [] } = read(join(root, path, 'tsconfig.json')) as { references?: { path: string }[] }
    const referred = references.map(({ path: other }) => join(path, other))
    const declared = imports.map((name) => folders.find((folder) => folder.name === name)?.path)
    expect(referred.toSorted()).toStrictEqual(declared.toSorted())
  })

  it('are all built by the root', () => {
    const { references } = read(join(root, 'tsconfig.json')) as { references: { path: string }[] }
    expect(references.map(({ path }) => path)).toEqual(expect.arrayContaining(folders.map(({ path }) => path)))
  })
})
