import { once } from 'node:events'
import { parseTime } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Simulator, startSimulator } from '../simulator.ts'
import { FakeWall } from '../test-support/fake-wall.ts'
import { fetchText, fetchTrades } from '../test-support/rest-client.ts'
import { SocketClient } from '../test-support/socket-client.ts'

const START = parseTime('2025-11-10T17:30:20Z')
const TIMES = { time_in: '2025-11-10T17:30:20.000000Z', time_out: '2025-11-10T17:30:20.000000Z' }

interface TradeItem {
  readonly symbol: string
  readonly side: string
  readonly ord_type: string
  readonly trade_id: number
  readonly timestamp: string
}

let simulator: Simulator
let wall: FakeWall
let client: SocketClient

beforeEach(async () => {
  wall = new FakeWall()
  simulator = await startSimulator({ seed: 5, start: START }, wall)
  client = await SocketClient.connect(simulator.wsUrl)
  await client.next()
})

afterEach(() => simulator.close())

function subscribe(symbols: readonly string[], snapshot = false, method = 'subscribe'): Record<string, unknown> {
  return { method, params: { channel: 'trade', symbol: symbols, snapshot }, req_id: 7 }
}

function tradesIn(frames: readonly string[]): TradeItem[] {
  return frames
    .map((frame) => JSON.parse(frame) as { channel?: string; data: TradeItem[] })
    .flatMap((message) => (message.channel === 'trade' ? message.data : []))
}

async function ask(request: unknown): Promise<unknown> {
  client.send(request)
  return JSON.parse(await client.next())
}

/** The frames of simulated seconds that pass now. */
async function listen(seconds: number): Promise<string[]> {
  wall.advance(seconds * 1000)
  return client.settled()
}

describe('a connection', () => {
  it('opens with the status', async () => {
    const [first, second] = [await SocketClient.connect(simulator.wsUrl), await SocketClient.connect(simulator.wsUrl)]
    const frames = [await first.next(), await second.next()]
    expect(frames[0]).toMatch(
      /^\{"channel":"status","type":"update","data":\[\{"version":"[^"]+","system":"online","api_version":"v2","connection_id":\d{20},"upcoming_maintenance":\[\],"emergency":\[\]\}\]\}$/,
    )
    expect(frames[1]).not.toBe(frames[0])
  })

  it('answers a ping before any subscription', async () => {
    expect(await ask({ method: 'ping', req_id: 101 })).toEqual({ method: 'pong', req_id: 101, ...TIMES })
    expect(await ask({ method: 'ping' })).toEqual({ method: 'pong', ...TIMES })
  })

  it('has no heartbeat before a subscription, then one after each silent second', async () => {
    expect(await listen(5)).toEqual([])
    await ask({ method: 'subscribe', params: { channel: 'instrument', snapshot: false } })
    expect(await listen(3.1)).toEqual(new Array(3).fill('{"channel":"heartbeat"}'))
  })

  it('has a heartbeat when a second has passed without a trade, and only then', async () => {
    await ask(subscribe(['ETH/USD']))
    let silence = 0
    const silences: Record<string, number[]> = { heartbeat: [], trade: [] }
    for (let tenth = 0; tenth < 300; tenth += 1) {
      silence += 0.1
      for (const frame of await listen(0.1)) {
        silences[(JSON.parse(frame) as { channel: string }).channel]?.push(silence)
        silence = 0
      }
    }
    expect(silences.trade?.length).toBeGreaterThan(5)
    expect(silences.heartbeat?.length).toBeGreaterThan(5)
    expect(Math.min(...(silences.heartbeat ?? []))).toBeGreaterThan(0.85)
    expect(Math.max(...Object.values(silences).flat())).toBeLessThan(1.15)
  })

  it('is closed after a minute without traffic or subscription', async () => {
    const closed = once(client.socket, 'close')
    wall.advance(59_000)
    await client.settled()
    wall.advance(59_000)
    expect(client.socket.readyState).toBe(WebSocket.OPEN)
    wall.advance(2_000)
    expect((await closed)[0]).toBe(1000)
  })

  it('stays open while it is subscribed', async () => {
    await ask(subscribe(['KAVA/USD']))
    expect((await listen(300)).length).toBeGreaterThan(250)
  })

  it.each([
    ['{', { error: 'Malformed request', success: false }],
    ['[]', { error: 'Malformed request', success: false }],
    ['{"method":"dance","req_id":3}', { error: 'Malformed request', method: 'dance', success: false, req_id: 3 }],
    [
      '{"method":"subscribe","params":{"channel":"trade","symbol":"BTC/USD"}}',
      { error: 'Malformed request', method: 'subscribe', success: false },
    ],
    [
      '{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD"]}}',
      { error: 'Malformed request', method: 'subscribe', success: false },
    ],
    [
      '{"method":"subscribe","params":{"channel":"executions"}}',
      {
        error: 'Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com',
        method: 'subscribe',
        success: false,
      },
    ],
  ])('refuses %s and stays open', async (request, answer) => {
    expect(await ask(request)).toEqual({ ...answer, ...TIMES })
    expect(await ask({ method: 'ping' })).toMatchObject({ method: 'pong' })
  })

  it('is refused with HTTP 429 from the 151st within ten minutes, for ten minutes', async () => {
    const attempt = async (): Promise<number> => {
      const socket = new WebSocket(simulator.wsUrl)
      const status = await new Promise<number>((resolve) => {
        socket.once('open', () => resolve(101))
        socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
      })
      // Ends the attempt whatever became of it; a refused one reports that as an error.
      socket.once('error', () => undefined).terminate()
      return status
    }
    for (let count = 2; count <= 150; count += 1) expect(await attempt()).toBe(101)
    expect(await attempt()).toBe(429)
    wall.advance(9 * 60_000)
    expect(await attempt()).toBe(429)
    wall.advance(60_000)
    expect(await attempt()).toBe(101)
  })

  it('is refused on another path', async () => {
    const socket = new WebSocket(simulator.wsUrl.replace('/v2', '/v1'))
    const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [Error]
    expect(error.message).toContain('404')
  })
})

describe('a subscription', () => {
  it("is answered for each symbol, unlisted ones with the venue's words", async () => {
    client.send(subscribe(['BTC/USD', 'XBT/USD', 'XBTUSD', '*', 'ETH/USD']))
    const frames = await client.settled()
    expect(frames.map((frame) => JSON.parse(frame))).toEqual([
      {
        method: 'subscribe',
        result: { channel: 'trade', snapshot: false, symbol: 'BTC/USD' },
        success: true,
        ...TIMES,
        req_id: 7,
      },
      {
        error: 'Currency pair not supported XBT/USD',
        method: 'subscribe',
        success: false,
        symbol: 'XBT/USD',
        ...TIMES,
        req_id: 7,
      },
      {
        error: 'Currency pair not in ISO 4217-A3 format XBTUSD',
        method: 'subscribe',
        success: false,
        ...TIMES,
        req_id: 7,
      },
      { error: 'Currency pair not in ISO 4217-A3 format *', method: 'subscribe', success: false, ...TIMES, req_id: 7 },
      {
        method: 'subscribe',
        result: { channel: 'trade', snapshot: false, symbol: 'ETH/USD' },
        success: true,
        ...TIMES,
        req_id: 7,
      },
    ])
  })

  it('is refused a second time, and its end where there is none', async () => {
    await ask(subscribe(['BTC/USD']))
    expect(await ask(subscribe(['BTC/USD']))).toEqual({
      error: 'Already subscribed',
      method: 'subscribe',
      success: false,
      ...TIMES,
      req_id: 7,
    })
    expect(await ask(subscribe(['ETH/USD'], false, 'unsubscribe'))).toEqual({
      error: 'Subscription Not Found',
      method: 'unsubscribe',
      success: false,
      symbol: 'ETH/USD',
      ...TIMES,
      req_id: 7,
    })
  })

  it('brings the last 50 trades when asked, then each later one once, in order', async () => {
    client.send(subscribe(['BTC/USD'], true))
    const [ack, snapshot] = await client.settled()
    expect(ack).toContain('"snapshot":true')
    expect(snapshot).toContain('"type":"snapshot"')
    const history = tradesIn([snapshot as string])
    expect(history).toHaveLength(50)
    const trades = [...history, ...tradesIn(await listen(120))]
    expect(trades.length).toBeGreaterThan(100)
    expect(trades.map((trade) => trade.trade_id)).toEqual(
      trades.map((_, index) => (history[0] as TradeItem).trade_id + index),
    )
  })

  it('writes numbers with all of their decimals and times in microseconds', async () => {
    client.send(subscribe(['DOGE/USD', 'BTC/USD'], true))
    const frames = (await client.settled()).filter((frame) => frame.includes('"channel":"trade","type"'))
    expect(frames[0]).toMatch(
      /^\{"channel":"trade","type":"snapshot","data":\[(\{"symbol":"DOGE\/USD","side":"(buy|sell)","price":\d+\.\d{7},"qty":\d+\.\d{8},"ord_type":"(limit|market)","trade_id":\d+,"timestamp":"2025-11-10T1\d:\d\d:\d\d\.\d{6}Z"\},?){50}\]\}$/,
    )
    expect(frames[1]).toMatch(/"price":\d+\.\d,"qty":\d+\.\d{8},/)
  })

  it('ends: no trade comes after the answer', async () => {
    await ask(subscribe(['BTC/USD']))
    expect(await ask(subscribe(['BTC/USD'], false, 'unsubscribe'))).toEqual({
      method: 'unsubscribe',
      result: { channel: 'trade', symbol: 'BTC/USD' },
      success: true,
      ...TIMES,
      req_id: 7,
    })
    expect(await listen(30)).toEqual([])
  })

  it("of one connection does not disturb another's", async () => {
    await ask(subscribe(['BTC/USD']))
    wall.advance(10)
    const late = await SocketClient.connect(simulator.wsUrl)
    late.send(subscribe(['BTC/USD'], true))
    const early = tradesIn([...(await client.settled()), ...(await listen(30))])
    const ids = early.map((trade) => trade.trade_id)
    expect(ids).toEqual(ids.map((_, index) => (ids[0] as number) + index))
    expect(new Set(tradesIn(await late.settled()).map((trade) => trade.trade_id))).toContain(ids.at(-1))
  })

  it('shows the same trades as REST, its time cut to microseconds', async () => {
    await ask(subscribe(['SOL/USD']))
    const trades = tradesIn(await listen(120))
    expect(trades.length).toBeGreaterThan(5)
    const raw = client.frames.join('')
    const page = await fetchTrades(simulator.restUrl, `pair=SOLUSD&since=${START}000`)
    const text = await fetchText(simulator.restUrl, `Trades?pair=SOLUSD&since=${START}000`)
    for (const trade of trades) {
      const row = page.rows.find((row) => row[6] === trade.trade_id)
      const [, price, quantity] =
        new RegExp(`"price":([0-9.]+),"qty":([0-9.]+),[^}]*"trade_id":${trade.trade_id},`).exec(raw) ?? []
      expect([row?.[0], row?.[1]]).toEqual([`${price}000`, quantity])
      expect([row?.[3], row?.[4]]).toEqual([trade.side[0], trade.ord_type[0]])
      const [, seconds = '', fraction = ''] =
        new RegExp(`(\\d{10})(?:\\.(\\d+))?,"[bs]","[ml]","",${trade.trade_id}\\]`).exec(text) ?? []
      expect(parseTime(trade.timestamp)).toBe(Number(seconds + fraction.slice(0, 6).padEnd(6, '0')))
    }
  })

  it('to instrument brings the pairs', async () => {
    client.send({ method: 'subscribe', params: { channel: 'instrument', snapshot: true } })
    const [ack, snapshot] = await client.settled()
    expect(JSON.parse(ack as string)).toMatchObject({
      result: { channel: 'instrument', snapshot: true },
      success: true,
    })
    const { data } = JSON.parse(snapshot as string) as { data: { assets: unknown[]; pairs: Record<string, unknown>[] } }
    expect(data.pairs).toHaveLength(8)
    expect(data.assets).toHaveLength(8)
    expect(data.pairs[0]).toMatchObject({ symbol: 'BTC/USD', price_precision: 1, qty_precision: 8, status: 'online' })
    expect(await ask({ method: 'subscribe', params: { channel: 'instrument' } })).toMatchObject({
      error: 'Already subscribed',
    })
    expect(await ask({ method: 'unsubscribe', params: { channel: 'instrument' } })).toMatchObject({ success: true })
    expect(await ask({ method: 'unsubscribe', params: { channel: 'instrument' } })).toMatchObject({
      error: 'Subscription Not Found',
    })
  })
})

describe('a fault', () => {
  it('cuts connections without a close frame, and the next one goes on', async () => {
    const closed = once(client.socket, 'close')
    simulator.dropConnections()
    expect((await closed)[0]).toBe(1006)
    client = await SocketClient.connect(simulator.wsUrl)
    expect(await client.next()).toContain('"channel":"status"')
  })

  it('of the feed leaves a hole of trades, which REST has', async () => {
    await ask(subscribe(['BTC/USD']))
    const before = tradesIn(await listen(30)).at(-1) as TradeItem
    simulator.pauseFeed()
    const silent = await listen(30)
    expect(tradesIn(silent)).toEqual([])
    expect(silent).toContain('{"channel":"heartbeat"}')
    simulator.resumeFeed()
    const after = tradesIn(await listen(30))[0] as TradeItem
    expect(after.trade_id).toBeGreaterThan(before.trade_id + 1)
    const { rows } = await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${START}000`)
    expect(rows.map((row) => row[6])).toContain(before.trade_id + 1)
  })

  it('sends any frame to all', async () => {
    simulator.send('{"channel":"trade","type":"upd')
    expect(await client.next()).toBe('{"channel":"trade","type":"upd')
  })
})
