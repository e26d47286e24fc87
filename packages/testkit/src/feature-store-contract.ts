import type { FeatureStore } from '@c1/feature-store'
import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type EpochMicros, type MarketSymbol, parseTime } from '@c1/market'
import { expect, it } from 'vitest'

/** One place where features live, opened as often as wanted: a store sees what the closed ones before it wrote. */
export interface FeatureStorage {
  open(): Promise<FeatureStore>
}

const MINUTE = 60_000_000
/** 23:50 UTC, so that a few rows lie in two days. */
const START = parseTime('2025-11-10T23:50:00Z')
const BTC = 'BTC/USD' as MarketSymbol
const ETH = 'ETH/USD' as MarketSymbol

/** A group of three columns, with changes to it. */
export function featureGroup(changes: Partial<FeatureGroup> = {}): FeatureGroup {
  return {
    name: 'contract_features',
    version: 1,
    interval: '1m',
    features: [
      { name: 'close', unit: 'quote', description: 'Close.', role: 'label' },
      { name: 'logReturn1', unit: 'log-return', description: 'Return over 1.', role: 'input' },
      { name: 'takerImbalance1', unit: 'ratio', description: 'Imbalance.', role: 'input' },
    ],
    ...changes,
  }
}

/** The row of a minute after 2025-11-10T23:50Z, first revision, available at once; with changes to it. */
export function featureRow(minute: number, changes: Partial<FeatureRow> = {}): FeatureRow {
  const eventTime = timeAt(minute)
  return {
    symbol: BTC,
    eventTime,
    availableAt: eventTime,
    revision: 1,
    firstTradeId: minute * 10 + 1,
    lastTradeId: minute * 10 + 10,
    values: [100 + minute, 0.1 * minute, Number.NaN],
    ...changes,
  }
}

/** Laws that every feature store obeys. `create` gives new, empty storage for each. */
export function featureStoreContract(create: () => Promise<FeatureStorage>): void {
  const rows = Array.from({ length: 20 }, (_, minute) => featureRow(minute))
  const whole = { symbol: BTC, from: START, to: timeAt(1000) }

  /** Runs the law on rows that only this store has seen, then on the same rows in a store opened afterwards. */
  async function stored(written: readonly FeatureRow[], law: (store: Group) => Promise<void>): Promise<void> {
    const storage = await create()
    const first = await storage.open()
    const group = await first.group(featureGroup())
    await group.write(written)
    await law(group)
    await group.flush()
    await law(group)
    await first.close()
    const second = await storage.open()
    await law(await second.group(featureGroup()))
    await second.close()
  }

  it('is empty at first', () =>
    stored([], async (group) => {
      expect(await group.range(whole)).toEqual([])
      expect(await group.asOf(BTC, timeAt(5))).toBeUndefined()
      expect(await group.latest(BTC)).toBeUndefined()
    }))

  it('gives rows back by event time, whatever the order of writing', () =>
    stored(rows.toReversed(), async (group) => {
      expect(await group.range(whole)).toStrictEqual(rows)
    }))

  it('keeps every bit of a number, and which is not determined', async () => {
    const numbers = [0.1 + 0.2, 5e-324, -1.7976931348623157e308, -1 / 3, 0, -0, Number.NaN, 2 ** 53 - 1]
    const exact = Array.from({ length: 64 }, (_, minute) =>
      featureRow(minute, { values: [0, 3, 5].map((offset) => numbers[(minute + offset) % numbers.length] as number) }),
    )
    await stored(exact, async (group) => {
      expect(await group.range(whole)).toStrictEqual(exact)
      expect(await group.latest(BTC)).toStrictEqual(exact.at(-1))
    })
  })

  it('keeps microseconds and large trade ids', async () => {
    const eventTime = parseTime('2025-11-10T13:00:00.123457Z')
    const row = featureRow(0, { eventTime, availableAt: (eventTime + 1) as EpochMicros, lastTradeId: 2 ** 53 - 1 })
    await stored([row], async (group) => {
      expect(await group.range({ ...whole, from: eventTime })).toStrictEqual([row])
      expect(await group.asOf(BTC, eventTime)).toBeUndefined()
      expect(await group.asOf(BTC, row.availableAt)).toStrictEqual(row)
    })
  })

  it('is not changed by writing a row again, before or after a flush', async () => {
    const storage = await create()
    const store = await storage.open()
    const group = await store.group(featureGroup())
    await group.write([...rows, ...rows])
    await group.flush()
    await group.write(rows.slice(3, 6))
    expect(await group.range(whole)).toStrictEqual(rows)
    await group.flush()
    expect(await group.range(whole)).toStrictEqual(rows)
    expect(await group.latest(BTC)).toStrictEqual(rows.at(-1))
    await store.close()
  })

  it('has ranges that hold their start and not their end', () =>
    stored(rows, async (group) => {
      expect(await group.range({ symbol: BTC, from: timeAt(8), to: timeAt(12) })).toStrictEqual(rows.slice(8, 12))
      expect(await group.range({ symbol: BTC, from: timeAt(10), to: timeAt(11) })).toStrictEqual(rows.slice(10, 11))
      expect(await group.range({ symbol: BTC, from: timeAt(10), to: timeAt(10) })).toEqual([])
      expect(await group.range({ symbol: BTC, from: timeAt(12), to: timeAt(8) })).toEqual([])
    }))

  it('joins written and flushed rows', async () => {
    const store = await (await create()).open()
    const group = await store.group(featureGroup())
    await group.write(rows.filter((_, index) => index % 2 === 0))
    await group.flush()
    await group.write(rows.filter((_, index) => index % 2 === 1))
    expect(await group.range(whole)).toStrictEqual(rows)
    expect(await group.asOf(BTC, timeAt(7))).toStrictEqual(rows[7])
    expect(await group.asOf(BTC, timeAt(8))).toStrictEqual(rows[8])
    await store.close()
  })

  it('gives the newest revision, or the one known at a time', async () => {
    const second = featureRow(5, { revision: 2, availableAt: timeAt(9), values: [1, 2, 3] })
    const third = featureRow(5, { revision: 3, availableAt: timeAt(15), values: [4, 5, 6] })
    await stored([third, ...rows.slice(0, 8), second], async (group) => {
      const five = async (knownAt?: EpochMicros) => {
        const range = { symbol: BTC, from: timeAt(4), to: timeAt(7) }
        return group.range(knownAt === undefined ? range : { ...range, knownAt })
      }
      expect(await five()).toStrictEqual([rows[4], third, rows[6]])
      expect(await five(timeAt(15))).toStrictEqual([rows[4], third, rows[6]])
      expect(await five((timeAt(15) - 1) as EpochMicros)).toStrictEqual([rows[4], second, rows[6]])
      expect(await five((timeAt(9) - 1) as EpochMicros)).toStrictEqual([rows[4], rows[5], rows[6]])
      expect(await five(timeAt(5))).toStrictEqual([rows[4], rows[5]])
      expect(await five((timeAt(4) - 1) as EpochMicros)).toEqual([])
    })
  })

  it('never gives a row as of a time at which it was not available', async () => {
    const late = featureRow(12, { availableAt: timeAt(30) })
    await stored([...rows.slice(0, 12), late], async (group) => {
      expect(await group.asOf(BTC, (START - 1) as EpochMicros)).toBeUndefined()
      expect(await group.asOf(BTC, START)).toStrictEqual(rows[0])
      expect(await group.asOf(BTC, (timeAt(4) - 1) as EpochMicros)).toStrictEqual(rows[3])
      expect(await group.asOf(BTC, timeAt(12))).toStrictEqual(rows[11])
      expect(await group.asOf(BTC, (timeAt(30) - 1) as EpochMicros)).toStrictEqual(rows[11])
      expect(await group.asOf(BTC, timeAt(30))).toStrictEqual(late)
      expect(await group.asOf(BTC, timeAt(99_999))).toStrictEqual(late)
    })
  })

  it('gives as of a time the newest revision available by then', async () => {
    const corrected = featureRow(5, { revision: 2, availableAt: timeAt(9), values: [1, 2, 3] })
    await stored([...rows.slice(0, 6), corrected], async (group) => {
      expect(await group.asOf(BTC, timeAt(8))).toStrictEqual(rows[5])
      expect(await group.asOf(BTC, timeAt(9))).toStrictEqual(corrected)
    })
  })

  it('as of the days before yesterday finds the rows of an earlier day', async () => {
    const hidden = featureRow(3000, { availableAt: timeAt(9000) })
    await stored([...rows.slice(0, 4), hidden], async (group) => {
      expect(await group.asOf(BTC, timeAt(8000))).toStrictEqual(rows[3])
    })
  })

  it('has as latest the newest event time in its newest revision, in any order of writing', async () => {
    const corrected = featureRow(19, { revision: 2, availableAt: timeAt(25) })
    const older = featureRow(3, { revision: 4, availableAt: timeAt(30) })
    await stored([corrected, ...rows, older], async (group) => {
      expect(await group.latest(BTC)).toStrictEqual(corrected)
    })
  })

  it('keeps symbols apart', async () => {
    const ether = rows.slice(0, 4).map((row) => ({ ...row, symbol: ETH, values: [1, 2, 3] }))
    await stored([...rows, ...ether], async (group) => {
      expect(await group.range(whole)).toStrictEqual(rows)
      expect(await group.range({ ...whole, symbol: ETH })).toStrictEqual(ether)
      expect(await group.latest(ETH)).toStrictEqual(ether.at(-1))
      expect(await group.asOf(ETH, timeAt(2))).toStrictEqual(ether[2])
    })
  })

  it('keeps versions of a group apart, and lists them, newest of a name last', async () => {
    const storage = await create()
    const store = await storage.open()
    expect(await store.groups()).toEqual([])
    const versions = [10, 2, 1].map((version) => featureGroup({ version }))
    for (const group of [...versions, featureGroup({ name: 'another_group' })]) await store.group(group)
    await (await store.group(featureGroup({ version: 2 }))).write(rows)
    expect(await (await store.group(featureGroup({ version: 1 }))).latest(BTC)).toBeUndefined()
    await store.close()
    const again = await storage.open()
    const listed = await again.groups()
    expect(listed).toEqual([featureGroup({ name: 'another_group' }), ...versions.toReversed()])
    expect(await (await again.group(featureGroup({ version: 1 }))).range(whole)).toEqual([])
    expect(await (await again.group(featureGroup({ version: 2 }))).range(whole)).toStrictEqual(rows)
    await again.close()
  })

  it('opened twice is one group', async () => {
    const store = await (await create()).open()
    await (await store.group(featureGroup())).write(rows)
    expect(await (await store.group(featureGroup())).range(whole)).toStrictEqual(rows)
    await store.close()
  })

  it('refuses a group whose columns differ from those stored, naming them and the remedy', async () => {
    const storage = await create()
    const first = await storage.open()
    await first.group(featureGroup())
    await first.close()
    const store = await storage.open()
    const [close, logReturn, imbalance] = featureGroup().features as [Column, Column, Column]
    const changes: [Partial<FeatureGroup>, string][] = [
      [{ features: [close, logReturn] }, 'takerImbalance1'],
      [{ features: [close, logReturn, imbalance, { ...close, name: 'extra' }] }, 'extra'],
      [{ features: [close, { ...logReturn, unit: 'percent' }, imbalance] }, 'logReturn1'],
      [{ features: [{ ...close, role: 'input' }, logReturn, imbalance] }, 'close'],
      [{ features: [close, imbalance, logReturn] }, 'order'],
      [{ interval: '5m' }, '5m'],
    ]
    for (const [change, name] of changes) {
      const refused = store.group(featureGroup(change))
      await expect(refused).rejects.toMatchObject({ name: 'UsageError', code: 'group_mismatch' })
      await expect(refused).rejects.toThrow(name)
      await expect(refused).rejects.toThrow('version 2')
    }
    await expect(
      store.group(featureGroup({ features: [close, logReturn, { ...imbalance, description: 'Reworded.' }] })),
    ).resolves.toBeDefined()
    await store.close()
  })

  it('keeps rows written while it flushes', async () => {
    const storage = await create()
    const store = await storage.open()
    const group = await store.group(featureGroup())
    await group.write(rows.slice(0, 10))
    const flushed = group.flush()
    await group.write(rows.slice(5))
    expect(await group.range(whole)).toStrictEqual(rows)
    await flushed
    expect(await group.range(whole)).toStrictEqual(rows)
    await store.close()
    const again = await storage.open()
    expect(await (await again.group(featureGroup())).range(whole)).toStrictEqual(rows)
    await again.close()
  })
}

type Group = Awaited<ReturnType<FeatureStore['group']>>
type Column = FeatureGroup['features'][number]

function timeAt(minute: number): EpochMicros {
  return (START + minute * MINUTE) as EpochMicros
}
