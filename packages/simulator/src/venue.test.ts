import { marketSymbol, parseTime } from '@c1/market'
import { beforeEach, describe, expect, it } from 'vitest'
import type { FaultEntry } from './faults/fault.ts'
import { syntheticMarket } from './market/market.ts'
import type { Connection } from './socket/connections.ts'
import { FakeWall } from './test-support/fake-wall.ts'
import { Venue } from './venue.ts'

const START = parseTime('2026-03-04T10:25:00Z')
const BTC = marketSymbol('BTC/USD')
const market = syntheticMarket({ kind: 'noise', seed: 1, activity: 20 })

let wall: FakeWall
let heard: string[]
const wire = {
  send: (frame: string) => heard.push(frame),
  close: (code: number) => heard.push(`closed ${code}`),
  terminate: () => heard.push('terminated'),
  listen: (listening: boolean) => heard.push(`listens ${listening}`),
}
const open = (...faults: FaultEntry[]): Promise<Venue> =>
  Venue.open({ market, start: START, faults, feedIntervalMs: 500 }, wall)
const ids = (): number[] =>
  heard
    .filter((frame) => frame.includes('"update","data":[{"symbol"'))
    .flatMap((frame) => [...frame.matchAll(/"trade_id":(\d+)/g)].map(([, id]) => Number(id)))

beforeEach(() => {
  wall = new FakeWall()
  heard = []
})

describe('a venue without servers', () => {
  it('speaks the protocol over any wire', async () => {
    const venue = await open()
    const connection = venue.connect(wire) as Connection
    expect(heard[0]).toContain('"channel":"status"')
    connection.receive('{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":false}}')
    wall.advance(10_000)
    const newest = venue.lastId(BTC)
    expect(ids()).toEqual(venue.truth(BTC, newest - ids().length + 1).map(({ tradeId }) => tradeId))
    expect(ids().length).toBeGreaterThan(50)
    connection.ended()
    const before = heard.length
    wall.advance(10_000)
    expect(heard.length).toBe(before)
    venue.close()
  })

  it('answers calls', async () => {
    const venue = await open({ at: '+10s', for: '10s', fault: 'rest-hang-up' })
    expect(await venue.get('/0/public/Time', new URLSearchParams())).toMatchObject({
      status: 200,
      body: expect.stringContaining('"unixtime":1772619900'),
    })
    expect(await venue.get('/elsewhere', new URLSearchParams())).toMatchObject({ status: 404 })
    wall.advance(10_000)
    expect(await venue.get('/0/public/Time', new URLSearchParams())).toBe('hang-up')
    venue.close()
  })

  it('strikes connections as a script says', async () => {
    const venue = await open(
      { at: '+1s', for: '2s', fault: 'silence' },
      { at: '+4s', fault: 'close', code: 1013, reason: '' },
      { at: '+5s', for: '2s', fault: 'drop' },
      { at: '+8s', for: '2s', fault: 'refuse-connections', status: 503 },
    )
    venue.connect(wire)
    wall.advance(6_500)
    expect(heard.slice(1)).toEqual(['listens false', 'listens true', 'closed 1013', 'terminated'])
    expect(venue.connect(wire)).toBe('hang-up')
    wall.advance(2_000)
    expect(venue.connect(wire)).toBe(503)
    venue.close()
  })

  it('refuses times that do not pass', async () => {
    await expect(Venue.open({ market, feedIntervalMs: 0 }, wall)).rejects.toMatchObject({ code: 'simulator_option' })
  })
})
