import { type EpochMicros, type MarketSymbol, systemTime } from '@c1/market'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { areDense, FaultyVenue, idsIn, tradeFrames, VENUE_START } from '../test-support/faulty-venue.ts'
import { fetchTrades } from '../test-support/rest-client.ts'
import { SocketClient } from '../test-support/socket-client.ts'
import { readFaultFile } from './read-faults.ts'

vi.setConfig({ testTimeout: 30_000 })

const BTC = 'BTC/USD' as MarketSymbol
const EXAMPLE = new URL('../../../../examples/faults.json', import.meta.url).pathname

let venue: FaultyVenue
afterEach(() => venue.close())

/** Connects once a second while nothing is open, calls REST once a second, and lets the simulated time pass. */
async function live(seconds: number): Promise<{ readonly connects: number; readonly failures: number }> {
  let [connects, failures] = [0, 0]
  let client: SocketClient | undefined
  for (let second = 0; second < seconds; second += 1) {
    if (client === undefined || client.socket.readyState >= client.socket.CLOSING) {
      client = await SocketClient.connect(venue.simulator.wsUrl).catch(() => undefined)
      client?.send({ method: 'subscribe', params: { channel: 'trade', symbol: [BTC], snapshot: true } })
      client?.socket.on('error', () => {})
      connects += 1
    }
    fetchTrades(venue.simulator.restUrl, 'pair=XBTUSD&count=5').catch(() => {
      failures += 1
    })
    venue.passUnheard(1)
    // No fault strikes a path that the venue does not have: its answer lets what came before it arrive. A hang-up of before
    // may have ended the connection that it goes over.
    await fetch(venue.simulator.restUrl).then(
      (answer) => answer.text(),
      () => undefined,
    )
  }
  return { connects, failures }
}

/** What a client is told when all is over: every id once on the socket, REST and socket alike, as it is in truth. */
async function expectRecovered(): Promise<void> {
  const client = await SocketClient.connect(venue.simulator.wsUrl)
  expect(await client.next()).toContain('"system":"online"')
  client.send({ method: 'subscribe', params: { channel: 'trade', symbol: [BTC], snapshot: true } })
  await client.settled()
  venue.passUnheard(4)
  await client.settled()
  const ids = [...idsIn(client.frames, 'snapshot'), ...idsIn(client.frames)]
  expect(areDense(ids)).toBe(true)
  const truth = venue.simulator.truth(BTC, ids[0] as number)
  expect(
    tradeFrames(client.frames)
      .flat()
      .map(({ price }) => price),
  ).toEqual(truth.slice(50).map(({ price }) => Number(price)))
  const { rows } = await fetchTrades(venue.simulator.restUrl, `pair=XBTUSD&count=${truth.length}`)
  expect(rows.map((row) => [row[6], Number(row[0]), Number(row[1])])).toEqual(
    truth.map(({ tradeId, price, quantity }) => [tradeId, Number(price), Number(quantity)]),
  )
}

describe('a whole script', () => {
  it('of the examples strikes, and leaves nothing behind', async () => {
    venue = await FaultyVenue.start(readFaultFile(EXAMPLE))
    const { connects, failures } = await live(420)
    expect(connects).toBeGreaterThan(7)
    expect(failures).toBeGreaterThan(10)
    await expectRecovered()
  })

  it('drawn by seed strikes, and each minute ends well', async () => {
    venue = await FaultyVenue.start({ seed: 3 })
    const { connects, failures } = await live(600)
    expect(connects).toBeGreaterThan(3)
    expect(failures).toBeGreaterThan(3)
    // No fault lasts beyond second 55 of its minute.
    await live(55)
    await expectRecovered()
  })

  it('does not change what happened', async () => {
    venue = await FaultyVenue.start(readFaultFile(EXAMPLE).filter(({ fault }) => !['status', 'burst'].includes(fault)))
    const calm = await FaultyVenue.start([])
    const first = calm.simulator.truth(BTC, 1, 1)[0]?.eventTime as EpochMicros
    expect(first).toBeLessThan(Math.min(systemTime(), VENUE_START))
    const newest = (await fetchTrades(calm.simulator.restUrl, 'pair=XBTUSD&count=1')).rows[0]?.[6] as number
    expect(venue.simulator.truth(BTC, newest, newest + 500)).toEqual(calm.simulator.truth(BTC, newest, newest + 500))
    await calm.close()
  })
})
