import { featuresCodec, TOPICS } from '@c1/event-log'
import { openEmbeddedStore } from '@c1/feature-store'
import type { FeatureRow } from '@c1/features'
import type { EpochMicros } from '@c1/market'
import { LiveWork } from '@c1/service'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Materialiser, storeGroup } from './materialise.ts'
import { BTC, candle, newest, Place, SET, SOURCE } from './test-support.ts'

let place: Place
beforeEach(async () => {
  place = await Place.open()
})
afterEach(() => place.remove())

const candles = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => candle(from + at))

/** Materialises what is there and gives what the store then holds. */
async function stored(): Promise<{ rows: readonly FeatureRow[]; latest: FeatureRow | undefined }> {
  const store = await openEmbeddedStore({ directory: place.folder })
  const group = await store.group(SET.group)
  await new Materialiser(place.log, group, SOURCE, new LiveWork()).run(new AbortController().signal, 'end')
  const all = { symbol: BTC, from: 0 as EpochMicros, to: Number.MAX_SAFE_INTEGER as EpochMicros }
  const found = { rows: await group.range(all), latest: await group.latest(BTC) }
  await store.close()
  return found
}

describe('the feature store', () => {
  it('holds what the topic holds, also when it goes on after a restart', async () => {
    await place.write(...candles(0, 100))
    await place.compute()
    expect((await stored()).rows).toStrictEqual(newest(await place.rows()))
    await place.write(...candles(100, 120), candle(115, 2))
    await place.compute()
    const { latest, rows } = await stored()
    expect(rows).toStrictEqual(newest(await place.rows()))
    expect(latest).toStrictEqual(rows.at(-1))
    expect(await place.log.committed(TOPICS.features, storeGroup(SET.group))).toEqual(
      (await place.log.bounds(TOPICS.features)).end,
    )
  })

  it('is written anew where a power cut took the end of a log that it had read', async () => {
    await place.write(...candles(0, 90))
    await place.compute()
    const ahead = await place.log.consumer(TOPICS.features, {
      from: 'earliest',
      group: storeGroup(SET.group),
      until: 'end',
    })
    await ahead.commit({ 0: 1_000_000 })
    await ahead.close()
    expect((await stored()).rows).toStrictEqual(newest(await place.rows()))
  })

  it('says when a record can be read from it', async () => {
    await place.write(...candles(0, 100))
    await place.compute()
    const store = await openEmbeddedStore({ directory: place.folder })
    const group = await store.group(SET.group)
    const stop = new AbortController()
    const materialiser = new Materialiser(place.log, group, SOURCE, new LiveWork())
    const { end } = await place.log.bounds(TOPICS.features)
    const reached = materialiser.reached(end)
    const running = materialiser.run(stop.signal)
    await reached
    expect(await group.latest(BTC)).toStrictEqual((await place.rows()).at(-1))
    const row = { ...((await place.rows()).at(-1) as FeatureRow), revision: 2 }
    const producer = await place.log.producer(TOPICS.features)
    const position = await producer.append([featuresCodec(SOURCE, SET.group).encode({ kind: 'features', row })])
    await materialiser.reached(position)
    expect((await group.latest(BTC))?.revision).toBe(2)
    stop.abort()
    await running
    await producer.close()
    await store.close()
  })
})
