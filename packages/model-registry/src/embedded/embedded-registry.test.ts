import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelVersion } from '@c1/modeling'
import { modelRegistryContract, modelVersion } from '@c1/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { openEmbeddedRegistry } from './embedded-registry.ts'

const root = await mkdtemp(join(tmpdir(), 'c1-registry-'))
afterAll(() => rm(root, { recursive: true }))
const newDirectory = (): Promise<string> => mkdtemp(join(root, 'r-'))
const NAME = 'BTC-USD-return-1m'

describe('the embedded registry keeps the contract', () => {
  modelRegistryContract(async () => {
    const directory = await newDirectory()
    return { open: () => openEmbeddedRegistry({ directory }) }
  })
})

describe('the embedded registry on disk', () => {
  it('writes one readable file a version', async () => {
    const directory = await newDirectory()
    const registry = await openEmbeddedRegistry({ directory })
    await registry.register(modelVersion())
    const text = await readFile(join(directory, NAME, 'v001', 'version.json'), 'utf8')
    expect(JSON.parse(text)).toEqual(modelVersion())
    expect(text).toContain('\n  "kind": "no-change",\n')
    expect(await readdir(join(directory, NAME))).toEqual(['v001'])
  })

  it('creates its directory', async () => {
    const directory = join(await newDirectory(), 'deep', 'models')
    const registry = await openEmbeddedRegistry({ directory })
    expect(await registry.names()).toEqual([])
    expect(await readdir(directory)).toEqual([])
  })

  it('does not see what a kill left before the rename, and sweeps it away', async () => {
    const directory = await newDirectory()
    const left = join(directory, NAME, '.placing-abc')
    await mkdir(left, { recursive: true })
    await writeFile(join(left, 'version.json'), '{"name": "BTC-')
    const registry = await openEmbeddedRegistry({ directory })
    expect(await registry.names()).toEqual([])
    expect(await registry.versions(NAME)).toEqual([])
    await registry.register(modelVersion())
    expect(await readdir(join(directory, NAME))).toEqual(['v001'])
  })

  const damages: [string, string][] = [
    ['cut off', JSON.stringify(modelVersion()).slice(0, 200)],
    ['not JSON', 'hello'],
    ['empty', ''],
    ['of another kind', '{"some": "file"}'],
    ['without a card', JSON.stringify({ ...modelVersion(), card: undefined })],
    ['with a number turned into text', JSON.stringify({ ...modelVersion(), errorLower: '-0.001' })],
    ['of another version', JSON.stringify(modelVersion({ version: 7 }))],
  ]
  it.each(damages)('names a file that is %s', async (_, content) => {
    const directory = await newDirectory()
    const registry = await openEmbeddedRegistry({ directory })
    await registry.register(modelVersion())
    const file = join(directory, NAME, 'v001', 'version.json')
    await writeFile(file, content)
    const thrown = await registry.versions(NAME).catch((thrown: unknown) => thrown)
    expect(thrown).toMatchObject({ code: 'registry_damaged', message: expect.stringContaining(file) })
  })

  it('names a damaged file when its version is registered again', async () => {
    const directory = await newDirectory()
    const registry = await openEmbeddedRegistry({ directory })
    await registry.register(modelVersion())
    await writeFile(join(directory, NAME, 'v001', 'version.json'), '{')
    await expect(registry.register(modelVersion())).rejects.toMatchObject({ code: 'registry_damaged' })
  })

  it('names a version folder without its file', async () => {
    const directory = await newDirectory()
    await mkdir(join(directory, NAME, 'v001'), { recursive: true })
    const registry = await openEmbeddedRegistry({ directory })
    await expect(registry.versions(NAME)).rejects.toMatchObject({ code: 'registry_damaged' })
  })

  it.each(['notes.txt', `${NAME}/v1`, `${NAME}/latest`])('names the foreign entry %s', async (entry) => {
    const directory = await newDirectory()
    const registry = await openEmbeddedRegistry({ directory })
    await registry.register(modelVersion())
    if (entry.endsWith('.txt')) await writeFile(join(directory, entry), 'mine')
    else await mkdir(join(directory, entry))
    const message = expect.stringContaining(join(directory, entry))
    await expect(registry.names()).rejects.toMatchObject({ code: 'registry_damaged', message })
  })

  it('does not place a version over a foreign folder that is not empty', async () => {
    const directory = await newDirectory()
    const folder = join(directory, NAME, 'v001')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'mine.txt'), 'mine')
    const registry = await openEmbeddedRegistry({ directory })
    await expect(registry.register(modelVersion())).rejects.toMatchObject({ code: 'registry_damaged' })
    expect(await readdir(join(directory, NAME))).toEqual(['v001'])
    expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe('mine')
  })

  it('refuses a name that leaves the directory', async () => {
    const registry = await openEmbeddedRegistry({ directory: await newDirectory() })
    await expect(registry.register(modelVersion({ name: '../up' }))).rejects.toMatchObject({ code: 'version_unnamed' })
    await expect(registry.register(modelVersion({ version: 0 }))).rejects.toMatchObject({ code: 'version_unnamed' })
    expect(await registry.versions('../up')).toEqual([])
  })

  it('refuses to write a version that could not be read again', async () => {
    const registry = await openEmbeddedRegistry({ directory: await newDirectory() })
    const unreadable: ModelVersion = modelVersion({ errorUpper: Number.NaN })
    await expect(registry.register(unreadable)).rejects.toMatchObject({ code: 'model_malformed' })
    expect(await registry.names()).toEqual([])
  })
})
