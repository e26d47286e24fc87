import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { ModelRegistry } from '@c1/model-registry'
import type { ModelVersion } from '@c1/modeling'
import { expect, it } from 'vitest'

/** One store of model versions, opened as often as wanted: each registry sees what the others wrote. */
export interface ModelRegistryStore {
  open(): Promise<ModelRegistry>
}

/** Laws that every model registry obeys. `create` gives a new, empty store for each. */
export function modelRegistryContract(create: () => Promise<ModelRegistryStore>): void {
  it('holds nothing at first', async () => {
    const registry = await (await create()).open()
    expect(await registry.names()).toEqual([])
    expect(await registry.versions('BTC-USD-return-1m')).toEqual([])
    await registry.close()
  })

  it('gives a registered version back as it was', async () => {
    const registry = await (await create()).open()
    await registry.register(modelVersion())
    expect(await registry.versions('BTC-USD-return-1m')).toEqual([modelVersion()])
    await registry.close()
  })

  it('keeps every bit of a number', async () => {
    const registry = await (await create()).open()
    const model = { values: [0.1 + 0.2, 5e-324, -1.7976931348623157e308, 2 ** 53 - 1] }
    await registry.register(modelVersion({ model, errorLower: -1 / 3 }))
    const [version] = await registry.versions('BTC-USD-return-1m')
    expect(version?.model).toStrictEqual(model)
    expect(version?.errorLower).toBe(-1 / 3)
    await registry.close()
  })

  it('lists versions oldest first, whatever the order of registering, and names sorted', async () => {
    const registry = await (await create()).open()
    for (const version of [2, 1000, 1, 10]) await registry.register(modelVersion({ version }))
    await registry.register(modelVersion({ name: 'ADA-USD-return-1h' }))
    expect((await registry.versions('BTC-USD-return-1m')).map(({ version }) => version)).toEqual([1, 2, 10, 1000])
    expect(await registry.names()).toEqual(['ADA-USD-return-1h', 'BTC-USD-return-1m'])
    await registry.close()
  })

  it('takes the same version twice without a change', async () => {
    const registry = await (await create()).open()
    await registry.register(modelVersion())
    await registry.register(modelVersion())
    expect(await registry.versions('BTC-USD-return-1m')).toEqual([modelVersion()])
    await registry.close()
  })

  it('refuses another content under a taken version and keeps the first', async () => {
    const registry = await (await create()).open()
    await registry.register(modelVersion())
    await expect(registry.register(modelVersion({ kind: 'historical-mean' }))).rejects.toMatchObject({
      code: 'version_taken',
    })
    expect(await registry.versions('BTC-USD-return-1m')).toEqual([modelVersion()])
    await registry.close()
  })

  it('registers what is asked for at once, each version whole', async () => {
    const registry = await (await create()).open()
    const versions = Array.from({ length: 20 }, (_, at) => modelVersion({ version: at + 1 }))
    await Promise.all(versions.map((version) => registry.register(version)))
    expect(await registry.versions('BTC-USD-return-1m')).toEqual(versions)
    await registry.close()
  })

  it('remembers the next cut-off of a name, also for other readers, without listing the name', async () => {
    const store = await create()
    const writer = await store.open()
    expect(await writer.nextCutOff('BTC-USD-return-1m')).toBeUndefined()
    await writer.schedule('BTC-USD-return-1m', 1_800_000_000_000_000 as EpochMicros)
    await writer.schedule('BTC-USD-return-1m', 1_800_003_600_000_000 as EpochMicros)
    expect(await (await store.open()).nextCutOff('BTC-USD-return-1m')).toBe(1_800_003_600_000_000)
    expect(await writer.names()).toEqual([])
    await writer.close()
  })

  it('still has its versions after it was closed and opened again', async () => {
    const store = await create()
    const writer = await store.open()
    await writer.register(modelVersion())
    await writer.close()
    const reader = await store.open()
    expect(await reader.versions('BTC-USD-return-1m')).toEqual([modelVersion()])
    await reader.close()
  })

  it('shows a new version to a reader that was open before', async () => {
    const store = await create()
    const [writer, reader] = [await store.open(), await store.open()]
    expect(await reader.names()).toEqual([])
    await writer.register(modelVersion())
    expect(await reader.names()).toEqual(['BTC-USD-return-1m'])
    expect(await reader.versions('BTC-USD-return-1m')).toEqual([modelVersion()])
    await writer.close()
    await reader.close()
  })
}

/** A version to register: a constant model of BTC/USD with a card, with what is given instead. */
export function modelVersion(changes: Partial<ModelVersion> = {}): ModelVersion {
  const time = 1_762_779_600_000_000 as EpochMicros
  return {
    name: 'BTC-USD-return-1m',
    version: 1,
    cutOff: time,
    effectiveFrom: time,
    kind: 'no-change',
    model: { value: 0 },
    errorLower: -0.001,
    errorUpper: 0.001,
    coverage: 0.9,
    card: {
      symbol: 'BTC/USD' as MarketSymbol,
      interval: '1m',
      horizon: 60_000_000,
      features: ['return1'],
      firstEventTime: time,
      lastEventTime: time,
      rowCount: 1,
      dataDigest: '00',
      folds: 5,
      purge: 60_000_000,
      embargo: 60_000_000,
      unscored: 0,
      scores: [
        {
          kind: 'no-change',
          baseline: true,
          count: 1,
          mse: 1e-6,
          mae: 1e-3,
          skill: 0,
          skillStandardError: 0,
          mseDifference: 0,
          mseDifferenceStandardError: 0,
          tStatistic: 0,
        },
      ],
      champion: 'no-change',
      reason: 'Only baselines took part: the baseline no-change serves.',
      codeVersion: '0.1.0',
      source: 'kraken',
    },
    ...changes,
  }
}
