import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildCandles } from '@c1/build-candles'
import { computeFeatures, finalCandles } from '@c1/compute-features'
import {
  candlesCodec,
  type EventLog,
  featuresCodec,
  openEmbeddedLog,
  type Retention,
  type StoredRecord,
  TOPICS,
  tradesCodec,
} from '@c1/event-log'
import { defineFeatureSet, type FeatureRow, historyFeatures, standardFeatures } from '@c1/features'
import {
  type Candle,
  type DecimalText,
  type EpochMicros,
  INTERVALS,
  type MarketMessage,
  MICROS_PER_MINUTE,
  marketSymbol,
} from '@c1/market'
import { CheckpointStore, createLogger, Metrics } from '@c1/service'
import type { Lateness } from '@c1/windowing'
import { afterEach, describe, expect, it, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000 })

const SOURCE = 'kraken'
const BTC = marketSymbol('BTC/USD')
const SET = defineFeatureSet({ name: 'candle_features', version: 1, interval: '1m', features: standardFeatures })
/** 2025-11-10T00:00:00Z */
const MIDNIGHT = 1_762_732_800_000_000
const codec = tradesCodec(SOURCE)

/** A trade log in a folder of its own, and the roles over it. */
class Place {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'c1-late-'))
  readonly metrics = new Metrics()
  readonly #log: Promise<EventLog>

  constructor(retention: Retention = {}) {
    const topics = { [TOPICS.trades]: retention }
    const options = { directory: join(this.folder, 'log'), segmentBytes: 20_000, retention: { topics } }
    this.#log = openEmbeddedLog({ ...options, onWarning: () => {} })
    places.push(this)
  }

  async append(messages: readonly MarketMessage[]): Promise<void> {
    const producer = await (await this.#log).producer(TOPICS.trades)
    for (let at = 0; at < messages.length; at += 20)
      await producer.append(messages.slice(at, at + 20).map(codec.encode))
    await producer.close()
  }

  async build(lateness?: Lateness): Promise<void> {
    const options = { ...(await this.#common()), ...(lateness && { lateness }) }
    await buildCandles(options, new AbortController().signal)
  }

  async compute(): Promise<FeatureRow[]> {
    await computeFeatures({ ...(await this.#common()), features: SET }, new AbortController().signal)
    const rows = featuresCodec(SOURCE, SET.group)
    return (await this.#read(TOPICS.features)).flatMap((record) => {
      const message = rows.decode(record)
      return message.kind === 'features' ? [message.row] : []
    })
  }

  async candles(): Promise<Candle[]> {
    const candles = candlesCodec(SOURCE)
    return (await this.#read(TOPICS.candles)).flatMap((record) => {
      const message = candles.decode(record)
      return message.kind === 'candle' ? [message.candle] : []
    })
  }

  /** The candle topic, record by record. */
  async topic(): Promise<string[]> {
    return (await this.#read(TOPICS.candles)).map(({ headers, value }) => `${headers['c1-kind']} ${Buffer.from(value)}`)
  }

  async newest(): Promise<Candle[]> {
    const context = { log: await this.#log, source: SOURCE }
    const all = await Promise.all(INTERVALS.map((interval) => finalCandles(context, BTC, interval, 'end')))
    return all.flat().map((candle) => ({ ...candle, revision: 1 }))
  }

  async history(): Promise<readonly FeatureRow[]> {
    return historyFeatures(SET, await finalCandles({ log: await this.#log, source: SOURCE }, BTC, '1m', 'end'))
  }

  async remove(): Promise<void> {
    await (await this.#log).close()
    rmSync(this.folder, { recursive: true })
  }

  async #common() {
    return {
      log: await this.#log,
      checkpoints: new CheckpointStore(join(this.folder, 'checkpoints')),
      source: SOURCE,
      logger: createLogger('silent'),
      metrics: this.metrics,
      until: 'end',
    } as const
  }

  async #read(topic: string): Promise<StoredRecord[]> {
    const read: StoredRecord[] = []
    for await (const { records } of await (await this.#log).consumer(topic, { from: 'earliest', until: 'end' }))
      read.push(...records)
    return read
  }
}

const places: Place[] = []
afterEach(() => Promise.all(places.splice(0).map((place) => place.remove())))

function at(tradeId: number, time: number): MarketMessage {
  const price = `${84_000 + ((tradeId * 7919) % 101)}.5` as DecimalText
  return {
    kind: 'trade',
    trade: {
      symbol: BTC,
      idSpace: 'venue',
      tradeId,
      eventTime: (MIDNIGHT + time) as EpochMicros,
      price,
      quantity: '0.25000000' as DecimalText,
      side: tradeId % 2 === 0 ? 'buy' : 'sell',
      orderType: 'market',
    },
  }
}

function heartbeat(lastTradeId: number, time: number): MarketMessage {
  const eventTime = (MIDNIGHT + time) as EpochMicros
  return { kind: 'heartbeat', heartbeat: { symbol: BTC, idSpace: 'venue', eventTime, lastTradeId } }
}

/** A trade a minute, for so many minutes. */
function minutes(count: number): MarketMessage[] {
  const trades = Array.from({ length: count }, (_, minute) => at(minute + 1, minute * MICROS_PER_MINUTE + 1_000_000))
  return [...trades, heartbeat(count, count * MICROS_PER_MINUTE)]
}

const DAY = 1440

describe('a trade that is later than memory', () => {
  it('makes the next revision of the candles of every length that it belongs to, and of no other', async () => {
    const place = new Place()
    await place.append([...minutes(2 * DAY), at(2 * DAY + 1, 90 * MICROS_PER_MINUTE)])
    await place.build()
    const revised = (await place.candles()).filter(({ revision }) => revision > 1)
    expect(revised.map(({ interval, revision }) => `${interval} r${revision}`)).toEqual(
      INTERVALS.map((interval) => `${interval} r2`),
    )
    const holding = MIDNIGHT + 90 * MICROS_PER_MINUTE
    expect(revised.every(({ openTime, closeTime }) => openTime <= holding && holding < closeTime)).toBe(true)
    expect(revised.map(({ tradeCount }) => tradeCount)).toEqual([2, 6, 16, 31, 61, 241, 721, 1441])
    expect(revised.every(({ complete, lastTradeId }) => complete && lastTradeId === 2 * DAY + 1)).toBe(true)
  })

  it('leaves the candles that the same trades in time would have given, whatever stays in memory', async () => {
    const late = [
      at(601, 30 * MICROS_PER_MINUTE),
      at(602, 30 * MICROS_PER_MINUTE + 1),
      at(603, 500 * MICROS_PER_MINUTE),
    ]
    const [inTime, tardy, forgetful] = [new Place(), new Place(), new Place()]
    const end = heartbeat(603, DAY * MICROS_PER_MINUTE)
    await inTime.append([...minutes(600).slice(0, -1), ...late, end])
    await tardy.append([...minutes(600), ...late, end])
    await forgetful.append([...minutes(600), ...late, end])
    for (const place of [inTime, tardy]) await place.build()
    await forgetful.build({ venue: 0, file: 0 })
    expect(await tardy.newest()).toEqual(await inTime.newest())
    expect(await forgetful.topic()).toEqual(await tardy.topic())
  })

  it('gives the same bytes in the same order after any restart, with the checkpoint or without', async () => {
    const messages = minutes(400)
    for (let late = 0; late < 12; late++)
      messages.splice(150 + late * 20, 0, at(401 + late, late * 11 * MICROS_PER_MINUTE))
    // Ids beyond the live ones hold nothing back; a heartbeat at the end proves all of them.
    messages.push(heartbeat(412, 500 * MICROS_PER_MINUTE))
    const calm = new Place()
    await calm.append(messages)
    await calm.build()
    const undisturbed = await calm.topic()
    expect((await calm.candles()).filter(({ revision }) => revision > 1).length).toBeGreaterThan(5)
    const restarted = new Place()
    for (let at = 0; at < messages.length; at += 13) {
      await restarted.append(messages.slice(at, at + 13))
      if (at % 5 === 4) rmSync(join(restarted.folder, 'checkpoints'), { recursive: true, force: true })
      await restarted.build()
    }
    expect(await restarted.topic()).toEqual(undisturbed)
  })

  it('reaches the feature rows that read its candle, and only those', async () => {
    const place = new Place()
    const count = 3 * SET.maxLookBack + 100
    await place.append(minutes(count))
    await place.build()
    const before = await place.compute()
    const minute = SET.maxLookBack + 20
    await place.append([at(count + 1, minute * MICROS_PER_MINUTE)])
    await place.build()
    const after = await place.compute()
    const again = after.slice(before.length)
    const closeTime = MIDNIGHT + (minute + 1) * MICROS_PER_MINUTE
    const dependent = before.filter(({ eventTime }) => {
      return eventTime >= closeTime && eventTime <= closeTime + (SET.maxLookBack - 1) * MICROS_PER_MINUTE
    })
    expect(again.map(({ eventTime }) => eventTime)).toEqual(dependent.map(({ eventTime }) => eventTime))
    expect(again.every(({ revision }) => revision === 2)).toBe(true)
    const newest = [...new Map(after.map((row) => [row.eventTime, row])).values()]
    const contents = (rows: readonly FeatureRow[]) => rows.map(({ availableAt: _, revision: __, ...row }) => row)
    expect(contents(newest)).toStrictEqual(contents(await place.history()))
  })

  it('changes no candle whose trades retention has removed: that is counted, and the rest goes on', async () => {
    const place = new Place({ bytes: 60_000 })
    const messages = [...minutes(600), at(601, 90 * MICROS_PER_MINUTE)]
    for (let from = 0; from < messages.length; from += 100) {
      await place.append(messages.slice(from, from + 100))
      await place.build()
    }
    const text = await place.metrics.registry.metrics()
    expect(text).toContain('c1_late_trades_total{symbol="BTC/USD",result="lost"} 1')
    expect((await place.candles()).every(({ revision }) => revision === 1)).toBe(true)
  })
})
