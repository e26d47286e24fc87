import { type FeatureRow, historyFeatures } from '@c1/features'
import type { Candle } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { finalCandles } from './final-candles.ts'
import { BTC, candle, newest, Place, SET, SOURCE } from './test-support.ts'

vi.setConfig({ testTimeout: 20_000 })

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place.remove())

/** Minutes with a trade: some are silent, and once silence lasts so long that the symbol warms up anew. */
const isTraded = (window: number): boolean => window % 7 !== 3 && (window < 200 || window > 200 + 2 * SET.maxLookBack)
const candles = (from: number, to: number): Candle[] =>
  Array.from({ length: to - from }, (_, at) => from + at)
    .filter(isTraded)
    .map((window) => candle(window))

/** What the rows hold, without which revision it is and when it was known. */
const contents = (rows: readonly FeatureRow[]) => rows.map(({ availableAt: _, revision: __, ...row }) => row)

async function fromHistory(): Promise<FeatureRow[]> {
  return historyFeatures(SET, await finalCandles({ log: place.log, source: SOURCE }, BTC, '1m', 'end'))
}

describe('no skew between live rows and history', () => {
  it('of candles in their order, bit for bit', async () => {
    await place.write(...candles(0, 200 + 4 * SET.maxLookBack))
    await place.compute()
    const rows = await place.rows()
    expect(rows.length).toBeGreaterThan(100)
    expect(rows).toStrictEqual(await fromHistory())
  })

  it('after a correction of a candle that live still reads', async () => {
    await place.write(...candles(0, 190), candle(180, 2), candle(190))
    await place.compute()
    const rows = await place.rows()
    expect(contents(newest(rows))).toStrictEqual(contents(await fromHistory()))
    expect(rows.filter(({ eventTime }) => eventTime === candle(180).closeTime).map(({ revision }) => revision)).toEqual(
      [1, 2],
    )
  })

  it('after corrections of candles that live has forgotten, one of them twice', async () => {
    const newestWindow = 199
    const old = newestWindow - SET.maxLookBack - 20
    await place.write(
      ...candles(0, newestWindow),
      candle(old, 2),
      candle(old, 3),
      candle(old - 5, 2),
      candle(newestWindow),
    )
    await place.compute()
    const rows = await place.rows()
    expect(contents(newest(rows))).toStrictEqual(contents(await fromHistory()))
    const corrected = rows.filter(({ revision }) => revision > 1)
    expect(corrected.length).toBeGreaterThan(SET.maxLookBack)
    expect(corrected.every(({ availableAt }) => availableAt >= candle(newestWindow - 1).closeTime)).toBe(true)
  })

  it('after corrections near and far that reach the same rows, each with a revision of its own', async () => {
    const far = 190 - SET.maxLookBack
    await place.write(
      ...candles(0, 190),
      candle(far - 4, 2),
      candle(far + 6, 2),
      candle(far - 1, 2),
      ...candles(190, 200),
    )
    await place.compute()
    const rows = await place.rows()
    expect(contents(newest(rows))).toStrictEqual(contents(await fromHistory()))
    expect(new Set(rows.map(({ eventTime, revision }) => `${eventTime} ${revision}`)).size).toBe(rows.length)
  })

  it('after older history came behind newer', async () => {
    await place.write(...candles(120, 200), ...candles(0, 120))
    await place.compute()
    expect(contents(newest(await place.rows()))).toStrictEqual(contents(await fromHistory()))
  })

  it('after older history came while live was still warming up', async () => {
    await place.write(...candles(120, 130), ...candles(0, 120), ...candles(130, 200))
    await place.compute()
    expect(contents(newest(await place.rows()))).toStrictEqual(contents(await fromHistory()))
  })
})

/** Imports of a history that ends far before, right before, or in the middle of what is known. */
describe('older history', () => {
  const parts = [candles(0, 150), candles(300, 420), candles(420, 500), candles(700, 850)]
  const orders = [
    [3, 0, 1, 2],
    [3, 1, 2, 0],
    [2, 3, 1, 0],
    [1, 3, 0, 2],
    [0, 3, 2, 1],
  ]

  it.each(orders.map((order) => [order.join(', '), order] as const))(
    'in the order %s gives the rows of its own order',
    async (_, order) => {
      for (const part of order) {
        await place.write(...(parts[part] as Candle[]))
        await place.compute()
      }
      expect(contents(newest(await place.rows()))).toStrictEqual(contents(await fromHistory()))
    },
  )

  it('far before what is known is made once and reads no log', async () => {
    await place.write(...candles(900, 1000), ...candles(0, 150))
    await place.compute()
    const rows = await place.rows()
    expect(rows.every(({ revision }) => revision === 1)).toBe(true)
    expect(contents(newest(rows))).toStrictEqual(contents(await fromHistory()))
  })
})

describe('a restart', () => {
  const all = [...candles(0, 110), candle(100, 2), candle(20, 2), ...candles(110, 140)]

  it.each([5, 50])('after every %i candles changes no row', async (step) => {
    await place.write(...all)
    await place.compute()
    const undisturbed = await place.rows()
    const restarted = await Place.open()
    for (let at = 0; at < all.length; at += step) {
      await restarted.write(...all.slice(at, at + step))
      await restarted.compute()
    }
    expect(await restarted.rows()).toStrictEqual(undisturbed)
    await restarted.remove()
  })

  it('without its checkpoint makes the same rows and appends none again', async () => {
    await place.write(...all.slice(0, -10))
    await place.compute()
    const before = await place.rows()
    place.forgetCheckpoint()
    await place.compute()
    expect(await place.rows()).toStrictEqual(before)
    await place.write(...all.slice(-10))
    await place.compute()
    expect((await place.rows()).slice(0, before.length)).toStrictEqual(before)
  })
})
