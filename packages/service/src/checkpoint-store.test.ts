import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { C1Error } from '@c1/market'
import { afterAll, describe, expect, it } from 'vitest'
import { CheckpointStore } from './checkpoint-store.ts'

const root = mkdtempSync(join(tmpdir(), 'c1-checkpoints-'))
afterAll(() => rmSync(root, { recursive: true }))
const newDirectory = (): string => join(mkdtempSync(join(root, 'c-')), 'checkpoints')

describe('CheckpointStore', () => {
  it('gives back the newest checkpoint of each role, also to the next process', () => {
    const directory = newDirectory()
    const store = new CheckpointStore(directory)
    store.save('build-candles', { position: { 0: 5 } })
    store.save('build-candles', { position: { 0: 9 } })
    store.save('train-model', 'idle')
    const next = new CheckpointStore(directory)
    expect(next.load('build-candles')).toStrictEqual({ position: { 0: 9 } })
    expect(next.load('train-model')).toBe('idle')
  })

  it('gives back a state of bytes as bytes, whatever they are', () => {
    const store = new CheckpointStore(newDirectory())
    const state = Uint8Array.from({ length: 300 }, (_, at) => at)
    store.save('build-candles', { version: '2', input: { 0: 9 }, state })
    const loaded = store.load('build-candles') as { readonly state: Uint8Array }
    expect(loaded).toMatchObject({ version: '2', input: { 0: 9 } })
    expect([...loaded.state]).toEqual([...state])
  })

  it('knows nothing of a role that saved nothing', () => {
    expect(new CheckpointStore(newDirectory()).load('build-candles')).toBeUndefined()
  })

  it('keeps the checkpoint before when it is killed while it writes the next', () => {
    const directory = newDirectory()
    const store = new CheckpointStore(directory)
    store.save('build-candles', { count: 1 })
    writeFileSync(join(directory, 'build-candles.json.new'), '{"count":')
    expect(store.load('build-candles')).toStrictEqual({ count: 1 })
    store.save('build-candles', { count: 2 })
    expect(readdirSync(directory)).toStrictEqual(['build-candles.json'])
    expect(store.load('build-candles')).toStrictEqual({ count: 2 })
  })

  it('keeps the checkpoint before when the next one cannot be written as JSON', () => {
    const store = new CheckpointStore(newDirectory())
    store.save('build-candles', { count: 1 })
    expect(() => store.save('build-candles', { count: 2n })).toThrow(TypeError)
    expect(store.load('build-candles')).toStrictEqual({ count: 1 })
  })

  it('says so when it cannot write, and keeps the checkpoint before', () => {
    const directory = newDirectory()
    const store = new CheckpointStore(directory)
    store.save('build-candles', { count: 1 })
    mkdirSync(join(directory, 'build-candles.json.new'))
    expect(() => store.save('build-candles', { count: 2 })).toThrow(
      expect.objectContaining({ code: 'checkpoint_unwritable' }),
    )
    expect(store.load('build-candles')).toStrictEqual({ count: 1 })
  })

  it.skipIf(!existsSync('/dev/full'))('says so when the disk is full, and keeps the checkpoint before', () => {
    const directory = newDirectory()
    const store = new CheckpointStore(directory)
    store.save('build-candles', { count: 1 })
    symlinkSync('/dev/full', join(directory, 'build-candles.json.new'))
    expect(() => store.save('build-candles', { count: 2 })).toThrow(expect.objectContaining({ code: 'disk_full' }))
    expect(store.load('build-candles')).toStrictEqual({ count: 1 })
  })

  it('names a damaged file and what to do about it', () => {
    const directory = newDirectory()
    const store = new CheckpointStore(directory)
    store.save('build-candles', { count: 1 })
    const path = join(directory, 'build-candles.json')
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -1))
    expect(() => store.load('build-candles')).toThrow(
      expect.objectContaining({
        code: 'checkpoint_damaged',
        message: `${path} cannot be read. Delete it: the role then starts from the log.`,
        cause: expect.any(SyntaxError),
      }),
    )
    expect(() => store.load('build-candles')).toThrow(C1Error)
  })
})
