import { afterEach, describe, expect, it } from 'vitest'
import { FaultyVenue, idsIn, VENUE_START } from '../test-support/faulty-venue.ts'
import { fetchText, fetchTrades } from '../test-support/rest-client.ts'
import type { FaultEntry } from './fault.ts'

const TRADES = 'Trades?pair=XBTUSD&count=5'
const BTC = 'BTC/USD' as never

let venue: FaultyVenue
afterEach(() => venue.close())

async function start(...faults: FaultEntry[]): Promise<string> {
  venue = await FaultyVenue.start(faults)
  return venue.simulator.restUrl
}

const get = (url: string, call: string = TRADES): Promise<Response> => fetch(`${url}/0/public/${call}`)

describe('an answer', () => {
  it.each([
    ['null', '{"error":["EAPI:Rate limit exceeded"],"result":null}'],
    ['empty', '{"error":["EAPI:Rate limit exceeded"],"result":{}}'],
    ['missing', '{"error":["EAPI:Rate limit exceeded"]}'],
  ] as const)('is an error under HTTP 200, with its result %s', async (result, text) => {
    const url = await start({ at: '+0s', for: '1s', fault: 'rest-error', result })
    expect(await fetchText(url, TRADES)).toBe(text)
    venue.passUnheard(1)
    expect(await fetchText(url, TRADES)).toContain('"error":[]')
  })

  it('is an error of any text, each so-manieth time, of some endpoints and symbols only', async () => {
    const url = await start({
      at: '+0s',
      for: '1s',
      fault: 'rest-error',
      errors: ['EService:Busy'],
      every: 2,
      endpoints: ['Trades'],
      symbols: ['BTC/USD'],
    })
    const failed: boolean[] = []
    for (const call of [TRADES, 'Time', 'Trades?pair=ETHUSD', 'OHLC?pair=XBTUSD', TRADES, TRADES, TRADES])
      failed.push((await fetchText(url, call)).includes('EService:Busy'))
    expect(failed).toEqual([false, false, false, false, true, false, true])
  })

  it('says until when it is throttled', async () => {
    const url = await start({ at: '+0s', for: '30s', fault: 'rest-throttled' })
    const until = VENUE_START / 1e6 + 30
    expect(await fetchText(url, TRADES)).toBe(`{"error":["EService: Throttled: ${until}"],"result":null}`)
  })

  it.each([429, 520, 200])("is a page of the venue's front with HTTP %i", async (status) => {
    const url = await start({ at: '+0s', for: '1s', fault: 'rest-status', status })
    const response = await get(url)
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html; charset=UTF-8'])
    expect(await response.text()).toContain('<html>')
  })

  it('is 520 where the status is not said', async () => {
    expect((await get(await start({ at: '+0s', for: '1s', fault: 'rest-status' }))).status).toBe(520)
  })

  it('is cut off', async () => {
    const text = await fetchText(await start({ at: '+0s', for: '1s', fault: 'rest-cut-off' }), TRADES)
    expect(text).toContain('"result":{"XXBTZUSD":[[')
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
  })

  it('does not come: the connection ends', async () => {
    const url = await start({ at: '+0s', for: '1s', fault: 'rest-hang-up' })
    await expect(get(url)).rejects.toThrow('fetch failed')
  })

  it('comes late', async () => {
    const url = await start({ at: '+0s', for: '1s', fault: 'rest-slow', by: '10s', endpoints: ['Trades'] })
    let answered = false
    const answer = fetchText(url, TRADES).then((text) => {
      answered = true
      return text
    })
    // A later call that is not slow is answered first, while time stands.
    await fetchText(url, 'Time')
    venue.passUnheard(9)
    await fetchText(url, 'Time')
    expect(answered).toBe(false)
    while (!answered) {
      venue.passUnheard(5)
      await fetchText(url, 'Time')
    }
    expect(await answer).toContain('"error":[]')
  })

  it('lags behind the socket', async () => {
    const url = await start({ at: '+0s', for: '1h', fault: 'rest-lag', by: '30s' })
    await venue.subscribe()
    const ids = idsIn(await venue.pass(40))
    const { rows } = await fetchTrades(url, 'pair=XBTUSD')
    const newest = rows.at(-1)?.[6] as number
    expect(newest).toBeLessThan(ids.at(-1) as number)
    const [told, next] = venue.simulator.truth(BTC, newest, newest + 1)
    const knownUntil = venue.simulator.now() - 30e6
    expect(told?.eventTime).toBeLessThan(knownUntil)
    expect(next?.eventTime).toBeGreaterThanOrEqual(knownUntil)
  })
})

describe('a page of trades', () => {
  it('begins after the cursor instead of at it', async () => {
    const url = await start({ at: '+1s', for: '1s', fault: 'rest-since' })
    const { last, rows } = await fetchTrades(url, 'pair=XBTUSD&count=1')
    const first = async (): Promise<unknown> => (await fetchTrades(url, `pair=XBTUSD&since=${last}`)).rows[0]?.[6]
    expect(await first()).toBe(rows[0]?.[6])
    venue.passUnheard(1)
    expect(await first()).not.toBe(rows[0]?.[6])
  })

  it('has no last', async () => {
    const page = await fetchTrades(await start({ at: '+0s', for: '1s', fault: 'rest-no-last' }), 'pair=XBTUSD&count=5')
    expect([page.last, page.rows.length]).toEqual([undefined, 5])
  })

  it('has 0 for each id, or rows of six elements', async () => {
    const url = await start(
      { at: '+0s', for: '1s', fault: 'rest-zero-ids' },
      { at: '+1s', for: '1s', fault: 'rest-no-ids' },
    )
    const zeros = await fetchTrades(url, 'pair=XBTUSD&count=3')
    expect(zeros.rows.map((row) => row[6])).toEqual([0, 0, 0])
    venue.passUnheard(1)
    const short = await fetchTrades(url, 'pair=XBTUSD&count=3')
    expect(short.rows.map((row) => row.length)).toEqual([6, 6, 6])
  })

  it('leaves out what REST never serves, is full all the same, and the socket has it', async () => {
    const url = await start({ at: '+1s', for: '2s', fault: 'unserved' })
    await venue.subscribe()
    const ids = idsIn(await venue.pass(20))
    const since = `${VENUE_START}000`
    const served = (await fetchTrades(url, `pair=XBTUSD&since=${since}&count=30`)).rows.map((row) => row[6])
    expect(served).toHaveLength(30)
    const truth = venue.simulator.truth(BTC, served[0] as number)
    const unserved = truth.filter((trade) => trade.unserved === 'rest').map(({ tradeId }) => tradeId)
    expect(unserved.length).toBeGreaterThan(3)
    expect(ids).toEqual(expect.arrayContaining(unserved))
    expect(served).toEqual(
      truth
        .map(({ tradeId }) => tradeId)
        .filter((id) => !unserved.includes(id))
        .slice(0, 30),
    )
  })

  it('can be filled with trades of one nanosecond, of which there may be more than a page', async () => {
    const url = await start({ at: '-10s', fault: 'burst', trades: 1_500, symbols: ['BTC/USD'] })
    const since = `${VENUE_START - 10e6}000`
    const { last, rows } = await fetchTrades(url, `pair=XBTUSD&since=${since}`)
    expect(new Set(rows.map((row) => row[2])).size).toBe(1)
    expect([rows.length, last]).toEqual([1_000, since])
    const newest = (await fetchTrades(url, 'pair=XBTUSD')).rows.at(-1)?.[6]
    expect(newest).toBe((rows[0]?.[6] as number) + 1_499)
    const next = await fetchTrades(url, `pair=XBTUSD&since=${BigInt(since) + 1n}`)
    expect(next.rows).toEqual([])
  })
})
