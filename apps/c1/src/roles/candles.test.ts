import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { buildCandles } from '@c1/build-candles'
import { finalCandles } from '@c1/compute-features'
import { type EventLog, openEmbeddedLog, TOPICS } from '@c1/event-log'
import { importArchive, TradeLog } from '@c1/ingest-trades'
import {
  type Candle,
  type DecimalText,
  type EpochMicros,
  type Instrument,
  type Interval,
  type MarketMessage,
  MICROS_PER_SECOND,
  marketSymbol,
} from '@c1/market'
import { CheckpointStore, createLogger, Metrics } from '@c1/service'
import { krakenCandleLine } from '@c1/windowing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { instrumentOfFile } from '../venue-decimals.ts'

vi.setConfig({ testTimeout: 30_000 })

const data = (path: string): string =>
  fileURLToPath(new URL(`../../../../../shared/data/kraken/${path}`, import.meta.url))
const SOURCE = 'kraken'

/** A trade log in a folder of its own, and build-candles over it. */
class Place {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'c1-candles-'))
  #log: EventLog | undefined

  async log(): Promise<EventLog> {
    this.#log ??= await openEmbeddedLog({ directory: join(this.folder, 'log'), onWarning: () => {} })
    return this.#log
  }

  async write(use: (trades: TradeLog) => Promise<unknown>): Promise<void> {
    const checkpoints = new CheckpointStore(join(this.folder, 'ledger'))
    const trades = await TradeLog.open({ log: await this.log(), checkpoints, source: SOURCE })
    await use(trades)
    await trades.close()
  }

  async build(): Promise<void> {
    const options = {
      log: await this.log(),
      checkpoints: new CheckpointStore(join(this.folder, 'checkpoints')),
      source: SOURCE,
      logger: createLogger('silent'),
      metrics: new Metrics(),
      until: 'end',
    } as const
    await buildCandles(options, new AbortController().signal)
  }

  forgetCheckpoint(): void {
    rmSync(join(this.folder, 'checkpoints'), { recursive: true, force: true })
  }

  async candles(symbol: string, interval: Interval): Promise<Candle[]> {
    return finalCandles({ log: await this.log(), source: SOURCE }, marketSymbol(symbol), interval, 'end')
  }

  /** The candle topic, record by record. */
  async topic(): Promise<string[]> {
    const texts: string[] = []
    const consumer = await (await this.log()).consumer(TOPICS.candles, { from: 'earliest', until: 'end' })
    for await (const { records } of consumer)
      for (const { headers, value } of records) texts.push(`${headers['c1-kind']} ${Buffer.from(value)}`)
    return texts
  }

  async remove(): Promise<void> {
    await this.#log?.close()
    rmSync(this.folder, { recursive: true })
  }
}

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place.remove())

function importInto(path: string, market: Instrument): (trades: TradeLog) => Promise<unknown> {
  const { signal } = new AbortController()
  const checkpoints = new CheckpointStore(join(place.folder, 'ledger'))
  return (trades) => importArchive(path, { trades, checkpoints, market, signal, onProgress: () => {} })
}

const XBTUSD = data('trades/XBTUSD_2018-05-08_2018-05-22.csv.gz')

describe.skipIf(!existsSync(XBTUSD))('XBTUSD of 2018, imported (skipped without ../shared/data)', () => {
  /** Hours that the file does not hold whole, by their start: they are cut by the edge of a stretch of trades. */
  const cut = [1525752000, 1526065200, 1526184000, 1526670000, 1526918400, 1527030000]

  it("equals Kraken's own candles in 250 of 250 whole hours", async () => {
    const market = await instrumentOfFile(XBTUSD, marketSymbol('BTC/USD'))
    await place.write(importInto(XBTUSD, market))
    await place.build()
    const official = new Set(
      gunzipSync(readFileSync(data('ohlcvt/XBTUSD_60_to_2019-05-31.csv.gz')))
        .toString()
        .split('\n'),
    )
    const hours = (await place.candles('BTC/USD', '1h')).map(krakenCandleLine)
    const whole = hours.filter((line) => !cut.includes(Number(line.split(',')[0])))
    expect(whole).toHaveLength(250)
    expect(whole.filter((line) => !official.has(line))).toEqual([])
  })
})

const XBTUSDT = data('rest/Trades_XBTUSDT_2025-11-10.json')

describe.skipIf(!existsSync(XBTUSDT))('XBTUSDT of 2025, a stored REST page (skipped without ../shared/data)', () => {
  const market: Instrument = {
    symbol: marketSymbol('BTC/USDT'),
    base: 'BTC',
    quote: 'USDT',
    priceDecimals: 1,
    quantityDecimals: 8,
    status: 'online',
    aliases: ['XBTUSDT'],
  }

  it("equals Kraken's own candles in 273 of 273 minutes, VWAP included", async () => {
    await place.write(async (trades) => {
      await importInto(XBTUSDT, market)(trades)
      const newest = trades.ledger.newest(market.symbol) as { id: number; time: EpochMicros }
      const eventTime = (newest.time + 60 * MICROS_PER_SECOND) as EpochMicros
      const heartbeat = { symbol: market.symbol, idSpace: 'venue', eventTime, lastTradeId: newest.id } as const
      await trades.append([{ kind: 'heartbeat', heartbeat }])
    })
    await place.build()
    const { result } = JSON.parse(readFileSync(data('rest/OHLC_XBTUSDT_1m_2025-11-10.json'), 'utf8'))
    const official = new Map((result.XBTUSDT as unknown[][]).map((candle) => [candle[0], candle]))
    const minutes = (await place.candles('BTC/USDT', '1m')).map((candle) => {
      const { close, high, low, open, openTime, tradeCount, volume, vwap } = candle
      return [openTime / MICROS_PER_SECOND, open, high, low, close, vwap, volume, tradeCount]
    })
    expect(minutes).toHaveLength(273)
    expect(minutes).toEqual(minutes.map(([time]) => official.get(time)))
  })
})

describe('a restart', () => {
  /** Trades of two symbols with silences between them, one hole that is filled late, and heartbeats. */
  const messages: MarketMessage[] = Array.from({ length: 400 }, (_, at) => {
    const symbol = marketSymbol(at % 3 === 0 ? 'ETH/USD' : 'BTC/USD')
    const tradeId = at % 3 === 0 ? at / 3 + 1 : at - Math.floor(at / 3)
    const eventTime = (1_762_732_800_000_000 + at * 17_000_000 + (at > 200 ? 600_000_000 : 0)) as EpochMicros
    if (at % 40 === 39) {
      const heartbeat = {
        symbol,
        idSpace: 'venue',
        eventTime: (eventTime + 1) as EpochMicros,
        lastTradeId: tradeId,
      } as const
      return [trade(symbol, tradeId, eventTime), { kind: 'heartbeat', heartbeat } as const]
    }
    return [trade(symbol, tradeId, eventTime)]
  }).flat()
  const [held] = messages.splice(100, 1) as [MarketMessage]
  messages.splice(150, 0, held)

  function trade(symbol: Instrument['symbol'], tradeId: number, eventTime: EpochMicros): MarketMessage {
    const price = `${84_000 + ((tradeId * 7919) % 101)}.5` as DecimalText
    const quantity = '0.25000000' as DecimalText
    const side = tradeId % 2 === 0 ? 'buy' : 'sell'
    return {
      kind: 'trade',
      trade: { symbol, idSpace: 'venue', tradeId, eventTime, price, quantity, side, orderType: 'market' },
    }
  }

  it.each([25, 150])('after every %i records leaves the same candles in the same order', async (step) => {
    await place.write((trades) => trades.append(messages))
    await place.build()
    const undisturbed = await place.topic()
    expect(undisturbed.length).toBeGreaterThan(200)
    const restarted = new Place()
    for (let at = 0; at < messages.length; at += step) {
      await restarted.write((trades) => trades.append(messages.slice(at, at + step)))
      if ((at / step) % 5 === 4) restarted.forgetCheckpoint()
      await restarted.build()
    }
    expect(await restarted.topic()).toEqual(undisturbed)
    await restarted.remove()
  })
})
