import { createServer } from 'node:net'
import type { Trade } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { instrument } from '../test-support/instruments.ts'
import { ManualTimers } from '../test-support/manual-timers.ts'
import { recorded } from '../test-support/recorded.ts'
import { ScriptedVenue } from '../test-support/scripted-venue.ts'
import { btc, eth, WatchedFeed as Watched } from '../test-support/watched-feed.ts'
import { KrakenFeed } from './feed.ts'

async function live(venue: ScriptedVenue, watched: Watched) {
  const connection = await venue.connection()
  connection.confirm(await connection.request('subscribe'))
  await watched.next('subscribed')
  await watched.next('subscribed')
  return connection
}

const trade = (id: number) =>
  `{"symbol":"BTC/USD","side":"buy","price":83744.3,"qty":0.00044780,"ord_type":"limit","trade_id":${id},"timestamp":"2026-09-25T17:48:26.844359Z"}`
const ids = (trades: readonly Trade[]) => trades.map(({ tradeId }) => tradeId)

const statusFrame = (system: string) => ({ channel: 'status', type: 'update', data: [{ system }] })

describe('the feed', () => {
  it('connects, pings, subscribes and is live once every symbol is answered', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    expect(watched.feed.state).toBe('connecting')
    const connection = await venue.connection()
    connection.send(recorded('status_on_connect'))
    await connection.request('ping')
    const request = await connection.request('subscribe')
    expect(request.params).toEqual({ channel: 'trade', symbol: ['BTC/USD', 'ETH/USD'], snapshot: true })
    expect(await watched.next('status')).toMatchObject({ system: 'online', online: true })
    expect(watched.feed.state).toBe('subscribing')
    connection.confirm(request)
    expect(await watched.next('subscribed')).toMatchObject({ symbol: 'BTC/USD' })
    expect(await watched.next('subscribed')).toMatchObject({ symbol: 'ETH/USD' })
    expect(watched.feed.state).toBe('live')
  })

  it('goes live with the symbols that are not refused', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await venue.connection()
    const { req_id } = await connection.request('subscribe')
    const error = 'Currency pair not supported BTC/USD'
    connection.send({ error, method: 'subscribe', success: false, symbol: 'BTC/USD', req_id })
    expect(await watched.next('refused')).toEqual({ kind: 'refused', symbol: 'BTC/USD', reason: error })
    connection.send({ error: 'Already subscribed', method: 'subscribe', success: false, req_id })
    expect(await watched.next('subscribed')).toMatchObject({ symbol: 'ETH/USD' })
    expect(watched.feed.state).toBe('live')
  })

  it('tells trades, snapshots and heartbeats in the order of the frames', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    connection.send('{"channel":"heartbeat"}')
    connection.send(`{"channel":"trade","type":"snapshot","data":[${trade(109116692)},${trade(109116691)}]}`)
    connection.send(recorded('trade_update'))
    await watched.next('alive')
    expect(ids((await watched.next('trades')).trades)).toEqual([109116691, 109116692])
    const update = await watched.next('trades')
    expect(ids(update.trades)).toEqual([109116693])
    expect(update).toMatchObject({ snapshot: false, receivedTime: watched.timers.now() })
    expect(watched.events.slice(-5).map(({ kind }) => kind)).toEqual(['alive', 'alive', 'trades', 'alive', 'trades'])
  })

  it('tells the clock of the venue from pongs and acks', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url, { instruments: [btc] })
    const connection = await venue.connection()
    connection.send(recorded('subscribe_trade_ack'))
    expect(await watched.next('clock')).toEqual({
      kind: 'clock',
      venueTime: 1_790_358_504_746_032,
      receivedTime: watched.timers.now(),
    })
    expect(await watched.next('subscribed')).toMatchObject({ symbol: 'BTC/USD' })
    await connection.request('ping')
    watched.timers.advance(10_000)
    await connection.request('ping')
    connection.send({ method: 'pong', time_in: '2026-09-25T17:48:24.746Z', time_out: '2026-09-25T17:48:25Z' })
    expect((await watched.next('clock')).venueTime).toBe(1_790_358_505_000_000)
  })

  it('turns malformed frames and trades into events and goes on', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    const bad = trade(0)
    const frames = [
      '{"channel":"trade"',
      '[]',
      '{}',
      '{"channel":"status","data":[]}',
      '{"channel":"trade","type":"update"}',
    ]
    for (const frame of frames) connection.send(frame)
    connection.send(`{"channel":"trade","type":"update","data":[${trade(1)},${bad},${trade(2)}]}`)
    for (const frame of frames) expect((await watched.next('malformed')).raw).toBe(frame)
    expect(ids((await watched.next('trades')).trades)).toEqual([1, 2])
    expect(await watched.next('malformed')).toMatchObject({ raw: bad, code: 'trade_id_malformed' })
    expect(watched.feed.state).toBe('live')
  })

  it('is not disturbed by frames that it did not ask for', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    connection.send(recorded('ticker_update'))
    connection.send({ method: 'unsubscribe', success: true, result: { channel: 'trade', symbol: 'BTC/USD' } })
    connection.send('{"Error":"Exceeded msg rate"}')
    connection.send(recorded('trade_update'))
    await watched.next('trades')
    expect(watched.events.filter(({ kind }) => kind === 'malformed')).toEqual([])
  })

  it('asks again for symbols that stay unanswered', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await venue.connection()
    const first = await connection.request('subscribe')
    connection.send({
      method: 'subscribe',
      success: true,
      result: { channel: 'trade', symbol: 'ETH/USD' },
      req_id: first.req_id,
    })
    await watched.next('subscribed')
    watched.timers.advance(10_000)
    connection.send('{"channel":"heartbeat"}')
    await watched.next('alive')
    watched.timers.advance(5_000)
    expect((await connection.request('subscribe')).params).toMatchObject({ symbol: ['BTC/USD'] })
  })

  it.each([
    [
      'with a code',
      (socket: { close(code: number, text: string): void }) => socket.close(1013, 'Market data unavailable'),
      /1013 Market data unavailable/,
    ],
    ['without a close frame', (socket: { terminate(): void }) => socket.terminate(), /1006/],
  ])('connects again and subscribes to everything after an end %s', async (_, end, reason) => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    end((await live(venue, watched)).socket)
    expect((await watched.next('disconnected')).reason).toMatch(reason)
    expect(watched.feed.state).toBe('waiting')
    watched.timers.advance(999)
    expect(watched.feed.state).toBe('waiting')
    watched.timers.advance(1)
    await live(venue, watched)
    expect(watched.feed.state).toBe('live')
  })

  it('gives up a connection that fell silent, and not before', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    watched.timers.advance(14_000)
    connection.send('{"channel":"heartbeat"}')
    await watched.next('alive')
    watched.timers.advance(14_999)
    expect(watched.feed.state).toBe('live')
    watched.timers.advance(1)
    expect((await watched.next('disconnected')).reason).toBe('silent for 15000 ms')
    await connection.closed
  })

  it('gives up a handshake that is not answered', async () => {
    const server = createServer()
    const socket = new Promise((resolve) => server.once('connection', resolve))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address() as { port: number }
    using watched = new Watched(`ws://127.0.0.1:${address.port}`)
    await socket
    watched.timers.advance(15_000)
    expect((await watched.next('disconnected')).reason).toBe('silent for 15000 ms')
    server.close()
  })

  it('keeps trying, slower and slower, where nobody listens', async () => {
    const venue = await ScriptedVenue.listen()
    await venue[Symbol.asyncDispose]()
    using watched = new Watched(venue.url)
    for (const delayMs of [1_000, 2_000, 5_000, 10_000]) {
      expect((await watched.next('disconnected')).reason).toContain('ECONNREFUSED')
      watched.timers.advance(delayMs - 1)
      expect(watched.feed.state).toBe('waiting')
      watched.timers.advance(1)
      expect(watched.feed.state).toBe('connecting')
    }
  })

  it('gives up a connection that brings frames but no pong', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    for (const ms of [10_000, 10_000, 9_999]) {
      watched.timers.advance(ms)
      connection.send('{"channel":"heartbeat"}')
      await watched.next('alive')
    }
    expect(watched.feed.state).toBe('live')
    watched.timers.advance(1)
    expect((await watched.next('disconnected')).reason).toBe('no pong for 30000 ms')
    await connection.closed
  })

  it('lives by frames alone with a venue that has never answered a ping', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    let connection = await live(venue, watched)
    const beat = async (): Promise<void> => {
      watched.timers.advance(10_000)
      connection.send('{"channel":"heartbeat"}')
      await watched.next('alive')
    }
    for (const backOffMs of [1_000, 2_000]) {
      for (let tens = 0; tens < 2; tens += 1) await beat()
      watched.timers.advance(10_000)
      expect((await watched.next('disconnected')).reason).toBe('no pong for 30000 ms')
      watched.timers.advance(backOffMs)
      connection = await live(venue, watched)
    }
    for (let tens = 0; tens < 12; tens += 1) await beat()
    expect(watched.feed.state).toBe('live')
  })

  it('stays connected while the venue is in maintenance, and then asks for everything again', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    connection.send(statusFrame('maintenance'))
    expect(await watched.next('status')).toMatchObject({ system: 'maintenance', online: false })
    expect(watched.feed.state).toBe('maintenance')
    for (let tens = 0; tens < 6; tens += 1) {
      watched.timers.advance(10_000)
      connection.send('{"channel":"heartbeat"}')
      await watched.next('alive')
    }
    expect(watched.feed.state).toBe('maintenance')
    connection.send(statusFrame('online'))
    const request = await connection.request('subscribe')
    expect(request.params).toMatchObject({ symbol: ['BTC/USD', 'ETH/USD'] })
    expect(watched.feed.state).toBe('subscribing')
    connection.send({ error: 'Already subscribed', method: 'subscribe', success: false, req_id: request.req_id })
    connection.send({ error: 'Already subscribed', method: 'subscribe', success: false, req_id: request.req_id })
    await watched.next('subscribed')
    expect(watched.feed.state).toBe('live')
  })

  it('comes back no faster than every 5 s when it was lost in maintenance', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    connection.send(statusFrame('maintenance'))
    await watched.next('status')
    connection.socket.terminate()
    await watched.next('disconnected')
    watched.timers.advance(4_999)
    expect(watched.feed.state).toBe('waiting')
    watched.timers.advance(1)
    expect(watched.feed.state).toBe('connecting')
  })

  it('asks for a refused symbol again, alone and on the same connection', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await venue.connection()
    const { req_id } = await connection.request('subscribe')
    const error = 'Currency pair not supported BTC/USD'
    connection.send({ error, method: 'subscribe', success: false, symbol: 'BTC/USD', req_id })
    connection.send({ method: 'subscribe', success: true, result: { symbol: 'ETH/USD' }, req_id })
    await watched.next('subscribed')
    expect(watched.feed.state).toBe('live')
    watched.timers.advance(2_500)
    const again = await connection.request('subscribe')
    expect(again.params).toMatchObject({ symbol: ['BTC/USD'] })
    connection.confirm(again)
    expect(await watched.next('subscribed')).toMatchObject({ symbol: 'BTC/USD' })
  })

  it('asks more slowly after it exceeded the rate of messages', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await venue.connection()
    await connection.request('subscribe')
    connection.send('{"Error":"Exceeded msg rate"}')
    await watched.next('alive')
    connection.send({ method: 'pong', time_out: '2026-09-25T17:48:25Z' })
    await watched.next('clock')
    watched.timers.advance(500)
    connection.confirm(await connection.request('subscribe'))
    await watched.next('subscribed')
    await watched.next('subscribed')
    expect(watched.feed.state).toBe('live')
  })

  it('ends at once and for good when closed, in any state', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url)
    const connection = await live(venue, watched)
    watched.feed.close()
    watched.feed.close()
    watched.feed.start()
    await connection.closed
    expect({ state: watched.feed.state, timers: watched.timers.pending }).toEqual({ state: 'closed', timers: 0 })
    expect(watched.events.at(-1)?.kind).toBe('subscribed')
    using connecting = new Watched(venue.url)
    connecting.feed.close()
    expect({ state: connecting.feed.state, timers: connecting.timers.pending }).toEqual({ state: 'closed', timers: 0 })
  })

  it('tells nothing more once a listener closed it', async () => {
    await using venue = await ScriptedVenue.listen()
    const kinds: string[] = []
    const feed = new KrakenFeed({
      url: venue.url,
      instruments: [btc],
      timers: new ManualTimers(),
      onEvent: ({ kind }) => {
        kinds.push(kind)
        if (kind === 'alive') feed.close()
      },
    })
    feed.start()
    const connection = await venue.connection()
    connection.send(recorded('trade_update'))
    await connection.closed
    expect(kinds).toEqual(['connected', 'alive'])
  })
})

describe('a feed of many connections', () => {
  const sol = instrument('SOL/USD', { priceDecimals: 2, aliases: ['SOLUSD'] })
  const options = { instruments: [btc, eth, sol], symbolsPerConnection: 2 }

  /** Connections come one after the other, with the frames they ask with. */
  async function bothLive(venue: ScriptedVenue, watched: Watched) {
    const first = await venue.connection()
    first.confirm(await first.request('subscribe'))
    watched.timers.advance(249)
    expect(watched.feed.state).toBe('waiting')
    watched.timers.advance(1)
    const second = await venue.connection()
    second.confirm(await second.request('subscribe'))
    for (let symbol = 0; symbol < 3; symbol += 1) await watched.next('subscribed')
    return [first, second] as const
  }

  it('starts them 250 ms apart, each with its share of the symbols', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url, options)
    await bothLive(venue, watched)
    expect(watched.feed.state).toBe('live')
    const connected = watched.events.filter((event) => event.kind === 'connected')
    expect(connected.map(({ symbols }) => symbols)).toEqual([['BTC/USD', 'SOL/USD'], ['ETH/USD']])
  })

  it('loses only the symbols of the one that is lost', async () => {
    await using venue = await ScriptedVenue.listen()
    using watched = new Watched(venue.url, options)
    const [first, second] = await bothLive(venue, watched)
    second.socket.terminate()
    const lastAlive = watched.timers.now()
    expect(await watched.next('disconnected')).toMatchObject({ symbols: ['ETH/USD'], lastAlive })
    expect(watched.feed.state).toBe('waiting')
    first.send(recorded('trade_update'))
    expect(ids((await watched.next('trades')).trades)).toEqual([109116693])
    watched.timers.advance(1_000)
    const again = await venue.connection()
    const request = await again.request('subscribe')
    expect(request.params).toMatchObject({ symbol: ['ETH/USD'] })
    again.confirm(request)
    expect((await watched.next('connected')).symbols).toEqual(['ETH/USD'])
    await watched.next('subscribed')
    expect(watched.feed.state).toBe('live')
  })

  it('refuses to spread over connections without symbols', () => {
    const make = (symbolsPerConnection: number) => () =>
      new KrakenFeed({ instruments: [btc], symbolsPerConnection, onEvent: () => {} })
    expect(make(0)).toThrow('symbolsPerConnection is 0')
    expect(make(1.5)).toThrow('symbolsPerConnection is 1.5')
  })
})
