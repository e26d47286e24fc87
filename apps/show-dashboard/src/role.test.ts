import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Codec,
  candlesCodec,
  type EventLog,
  openEmbeddedLog,
  outcomesCodec,
  type Producer,
  predictionsCodec,
  TOPICS,
  type Topic,
  tradesCodec,
} from '@c1/event-log'
import { type DecimalText, type EpochMicros, type MarketMessage, MICROS_PER_SECOND } from '@c1/market'
import { CheckpointStore } from '@c1/service'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BTC, madeCandle, madeOutcome, madePrediction, minute } from './made-market.fixture.ts'
import { type Change, MarketView } from './market-view.ts'
import { showDashboard } from './role.ts'

const SOURCE = 'simulator'
let directory: string
let log: EventLog
let producers: Map<string, Producer>

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'c1-dashboard-'))
  log = await openEmbeddedLog({ directory: join(directory, 'log'), onWarning: (message) => expect.fail(message) })
  producers = new Map()
})
afterEach(async () => {
  await log.close()
  rmSync(directory, { recursive: true })
})

async function write<Message>(topic: Topic, codec: Codec<Message>, ...messages: Message[]): Promise<void> {
  const producer = producers.get(topic) ?? (await log.producer(topic))
  producers.set(topic, producer)
  await producer.append(messages.map((message) => codec.encode(message)))
}

const writeCandle = (at: number) =>
  write(TOPICS.candles, candlesCodec(SOURCE), { kind: 'candle', candle: madeCandle(at) })

function trade(tradeId: number, eventTime: number, price: string): MarketMessage {
  return {
    kind: 'trade',
    trade: {
      symbol: BTC,
      idSpace: 'venue',
      tradeId,
      eventTime: eventTime as EpochMicros,
      price: price as DecimalText,
      quantity: '0.5' as DecimalText,
      side: 'buy',
      orderType: 'market',
    },
  }
}

const writeTrades = (...trades: MarketMessage[]) => write(TOPICS.trades, tradesCodec(SOURCE), ...trades)

/** A running role: its view, a wait for a change, and a stop that resolves when it has ended. */
function run() {
  const stopping = new AbortController()
  const view = new MarketView({
    source: { name: SOURCE, simulated: true },
    symbols: [],
    intervals: ['1m'],
    clock: () => minute(10),
  })
  const next = (wanted: (change: Change) => boolean) => {
    const { promise, resolve } = Promise.withResolvers<Change>()
    const stop = view.onChange((change) => {
      if (!wanted(change)) return
      stop()
      resolve(change)
    })
    return promise
  }
  const caughtUp = next(({ kind }) => kind === 'reset')
  const checkpoints = new CheckpointStore(join(directory, 'checkpoints'))
  const ended = showDashboard({ log, view, checkpoints, signal: stopping.signal, provisionalEvery: 5 })
  const stop = () => {
    stopping.abort()
    return ended
  }
  return { view, next, caughtUp, stop, ended }
}

const candlesOf = (view: MarketView) => view.symbol(BTC).candles('1m', 0, Number.MAX_SAFE_INTEGER)
const isProvisional = (change: Change) => change.kind === 'candle' && change.candle.state === 'provisional'

describe('the role', () => {
  it('reads what is there, then follows what comes', async () => {
    await writeCandle(0)
    await write(TOPICS.predictions, predictionsCodec(SOURCE), madePrediction(1))
    await write(TOPICS.outcomes, outcomesCodec(SOURCE), madeOutcome(madePrediction(1), 0.001))
    const { view, next, caughtUp, stop } = run()
    await caughtUp
    expect(candlesOf(view)).toEqual([madeCandle(0)])
    expect(view.symbol(BTC).latestPrediction()?.outcome?.outcome).toBe(0.001)
    const told = Promise.all([next(({ kind }) => kind === 'candle'), next(({ kind }) => kind === 'prediction')])
    await writeCandle(1)
    await write(TOPICS.predictions, predictionsCodec(SOURCE), madePrediction(2))
    expect(await told).toEqual([
      { kind: 'candle', candle: madeCandle(1) },
      { kind: 'prediction', scored: { prediction: madePrediction(2), outcome: undefined } },
    ])
    await stop()
  })

  it('starts on topics that nobody has written yet', async () => {
    const { view, next, caughtUp, stop } = run()
    await caughtUp
    const told = next(({ kind }) => kind === 'candle')
    await writeCandle(0)
    await told
    expect(candlesOf(view)).toHaveLength(1)
    await stop()
  })

  it('shows the open window as its trades come', async () => {
    const { view, next, caughtUp, stop } = run()
    await caughtUp
    const first = next(isProvisional)
    await writeTrades(trade(1, minute(3) + 5 * MICROS_PER_SECOND, '100.0'))
    expect(await first).toMatchObject({ candle: { open: '100.0', close: '100.0', revision: 0, state: 'provisional' } })
    const second = next(isProvisional)
    await writeTrades(trade(2, minute(3) + 6 * MICROS_PER_SECOND, '101.5'))
    expect(await second).toMatchObject({ candle: { open: '100.0', close: '101.5', tradeCount: 2 } })
    expect(view.ageSeconds(BTC)).toBe(7 * 60 - 6)
    await stop()
  })

  it('goes on with the open window and the freshness after a restart', async () => {
    const before = run()
    await before.caughtUp
    const shown = before.next(isProvisional)
    await writeTrades(trade(1, minute(3) + 5 * MICROS_PER_SECOND, '100.0'))
    await shown
    await before.stop()
    const after = run()
    expect(await after.next(isProvisional)).toMatchObject({ candle: { open: '100.0', tradeCount: 1 } })
    expect(after.view.ageSeconds(BTC)).toBe(7 * 60 - 5)
    await after.stop()
  })

  it('refuses the records of another source', async () => {
    await write(TOPICS.candles, candlesCodec('kraken'), { kind: 'candle', candle: madeCandle(0) })
    await expect(run().ended).rejects.toMatchObject({ code: 'source_foreign' })
  })
})
