import { featureGroup, featureRow } from '@c1/testkit'
import { expect, it } from 'vitest'
import { type OnlineDatabase, OnlineRows } from './online-rows.ts'

/** Stores as lmdb does, and fails as it does: the put, and the promise with the reason. */
class FailingDatabase {
  readonly stored = new Map<string, Buffer>()
  full = false

  get(key: unknown): Buffer | undefined {
    return this.stored.get(JSON.stringify(key))
  }

  async put(key: unknown, value: Buffer): Promise<boolean> {
    if (this.full) {
      const commitError = Promise.reject(new Error('No space left on device'))
      throw Object.assign(new Error('Commit failed (see commitError for details)'), { commitError })
    }
    this.stored.set(JSON.stringify(key), value)
    return true
  }
}

it('a row that could not be stored stays readable, and the next flush stores it or says why not', async () => {
  const database = new FailingDatabase()
  const rows = new OnlineRows('online', database as unknown as OnlineDatabase, featureGroup())
  const { symbol } = featureRow(0)
  rows.write([featureRow(0)])
  await rows.flush()
  database.full = true
  rows.write([featureRow(1), featureRow(2)])
  expect(rows.latest(symbol)).toStrictEqual(featureRow(2))
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(rows.flush()).rejects.toMatchObject({ code: 'disk_full', retryable: true })
  }
  const other = new OnlineRows('online', database as unknown as OnlineDatabase, featureGroup())
  expect(other.latest(symbol)).toStrictEqual(featureRow(0))
  database.full = false
  await rows.flush()
  expect(other.latest(symbol)).toStrictEqual(featureRow(2))
})
