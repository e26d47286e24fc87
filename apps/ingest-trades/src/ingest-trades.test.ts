import { KrakenRest, type OpenSocket, type SocketListener, type Timers, VenueClock } from '@c1/kraken'
import {
  type EpochMicros,
  formatTime,
  type Instrument,
  type MarketMessage,
  MICROS_PER_HOUR,
  MICROS_PER_SECOND,
} from '@c1/market'
import { createLogger, Metrics } from '@c1/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Ingest } from './ingest-trades.ts'
import type { TradeLog } from './log/trade-log.ts'
import { dollarMarket, Place } from './test-support.ts'

vi.setConfig({ testTimeout: 60_000 })

const START = (1_762_732_800 * MICROS_PER_SECOND) as EpochMicros
const COUNT = 400
const INSTRUMENTS = Array.from({ length: COUNT }, (_, at) => dollarMarket(`A${String(at).padStart(3, '0')}`))
const FIRST = INSTRUMENTS[0]?.symbol as Instrument['symbol']

/** Time that a test moves. */
class HandTimers implements Timers {
  #now: number = START
  readonly #tasks = new Set<{ readonly at: number; readonly task: () => void }>()

  now(): EpochMicros {
    return this.#now as EpochMicros
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms * 1000, task }
    this.#tasks.add(entry)
    return () => this.#tasks.delete(entry)
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms * 1000
    for (;;) {
      await new Promise(setImmediate)
      const due = [...this.#tasks].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#tasks.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.task()
    }
    this.#now = end
    await new Promise(setImmediate)
  }
}

let place: Place
let trades: TradeLog
let timers: HandTimers
let sockets: SocketListener[]
/** Markets that REST was asked for, in order; it answers once the test lets it. */
let asked: string[]
let serve: boolean
let stop: AbortController
let running: Promise<void> | undefined

beforeEach(async () => {
  place = new Place()
  trades = await place.open()
  timers = new HandTimers()
  sockets = []
  asked = []
  serve = false
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await running
  await trades.close()
  await place.remove()
})

/** Trades 1 to 99 happened before the start, a second apart; those from 100 on after it, a microsecond apart. */
const timeOf = (id: number): EpochMicros => (START + (id - 100) * (id < 100 ? MICROS_PER_SECOND : 1)) as EpochMicros

const rest = (): KrakenRest =>
  new KrakenRest({
    baseUrl: 'http://127.0.0.1:1',
    minIntervalMs: 0,
    timers: { now: () => timers.now(), after: (ms, task) => timers.after(ms, task) },
    fetch: async (input, init) => {
      const pair = new URL(String(input)).searchParams.get('pair') ?? ''
      asked.push(pair)
      while (!serve) {
        if (init?.signal?.aborted === true) throw init.signal.reason
        await new Promise(setImmediate)
      }
      const rows = Array.from({ length: 99 }, (_, at) => at + 1).map(
        (id) => `["1.0","1.00000000",${timeOf(id) / 1e6}.0,"b","m","",${id}]`,
      )
      return new Response(`{"error":[],"result":{"${pair}":[${rows}],"last":"${timeOf(99)}000"}}`)
    },
  })

/** A socket that confirms what is asked of it and says nothing else. */
const openSocket: OpenSocket = (_, listener) => {
  sockets.push(listener)
  setImmediate(() => listener.opened())
  return {
    send: (text) => {
      const { method, params, req_id } = JSON.parse(text)
      const time = formatTime(timers.now())
      if (method === 'ping') listener.frame(`{"method":"pong","time_in":"${time}","time_out":"${time}"}`)
      for (const symbol of params?.symbol ?? [])
        listener.frame(`{"method":"subscribe","success":true,"result":{"symbol":"${symbol}"},"req_id":${req_id}}`)
    },
    end: () => {},
  }
}

async function start(instruments = INSTRUMENTS): Promise<Ingest> {
  const ingest = new Ingest({
    trades,
    rest: rest(),
    wsUrl: 'ws://127.0.0.1:1',
    instruments,
    clock: new VenueClock(() => timers.now()),
    backfill: MICROS_PER_HOUR,
    logger: createLogger('silent'),
    metrics: new Metrics(),
    timers,
    openSocket,
    random: () => 0,
  })
  running = ingest.run(stop.signal)
  await timers.advance(1000)
  return ingest
}

/** A frame on any of the connections, which the feed takes as one of the symbol's own. */
function frame(symbol: string, ids: readonly number[], type = 'update'): void {
  const items = ids.map(
    (id) =>
      `{"symbol":"${symbol}","side":"buy","price":1.0,"qty":1.00000000,"ord_type":"market","trade_id":${id},` +
      `"timestamp":"${formatTime(timeOf(id))}"}`,
  )
  const connection = sockets[INSTRUMENTS.findIndex((instrument) => instrument.symbol === symbol) % sockets.length]
  connection?.frame(`{"channel":"trade","type":"${type}","data":[${items}]}`)
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const idsOf = (messages: readonly MarketMessage[], symbol = FIRST): number[] =>
  messages.flatMap((message) =>
    message.kind === 'trade' && message.trade.symbol === symbol ? [message.trade.tradeId] : [],
  )
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe('live trades of many new symbols', () => {
  it('wait for history, but not longer than ten seconds; history that comes later is joined below them', async () => {
    const ingest = await start()
    for (const { symbol } of INSTRUMENTS) frame(symbol, [100, 101])
    await timers.advance(8_000)
    expect(await place.messages()).toEqual([])
    await timers.advance(1_500)
    expect(idsOf(await place.messages())).toEqual([100, 101])
    expect(await place.messages()).toHaveLength(2 * COUNT)
    frame(FIRST, [102])
    await turn()
    expect(idsOf(await place.messages())).toEqual([100, 101, 102])
    serve = true
    while (ingest.completeness().some(({ backfill }) => backfill < 1)) await timers.advance(100)
    expect(asked).toHaveLength(COUNT)
    const messages = await place.messages()
    expect(idsOf(messages)).toEqual([100, 101, 102, ...upTo(99)])
    expect(messages.filter(({ kind }) => kind === 'heartbeat')).toHaveLength(COUNT)
    const spans = INSTRUMENTS.map(({ symbol }) => trades.ledger.spans(symbol, 'venue').map(({ first }) => first))
    expect(spans).toEqual(INSTRUMENTS.map(() => [1]))
  })

  it('are written behind their history where that comes in time', async () => {
    serve = true
    await start(INSTRUMENTS.slice(0, 2))
    frame(FIRST, [100])
    while (trades.ledger.newest(FIRST)?.id !== 100) await timers.advance(10)
    expect(idsOf(await place.messages())).toEqual(upTo(100))
    expect((await place.messages())[0]).toMatchObject({ kind: 'heartbeat', heartbeat: { lastTradeId: 0 } })
  })

  it('do not wait any longer when they are fifty thousand', async () => {
    await start()
    for (let at = 0; at < 50; at += 1) frame(FIRST, upTo(1100 + 1000 * at, 101 + 1000 * at))
    await turn()
    expect(await place.messages()).toEqual([])
    frame(FIRST, [50_101])
    await turn()
    expect(idsOf(await place.messages())).toHaveLength(50_001)
  })
})

describe('symbols that the log knows', () => {
  const known = INSTRUMENTS.slice(0, 2)

  beforeEach(async () => {
    const trade = { idSpace: 'venue', eventTime: timeOf(99), price: '1.0', quantity: '1.0', side: 'buy' } as const
    const text = { orderType: 'market', tradeId: 99 } as const
    await trades.appendTrades(known.map(({ symbol }) => ({ ...trade, ...text, symbol }) as never))
  })

  it('wait for nothing; where a snapshot shows that nothing was missed REST is not asked, and the outage is stated at once', async () => {
    await start(known)
    for (const { symbol } of known) frame(symbol, upTo(100, 51), 'snapshot')
    await turn()
    const messages = await place.messages()
    expect(messages.slice(2).map(({ kind }) => kind)).toEqual(['trade', 'trade', 'outage', 'outage'])
    expect(messages.at(-1)).toMatchObject({ kind: 'outage', outage: { from: timeOf(99) } })
    await timers.advance(15_000)
    expect(asked).toEqual([])
  })

  it('are asked of REST where no snapshot came in ten seconds, and the outage ends by what that says', async () => {
    serve = true
    await start(known)
    expect(trades.outages.all).toHaveLength(2)
    await timers.advance(12_000)
    expect(new Set(asked)).toEqual(new Set(['A000USD', 'A001USD']))
    expect(trades.outages.all).toEqual([])
    expect((await place.messages()).filter(({ kind }) => kind === 'outage')).toHaveLength(2)
  })
})
