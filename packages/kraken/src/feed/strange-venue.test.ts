import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ScriptedVenue, type VenueConnection } from '../test-support/scripted-venue.ts'
import { WatchedFeed } from '../test-support/watched-feed.ts'

const item = (symbol: string, id: number, more = ''): string =>
  `{"symbol":"${symbol}","side":"buy","price":100.5,"qty":0.25,"ord_type":"limit","trade_id":${id},` +
  `"timestamp":"2026-09-25T17:48:26.844359Z"${more}}`
const trades = (items: readonly string[], type = 'update'): string =>
  `{"channel":"trade","type":"${type}","data":[${items.join(',')}]}`

/** What two symbols were told within one reading of the protocol. */
interface Outcome {
  readonly state: string
  readonly ids: readonly (readonly [string, number])[]
  readonly refused: readonly string[]
  readonly malformed: number
}

/** A venue that reads the protocol its own way; the feed has to understand it. `answer` is called with the first request. */
async function outcomeOf(
  answer: (connection: VenueConnection, request: Record<string, unknown>) => void,
  count: number,
): Promise<Outcome> {
  await using venue = await ScriptedVenue.listen()
  using watched = new WatchedFeed(venue.url)
  const connection = await venue.connection()
  answer(connection, await connection.request('subscribe'))
  const ids: [string, number][] = []
  while (ids.length < count) {
    const event = await watched.next('trades')
    for (const { symbol, tradeId } of event.trades) ids.push([symbol, tradeId])
  }
  connection.send('{"channel":"heartbeat"}')
  await watched.next('alive')
  const { events, feed } = watched
  const refused = events.flatMap((event) => (event.kind === 'refused' ? [event.symbol] : []))
  return { state: feed.state, ids, refused, malformed: events.filter(({ kind }) => kind === 'malformed').length }
}

const both = [
  ['BTC/USD', 1],
  ['ETH/USD', 2],
] as const
const fine = { state: 'live', ids: both, refused: [], malformed: 0 }
const oneEach = trades([item('BTC/USD', 1), item('ETH/USD', 2)])
const ack = (symbol: string, id: unknown, more: object = {}) => ({
  method: 'subscribe',
  result: { channel: 'trade', snapshot: true, symbol },
  success: true,
  req_id: id,
  ...more,
})

describe('a venue is understood that', () => {
  it('sends data before the ack, or no ack at all', async () => {
    const late = outcomeOf((connection, request) => {
      connection.send(oneEach)
      connection.confirm(request)
    }, 2)
    expect(await late).toEqual(fine)
    expect(await outcomeOf((connection) => connection.send(oneEach), 2)).toEqual(fine)
  })

  it('has several symbols in one snapshot, in any order', async () => {
    const outcome = await outcomeOf((connection, request) => {
      connection.confirm(request)
      connection.send(trades([item('ETH/USD', 2), item('BTC/USD', 3), item('BTC/USD', 1)], 'snapshot'))
    }, 3)
    expect(outcome.ids).toEqual([
      ['BTC/USD', 1],
      ['ETH/USD', 2],
      ['BTC/USD', 3],
    ])
  })

  it('names the channel in its answers, repeats the request id as text, has times and warnings or has not', async () => {
    const outcome = await outcomeOf((connection, { req_id }) => {
      connection.send(ack('BTC/USD', String(req_id), { channel: 'trade', symbol: 'BTC/USD' }))
      connection.send(ack('ETH/USD', undefined, { time_in: 'soon', result: { symbol: 'ETH/USD', warnings: ['old'] } }))
      connection.send(oneEach)
    }, 2)
    expect(outcome).toEqual(fine)
  })

  it('refuses one symbol, with or without its name, and serves the other', async () => {
    const error = 'Currency pair not supported BTC/USD'
    const refusals = [
      { method: 'subscribe', symbol: 'BTC/USD', success: false, error },
      { method: 'subscribe', success: false, error },
      { success: false, error },
      { channel: 'trade', success: false, error, method: 'subscribe' },
    ]
    for (const refusal of refusals) {
      const outcome = await outcomeOf((connection, { req_id }) => {
        connection.send({ ...refusal, req_id })
        connection.send(ack('ETH/USD', req_id))
        connection.send(trades([item('ETH/USD', 2)]))
      }, 1)
      expect(outcome).toEqual({ state: 'live', ids: [['ETH/USD', 2]], refused: ['BTC/USD'], malformed: 0 })
    }
  })

  it('says "Already subscribed" without saying of what', async () => {
    const outcome = await outcomeOf((connection, { req_id }) => {
      for (const _ of both)
        connection.send({ method: 'subscribe', success: false, error: 'Already subscribed', req_id })
      connection.send(oneEach)
    }, 2)
    expect(outcome).toEqual(fine)
  })

  it.each([
    ['as an odd object', '{"Error":"Exceeded msg rate"}'],
    ['as a refusal', '{"method":"subscribe","success":false,"error":"Exceeded msg rate","req_id":1}'],
    ['as a refusal in other words', '{"method":"subscribe","success":false,"error":"EGeneral: exceeded MSG RATE"}'],
  ])('says that the rate of messages was exceeded %s', async (_, frame) => {
    await using venue = await ScriptedVenue.listen()
    using watched = new WatchedFeed(venue.url)
    const connection = await venue.connection()
    await connection.request('subscribe')
    connection.send(frame)
    connection.send('{"channel":"heartbeat"}')
    await watched.next('alive')
    await watched.next('alive')
    watched.timers.advance(500)
    connection.confirm(await connection.request('subscribe'))
    await watched.next('subscribed')
    await watched.next('subscribed')
    expect(watched.feed.state).toBe('live')
    expect(watched.events.filter(({ kind }) => kind === 'refused' || kind === 'malformed')).toEqual([])
  })

  it('writes its state in any case, as a list or not, with new fields', async () => {
    const outcome = await outcomeOf((connection, request) => {
      connection.send({ channel: 'status', type: 'update', data: [{ system: 'Maintenance', emergency: [{ a: 1 }] }] })
      connection.send({ channel: 'status', type: 'snapshot', data: { system: 'ONLINE', connection_id: 1 } })
      connection.confirm(request)
      connection.send(oneEach)
    }, 2)
    expect(outcome).toEqual(fine)
  })

  it('has new fields in trades, numbers as texts, exponents, sides in capitals, finer times, other time zones', async () => {
    const odd =
      '{"symbol":"ETH/USD","side":"BUY","price":"1.005e2","qty":"0.25","ord_type":"Limit","trade_id":"2",' +
      '"timestamp":"2026-09-25T19:48:26.844359123+02:00","maker":null}'
    const outcome = await outcomeOf((connection, request) => {
      connection.confirm(request)
      connection.send(trades([item('BTC/USD', 1, ',"liquidation":false'), odd]))
    }, 2)
    expect(outcome).toEqual(fine)
  })

  it('sends text in binary frames, white space, pings of its own and channels nobody asked for', async () => {
    const outcome = await outcomeOf((connection, request) => {
      connection.socket.ping()
      connection.confirm(request)
      connection.send({ channel: 'trades2', type: 'update', data: 7 })
      connection.send({ method: 'subscribe', success: true, result: { channel: 'heartbeat' } })
      connection.socket.send(Buffer.from(`\n ${oneEach} `))
    }, 2)
    expect(outcome).toEqual(fine)
  })

  it('sends bytes that are no UTF-8: one dead letter, and the connection goes on', async () => {
    const outcome = await outcomeOf((connection, request) => {
      connection.confirm(request)
      connection.socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false })
      connection.send(oneEach)
    }, 2)
    expect(outcome).toEqual({ ...fine, malformed: 1 })
  })
})

describe('a venue that does not open the socket is asked again after a while:', () => {
  it.each([
    ['429 with an HTML page', 429],
    ['a Cloudflare page with 520', 520],
    ['an HTML page with 200', 200],
    ['a redirection', 302],
  ])('%s', async (_, status) => {
    const server = createServer()
    server.on('upgrade', (_request, socket) => {
      socket.end(
        `HTTP/1.1 ${status} X\r\ncontent-type: text/html\r\nlocation: /\r\nconnection: close\r\n\r\n<html></html>`,
      )
    })
    using watched = new WatchedFeed(await listening(server))
    expect((await watched.next('disconnected')).reason).toContain(String(status))
    expect(watched.feed.state).toBe('waiting')
    watched.timers.advance(1_000)
    expect((await watched.next('disconnected')).lastAlive).toBeUndefined()
    server.close()
  })
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v2`
}
