import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FeatureRow } from '@c1/features'
import { type EpochMicros, parseTime } from '@c1/market'
import { featureGroup, featureRow, featureStoreContract } from '@c1/testkit'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, describe, expect, it } from 'vitest'
import type { FeatureGroupStore, FeatureStore } from '../feature-store.ts'
import { openEmbeddedStore } from './embedded-store.ts'

const root = await mkdtemp(join(tmpdir(), 'c1-features-'))
afterAll(() => rm(root, { recursive: true }))
const newDirectory = (): Promise<string> => mkdtemp(join(root, 'f-'))

const FIRST_DAY = join('offline', 'contract_features', 'v1', 'symbol=BTC-USD', 'date=2025-11-10')
const SECOND_DAY = join('offline', 'contract_features', 'v1', 'symbol=BTC-USD', 'date=2025-11-11')
const rows = Array.from({ length: 20 }, (_, minute) => featureRow(minute))
const whole = {
  symbol: featureRow(0).symbol,
  from: parseTime('2025-11-01T00:00:00Z'),
  to: parseTime('2025-12-01T00:00:00Z'),
}

async function openWith(directory: string, written: readonly FeatureRow[]): Promise<[FeatureStore, FeatureGroupStore]> {
  const store = await openEmbeddedStore({ directory })
  const group = await store.group(featureGroup())
  await group.write(written)
  return [store, group]
}

describe('the embedded feature store keeps the contract', () => {
  featureStoreContract(async () => {
    const directory = await newDirectory()
    return { open: () => openEmbeddedStore({ directory }) }
  })
})

describe('its offline files', () => {
  it('are one a symbol and UTC day, in Hive layout, replaced as rows come', async () => {
    const directory = await newDirectory()
    const [store, group] = await openWith(directory, rows.slice(0, 5))
    await group.flush()
    await group.write(rows.slice(5))
    await store.close()
    expect(await readdir(join(directory, FIRST_DAY))).toEqual(['part-0.parquet'])
    expect(await readdir(join(directory, SECOND_DAY))).toEqual(['part-0.parquet'])
    const group1 = JSON.parse(await readFile(join(directory, FIRST_DAY, '../../_group.json'), 'utf8'))
    expect(group1).toEqual(featureGroup())
  })

  it('read as a folder have the partition values, UTC times, and NULL where not determined, in order', async () => {
    const directory = await newDirectory()
    const corrected = featureRow(10, { revision: 2, availableAt: featureRow(12).eventTime })
    const [store] = await openWith(directory, [corrected, ...rows])
    await store.close()
    const duckDb = await (await DuckDBInstance.create(':memory:')).connect()
    const files = `${directory}/offline/contract_features/v1/**/*.parquet`
    const described = await duckDb.runAndReadAll(`DESCRIBE FROM read_parquet('${files}')`)
    expect(described.getRows().map(([name, type]) => `${name} ${type}`)).toEqual([
      'eventTime TIMESTAMP WITH TIME ZONE',
      'availableAt TIMESTAMP WITH TIME ZONE',
      'revision INTEGER',
      'firstTradeId BIGINT',
      'lastTradeId BIGINT',
      'close DOUBLE',
      'logReturn1 DOUBLE',
      'takerImbalance1 DOUBLE',
      'date DATE',
      'symbol VARCHAR',
    ])
    const keys = `"symbol", "date"::VARCHAR, epoch_us("eventTime")::DOUBLE, "revision", "takerImbalance1"`
    const second = await duckDb.runAndReadAll(
      `SELECT ${keys} FROM read_parquet('${files}') WHERE "date" = '2025-11-11'`,
    )
    const expected = [...rows.slice(10, 11), corrected, ...rows.slice(11)]
    expect(second.getRows()).toEqual(
      expected.map(({ eventTime, revision }) => ['BTC-USD', '2025-11-11', eventTime, revision, null]),
    )
    duckDb.closeSync()
  })

  it('may lie in a folder whose name holds quotes and wildcards', async () => {
    const directory = join(await newDirectory(), "it's [a] *star?")
    const [store, group] = await openWith(directory, rows)
    await group.flush()
    expect(await group.range(whole)).toStrictEqual(rows)
    await store.close()
  })

  it('that are damaged are named, and so is the remedy', async () => {
    const directory = await newDirectory()
    const [store] = await openWith(directory, rows)
    await store.close()
    const path = join(directory, SECOND_DAY, 'part-0.parquet')
    const bytes = await readFile(path)
    for (const damage of [bytes.subarray(0, bytes.length - 20), Buffer.from('not Parquet at all'), Buffer.alloc(0)]) {
      await writeFile(path, damage)
      const again = await openEmbeddedStore({ directory })
      const group = await again.group(featureGroup())
      const read = group.range(whole)
      await expect(read).rejects.toMatchObject({ name: 'C1Error', code: 'store_damaged', details: { path } })
      await expect(read).rejects.toThrow(/Move it away/)
      await expect(group.asOf(whole.symbol, whole.to)).rejects.toThrow(path)
      expect(await group.range({ ...whole, to: parseTime('2025-11-11T00:00:00Z') })).toStrictEqual(rows.slice(0, 10))
      await again.close()
    }
  })

  it('stay as they were when one cannot be written, and the rows are kept for the next flush', async () => {
    const directory = await newDirectory()
    const [store, group] = await openWith(directory, rows.slice(0, 5))
    await group.flush()
    const before = await readFile(join(directory, FIRST_DAY, 'part-0.parquet'))
    // A folder where the temporary file would be.
    const obstacle = join(directory, FIRST_DAY, '.part-0.parquet.tmp')
    await mkdir(join(obstacle, 'inside'), { recursive: true })
    await group.write(rows.slice(5, 8))
    await expect(group.flush()).rejects.toMatchObject({ code: 'store_unwritable' })
    expect(await readFile(join(directory, FIRST_DAY, 'part-0.parquet'))).toEqual(before)
    expect(await group.range(whole)).toStrictEqual(rows.slice(0, 8))
    await rm(obstacle, { recursive: true })
    await group.flush()
    await store.close()
    const [again, reopened] = await openWith(directory, [])
    expect(await reopened.range(whole)).toStrictEqual(rows.slice(0, 8))
    await again.close()
  })

  it('left half-written by a crash are replaced by the next flush', async () => {
    const directory = await newDirectory()
    await mkdir(join(directory, FIRST_DAY), { recursive: true })
    await writeFile(join(directory, FIRST_DAY, '.part-0.parquet.tmp'), 'half')
    const [store, group] = await openWith(directory, [])
    expect(await group.range(whole)).toEqual([])
    await group.write(rows.slice(0, 5))
    await group.flush()
    expect(await readdir(join(directory, FIRST_DAY))).toEqual(['part-0.parquet'])
    await store.close()
  })
})

describe('another process', () => {
  it('reads flushed rows offline and committed rows online while the writer is open', async () => {
    const directory = await newDirectory()
    const [writer, written] = await openWith(directory, rows.slice(0, 10))
    await written.flush()
    const [reader, read] = await openWith(directory, [])
    expect(await read.range(whole)).toStrictEqual(rows.slice(0, 10))
    expect(await read.latest(whole.symbol)).toStrictEqual(rows[9])
    await written.write(rows.slice(10))
    await written.flush()
    expect(await read.range(whole)).toStrictEqual(rows)
    expect(await read.latest(whole.symbol)).toStrictEqual(rows[19])
    await reader.close()
    await writer.close()
  })
})

describe('what it refuses', () => {
  it('a row with another number of values than the group has columns', async () => {
    const [store, group] = await openWith(await newDirectory(), [])
    await expect(group.write([featureRow(0, { values: [1, 2] })])).rejects.toThrow(/2 values.*3 columns/)
    expect(await group.latest(whole.symbol)).toBeUndefined()
    await store.close()
  })

  it('a group whose name could leave its folder', async () => {
    const [store] = await openWith(await newDirectory(), [])
    await expect(store.group(featureGroup({ name: '../elsewhere' }))).rejects.toMatchObject({ code: 'group_name' })
    await store.close()
  })

  it('a group file that is not one', async () => {
    const directory = await newDirectory()
    const [store] = await openWith(directory, [])
    await store.close()
    const path = join(directory, FIRST_DAY, '../../_group.json')
    await writeFile(path, '{"name":')
    const again = await openEmbeddedStore({ directory })
    await expect(again.group(featureGroup())).rejects.toMatchObject({ code: 'store_damaged' })
    await expect(again.groups()).rejects.toThrow(path)
    await again.close()
  })

  it('a directory that is a file', async () => {
    const file = join(await newDirectory(), 'file')
    await writeFile(file, '')
    await expect(openEmbeddedStore({ directory: file })).rejects.toMatchObject({ code: 'store_unwritable' })
  })
})

it('a row of many years stays in its own day', async () => {
  const directory = await newDirectory()
  const times = ['1999-12-31T23:59:59.999999Z', '2000-01-01T00:00:00Z', '2024-02-29T12:00:00Z'].map(parseTime)
  const old = times.map((eventTime) => featureRow(0, { eventTime, availableAt: eventTime }))
  const [store, group] = await openWith(directory, old)
  await group.flush()
  const folders = await readdir(join(directory, FIRST_DAY, '..'))
  expect(folders.sort()).toEqual(['date=1999-12-31', 'date=2000-01-01', 'date=2024-02-29'])
  expect(await group.range({ ...whole, from: 0 as EpochMicros })).toStrictEqual(old)
  await store.close()
})
