import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { areDense, FaultyVenue, idsIn, tradeFrames } from '../test-support/faulty-venue.ts'
import { fetchTrades } from '../test-support/rest-client.ts'
import { SocketClient } from '../test-support/socket-client.ts'
import type { FaultEntry } from './fault.ts'
import { MALFORMED_KINDS } from './malformed-frame.ts'

const HEARTBEAT = '{"channel":"heartbeat"}'

let venue: FaultyVenue
afterEach(() => venue.close())

/** A venue with the faults, and a client of it that is subscribed. */
async function subscribed(faults: readonly FaultEntry[], symbols?: readonly string[]): Promise<void> {
  venue = await FaultyVenue.start(faults)
  await venue.subscribe(symbols)
}

/** What an attempt to connect ends with: an HTTP status, or the error's code. */
function refusal(): Promise<unknown> {
  const socket = new WebSocket(venue.simulator.wsUrl)
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
  })
}

describe('the connection', () => {
  it('is dropped without a close frame, and refused without an answer for as long as the fault lasts', async () => {
    await subscribed([{ at: '+2s', for: '3s', fault: 'drop' }])
    const closed = once(venue.client.socket, 'close')
    venue.passUnheard(2)
    expect((await closed)[0]).toBe(1006)
    expect(await refusal()).toBe('ECONNRESET')
    venue.passUnheard(3)
    expect(await (await SocketClient.connect(venue.simulator.wsUrl)).next()).toContain('"system":"online"')
  })

  it.each([
    [{}, 1001, 'CloudFlare WebSocket proxy restarting'],
    [{ code: 1013, reason: 'Market data unavailable' }, 1013, 'Market data unavailable'],
  ])('is closed with a code: %o', async (parameters, code, reason) => {
    await subscribed([{ at: '+1s', fault: 'close', ...parameters }])
    const closed = once(venue.client.socket, 'close')
    venue.passUnheard(1)
    const [closedWith, told] = await closed
    expect([closedWith, String(told)]).toEqual([code, reason])
  })

  it('stays open and says nothing, answers nothing, while it is silent; others are not', async () => {
    await subscribed([{ at: '+2s', for: '5s', fault: 'silence' }])
    // The last frames before the silence: the next tick falls into it.
    const before = idsIn(await venue.pass(1.975))
    venue.passUnheard(1)
    venue.client.send({ method: 'ping', req_id: 1 })
    expect(await (await SocketClient.connect(venue.simulator.wsUrl)).next()).toContain('"channel":"status"')
    venue.passUnheard(3)
    expect(venue.client.socket.readyState).toBe(WebSocket.OPEN)
    const after = await venue.pass(5)
    expect(after.filter((frame) => frame.includes('pong'))).toHaveLength(1)
    expect((idsIn(after)[0] as number) - (before.at(-1) as number)).toBeGreaterThan(1)
    expect(areDense(idsIn(after))).toBe(true)
  })

  it('is silent from its opening where the silence is for all', async () => {
    venue = await FaultyVenue.start([{ at: '+0s', for: '5s', fault: 'silence', connections: 'all' }])
    expect(await venue.pass(6)).toEqual([])
    expect((await venue.subscribe()).join()).toContain('"success":true')
  })

  it.each([429, 503, 520])('is refused with HTTP %i and a page', async (status) => {
    venue = await FaultyVenue.start([{ at: '+1s', for: '2s', fault: 'refuse-connections', status }])
    venue.passUnheard(1)
    expect(await refusal()).toBe(status)
    venue.passUnheard(2)
    expect(await (await SocketClient.connect(venue.simulator.wsUrl)).next()).toContain('"channel":"status"')
  })

  it('hears of a halted engine and of its return; no trade happens in between, and REST says the same', async () => {
    await subscribed([{ at: '+2s', for: '5s', fault: 'status', system: 'cancel_only' }])
    const before = await venue.pass(1.9)
    const halted = await venue.pass(3)
    expect(halted.join()).toContain('"system":"cancel_only"')
    expect(halted).toContain(HEARTBEAT)
    expect(await (await SocketClient.connect(venue.simulator.wsUrl)).next()).toContain('"system":"cancel_only"')
    const answer = await fetch(`${venue.simulator.restUrl}/0/public/SystemStatus`)
    expect(await answer.text()).toContain('"status":"cancel_only"')
    const after = await venue.pass(5)
    expect(after.join()).toContain('"system":"online"')
    expect(areDense(idsIn([...before, ...halted, ...after]))).toBe(true)
    const times = tradeFrames([...halted, ...after])
      .flat()
      .map(({ timestamp }) => timestamp)
    expect(times.filter((time) => time >= '2025-11-10T17:30:22' && time < '2025-11-10T17:30:27')).toEqual([])
  })
})

describe('trades', () => {
  it('are skipped without a sign, and REST has them', async () => {
    await subscribed([{ at: '+2s', for: '3s', fault: 'skip-trades', symbols: ['BTC/USD'] }], ['BTC/USD', 'ETH/USD'])
    const rows = tradeFrames(await venue.pass(8)).flat()
    const idsOf = (symbol: string): number[] => rows.filter((row) => row.symbol === symbol).map((row) => row.trade_id)
    expect(areDense(idsOf('ETH/USD'))).toBe(true)
    const ids = idsOf('BTC/USD')
    expect(areDense(ids)).toBe(false)
    const truth = venue.simulator.truth('BTC/USD' as never, ids[0] as number)
    const missing = truth.filter(({ tradeId }) => !ids.includes(tradeId))
    const seconds = missing.map(({ eventTime }) => Math.floor(eventTime / 1e6) % 60)
    expect(new Set(seconds)).toEqual(new Set([22, 23, 24]))
    const page = await fetchTrades(venue.simulator.restUrl, 'pair=XBTUSD')
    expect(page.rows.map((row) => row[6])).toEqual(expect.arrayContaining(missing.map(({ tradeId }) => tradeId)))
  })

  it('are skipped now and then: each so-manieth id', async () => {
    await subscribed([{ at: '+0s', for: '1h', fault: 'skip-trades', every: 3 }])
    const ids = idsIn(await venue.pass(10))
    expect(ids.length).toBeGreaterThan(20)
    expect(ids.filter((id) => id % 3 === 0)).toEqual([])
  })

  it('come twice', async () => {
    await subscribed([{ at: '+0s', for: '5s', fault: 'duplicate-frames' }])
    const twice = tradeFrames(await venue.pass(4.9))
    expect(twice.length).toBeGreaterThan(5)
    for (let at = 0; at < twice.length; at += 2) expect(twice[at + 1]).toEqual(twice[at])
    expect(areDense(idsIn(await venue.pass(5)))).toBe(true)
  })

  it('come again as a snapshot, unasked', async () => {
    await subscribed([{ at: '+3s', fault: 'repeat-snapshot', symbols: ['BTC/USD'] }], ['BTC/USD', 'ETH/USD'])
    const frames = await venue.pass(3)
    expect(tradeFrames(frames, 'snapshot').map((rows) => rows[0]?.symbol)).toEqual(['BTC/USD'])
    expect(idsIn(frames, 'snapshot')).toHaveLength(50)
    expect(tradeFrames(await venue.pass(3), 'snapshot')).toEqual([])
  })

  it('come in frames of the wrong order, all of them', async () => {
    await subscribed([{ at: '+0s', for: '5s', fault: 'reorder-frames' }])
    const ids = idsIn(await venue.pass(6))
    expect(areDense(ids)).toBe(false)
    expect(areDense(ids.toSorted((a, b) => a - b))).toBe(true)
  })

  it('come late, after newer ones', async () => {
    await subscribed([{ at: '+2s', for: '2s', fault: 'delay-frames', by: '5s' }])
    const early = idsIn(await venue.pass(6))
    const all = [...early, ...idsIn(await venue.pass(6))]
    expect(areDense(early)).toBe(false)
    expect(areDense(all)).toBe(false)
    expect(areDense(all.toSorted((a, b) => a - b))).toBe(true)
  })

  it('are never served on the socket, nor by REST, where they are unserved everywhere', async () => {
    await subscribed([{ at: '+1s', for: '2s', fault: 'unserved', where: 'everywhere' }])
    const ids = idsIn(await venue.pass(4))
    venue.client.send({ method: 'unsubscribe', params: { channel: 'trade', symbol: ['BTC/USD'] } })
    const snapshot = idsIn(await venue.subscribe(['BTC/USD'], true), 'snapshot')
    const { rows } = await fetchTrades(venue.simulator.restUrl, 'pair=XBTUSD')
    const truth = venue.simulator.truth('BTC/USD' as never, ids[0] as number)
    const unserved = truth.filter((trade) => trade.unserved === 'everywhere').map(({ tradeId }) => tradeId)
    expect(unserved.length).toBeGreaterThan(3)
    for (const served of [ids, snapshot, rows.map((row) => row[6])])
      expect(served.filter((id) => unserved.includes(id))).toEqual([])
    expect([...ids, ...unserved].toSorted((a, b) => a - b)).toEqual(truth.map(({ tradeId }) => tradeId))
  })
})

describe('malformed frames', () => {
  const script = (kind: (typeof MALFORMED_KINDS)[number], replaces: boolean): FaultEntry[] => [
    { at: '+0s', for: '1h', fault: 'malformed-frames', kinds: [kind], replaces },
  ]
  const isGood = (text: string, truth: ReadonlyMap<number, number>): number[] => {
    try {
      const { channel, type, data } = JSON.parse(text)
      if (channel !== 'trade' || type !== 'update' || !Array.isArray(data)) return []
      return data.filter((row) => truth.get(row.trade_id) === row.price).map((row) => row.trade_id)
    } catch {
      return []
    }
  }

  it.each(MALFORMED_KINDS)('of the kind %s come beside all the good trades', async (kind) => {
    await subscribed(script(kind, false))
    const frames = await venue.pass(4)
    const calm = await FaultyVenue.start([])
    await calm.subscribe()
    const usual = await calm.pass(4)
    await calm.close()
    const first = idsIn(usual)[0] as number
    const trades = venue.simulator.truth('BTC/USD' as never, first)
    const truth = new Map(trades.map(({ tradeId, price }) => [tradeId, Number(price)]))
    const good = [...new Set(frames.flatMap((frame) => isGood(frame, truth)))].sort((a, b) => a - b)
    expect(frames.filter((frame) => !usual.includes(frame)).length).toBeGreaterThan(0)
    expect(good).toEqual(idsIn(usual))
  })

  it('leave out the good trade where they replace it, and take turns', async () => {
    await subscribed([
      {
        at: '+0s',
        for: '1h',
        fault: 'malformed-frames',
        kinds: ['negative-price', 'not-json'],
        replaces: true,
        every: 2,
      },
    ])
    const frames = (await venue.pass(6)).filter((frame) => frame !== HEARTBEAT)
    const told = frames.map((frame) => (frame.includes('"price":-') ? 'negative' : frame[0] === '{' ? 'good' : 'bad'))
    expect(told.slice(0, 8)).toEqual(['good', 'negative', 'good', 'bad', 'good', 'negative', 'good', 'bad'])
  })
})

describe('answers', () => {
  const pings = (frames: readonly string[]): number => frames.filter((frame) => frame.includes('"pong"')).length

  it('to a ping come late, or never', async () => {
    await subscribed([
      { at: '+0s', for: '2s', fault: 'delay-pong', by: '4s' },
      { at: '+10s', for: '2s', fault: 'no-pong' },
    ])
    venue.client.send({ method: 'ping' })
    await venue.frames()
    expect(pings(await venue.pass(3.9))).toBe(0)
    expect(pings(await venue.pass(0.2))).toBe(1)
    await venue.pass(6)
    venue.client.send({ method: 'ping' })
    await venue.frames()
    expect(pings(await venue.pass(20))).toBe(0)
  })

  it('to a subscription are missing, while the subscription is in force', async () => {
    venue = await FaultyVenue.start([{ at: '+0s', for: '1s', fault: 'no-ack', symbols: ['BTC/USD'] }])
    expect((await venue.subscribe(['BTC/USD', 'ETH/USD'])).filter((frame) => frame.includes('"success"'))).toEqual([
      expect.stringContaining('ETH/USD'),
    ])
    const symbols = tradeFrames(await venue.pass(5))
      .flat()
      .map(({ symbol }) => symbol)
    expect(symbols).toContain('BTC/USD')
  })

  it('refuse one symbol for a while', async () => {
    venue = await FaultyVenue.start([{ at: '+0s', for: '5s', fault: 'refuse-symbol', symbols: ['BTC/USD'] }])
    const refused = (await venue.subscribe(['BTC/USD', 'ETH/USD'])).filter((frame) => frame.includes('"success":false'))
    expect(refused).toEqual([expect.stringContaining('"error":"Currency pair not supported BTC/USD"')])
    await venue.pass(5)
    expect((await venue.subscribe(['BTC/USD'])).join()).toContain('"success":true')
  })

  it('say that there are too many requests, as the odd object or as a refusal, and the request has no effect', async () => {
    venue = await FaultyVenue.start([
      { at: '+0s', for: '1s', fault: 'exceeded-rate' },
      { at: '+1s', for: '1s', fault: 'exceeded-rate', form: 'refusal' },
    ])
    expect(await venue.subscribe()).toContain('{"Error":"Exceeded msg rate"}')
    await venue.pass(1)
    expect(await venue.subscribe()).toEqual([
      '{"error":"Exceeded msg rate","method":"subscribe","success":false,"req_id":7}',
    ])
    expect(tradeFrames(await venue.pass(1))).toEqual([])
    expect((await venue.subscribe()).join()).toContain('"success":true')
  })
})

it('heartbeats are missing', async () => {
  await subscribed([{ at: '+0s', for: '10s', fault: 'no-heartbeat' }], ['KAVA/USD'])
  expect(await venue.pass(9)).not.toContain(HEARTBEAT)
  expect(await venue.pass(5)).toContain(HEARTBEAT)
})
