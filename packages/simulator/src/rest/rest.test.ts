import { type EpochMicros, parseTime } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../simulator.ts'
import { FakeWall } from '../test-support/fake-wall.ts'
import { fetchResult, fetchText, fetchTrades, type TradeRow } from '../test-support/rest-client.ts'

const START = parseTime('2025-11-10T17:30:20Z')
const NANOS_PER_HOUR = 3_600_000_000_000n

let simulator: Simulator
let wall: FakeWall

beforeEach(async () => {
  wall = new FakeWall()
  simulator = await startSimulator({ seed: 5, start: START }, wall)
})

afterEach(() => simulator.close())

function hoursAgo(hours: number): string {
  return String(BigInt(START) * 1000n - BigInt(hours) * NANOS_PER_HOUR)
}

/** Walks forward by the cursor as a client does, dropping the rows it has. */
async function walk(url: string, pair: string, since: string): Promise<TradeRow[]> {
  const rows: TradeRow[] = []
  for (let cursor = since; ; ) {
    const page = await fetchTrades(url, `pair=${pair}&since=${cursor}`)
    const fresh = page.rows.filter((row) => row[6] > (rows.at(-1)?.[6] ?? 0))
    if (fresh.length === 0) return rows
    rows.push(...fresh)
    cursor = page.last
  }
}

describe('Trades', () => {
  it('pages forward through history without a hole, up to now', async () => {
    const rows = await walk(simulator.restUrl, 'XXBTZUSD', hoursAgo(3))
    expect(rows.length).toBeGreaterThan(2_000)
    expect(rows.map((row) => row[6])).toEqual(rows.map((_, index) => (rows[0] as TradeRow)[6] + index))
    const newest = await fetchTrades(simulator.restUrl, 'pair=XXBTZUSD')
    expect(newest.rows).toEqual(rows.slice(-1000))
    expect((rows.at(-1) as TradeRow)[2]).toBeLessThan(START / 1e6)
  })

  it('gives the same rows however it is paged', async () => {
    const all = await walk(simulator.restUrl, 'DOGE/USD', hoursAgo(6))
    const exclusive = await startSimulator({ seed: 5, start: START, sinceInclusive: false }, wall)
    const small: TradeRow[] = []
    for (let since = hoursAgo(6); ; ) {
      const page = await fetchTrades(exclusive.restUrl, `pair=XDGUSD&since=${since}&count=100`)
      if (page.rows.length === 0) break
      small.push(...page.rows)
      since = page.last
    }
    await exclusive.close()
    // An exclusive cursor loses what is left of an instant at the end of a page, as the venue's would.
    const ids = new Set(small.map((row) => row[6]))
    const lost = all.filter((row) => !ids.has(row[6]))
    expect(all.filter((row) => ids.has(row[6]))).toEqual(small)
    for (const row of lost) expect(small.some((other) => other[2] === row[2])).toBe(true)
  })

  it('starts a page with the row of its cursor, or exclusively after its instant', async () => {
    const first = await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${hoursAgo(1)}&count=7`)
    const instant = first.rows.filter((row) => row[2] === first.rows.at(-1)?.[2])
    const next = await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${first.last}`)
    expect(next.rows.slice(0, instant.length)).toEqual(instant)
    const after = await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${BigInt(first.last) + 1n}`)
    expect(after.rows[0]?.[2]).toBeGreaterThan(instant[0]?.[2] as number)
  })

  it('writes rows as the venue does', async () => {
    const text = await fetchText(simulator.restUrl, `Trades?pair=XBTUSDT&since=${hoursAgo(1)}&count=50`)
    expect(text).toMatch(
      /^\{"error":\[\],"result":\{"XBTUSDT":\[(\["\d+\.\d0000","\d+\.\d{8}",\d{10}(\.\d{0,6}[1-9])?,"[bs]","[ml]","",\d+\],?){50}\],"last":"\d{19}"\}\}$/,
    )
    const { rows, last } = await fetchTrades(simulator.restUrl, `pair=XBTUSDT&since=${hoursAgo(1)}&count=50`)
    const time = BigInt(Math.round((rows.at(-1) as TradeRow)[2] * 1e7))
    const difference = BigInt(last) / 100n - time
    // The row's time is a double: one step of it is 0.24 us.
    expect(difference >= -3n && difference <= 3n).toBe(true)
  })

  it('answers under the internal name, or under the v2 name when asked by it', async () => {
    const keys = ['XBTUSD', 'xbtusd', 'XXBTZUSD', 'BTC/USD', 'XDGUSD', 'ETHXBT'].map(
      async (pair) => (await fetchTrades(simulator.restUrl, `pair=${pair}&count=1`)).key,
    )
    expect(await Promise.all(keys)).toEqual(['XXBTZUSD', 'XXBTZUSD', 'XXBTZUSD', 'BTC/USD', 'XDGUSD', 'XETHXXBT'])
  })

  it('takes seconds for a cursor, begins at trade 1 for 0, and keeps the cursor of an empty answer', async () => {
    const seconds = await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${START / 1e6 - 600}&count=1`)
    const nanos = await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${START - 600e6}000&count=1`)
    expect(seconds).toEqual(nanos)
    const oldest = await fetchTrades(simulator.restUrl, 'pair=XBTUSD&since=0&count=3')
    expect(oldest.rows.map((row) => row[6])).toEqual([1, 2, 3])
    const future = String(BigInt(START + 1) * 1000n)
    expect(await fetchTrades(simulator.restUrl, `pair=XBTUSD&since=${future}`)).toMatchObject({
      rows: [],
      last: future,
    })
  })

  it('shows no trade before it has happened', async () => {
    const before = await fetchTrades(simulator.restUrl, 'pair=XBTUSD&count=1')
    wall.advance(60_000)
    const after = await fetchTrades(simulator.restUrl, 'pair=XBTUSD&count=1')
    expect(after.rows[0]?.[6]).toBeGreaterThan(before.rows[0]?.[6] as number)
    expect(BigInt(before.last) < BigInt(START) * 1000n).toBe(true)
    expect(BigInt(after.last) < BigInt(START + 60e6) * 1000n).toBe(true)
  })

  it.each([
    ['pair=XBT/USD', 'EQuery:Unknown asset pair'],
    ['pair=NOPE', 'EQuery:Unknown asset pair'],
    ['', 'EQuery:Unknown asset pair'],
    ['pair=XBTUSD&count=0', 'EGeneral:Invalid arguments:count'],
    ['pair=XBTUSD&count=1001', 'EGeneral:Invalid arguments:count'],
    ['pair=XBTUSD&since=yesterday', 'EGeneral:Invalid arguments:since'],
  ])('refuses %s with HTTP 200', async (call, error) => {
    expect(JSON.parse(await fetchText(simulator.restUrl, `Trades?${call}`))).toEqual({ error: [error], result: null })
  })

  it('takes its parameters from a form too', async () => {
    const body = new URLSearchParams({ pair: 'XBTUSD', count: '2' })
    const response = await fetch(`${simulator.restUrl}/0/public/Trades`, { method: 'POST', body })
    const { result } = (await response.json()) as { result: { XXBTZUSD: TradeRow[] } }
    expect(result.XXBTZUSD).toHaveLength(2)
  })
})

describe('OHLC', () => {
  type CandleRow = [number, string, string, string, string, string, string, number]

  async function candles(call: string): Promise<{ rows: CandleRow[]; last: number }> {
    const { last, ...pairs } = await fetchResult(simulator.restUrl, `OHLC?${call}`)
    return { rows: Object.values(pairs)[0] as CandleRow[], last: last as number }
  }

  it('has 721 rows without a gap, the running one last', async () => {
    const { rows, last } = await candles('pair=KAVA/USD')
    const running = Math.floor(START / 60e6) * 60
    expect(rows.map((row) => row[0])).toEqual(rows.map((_, index) => running - (720 - index) * 60))
    expect(last).toBe(running - 60)
  })

  it('equals the candles of the trades, with vwap cut and empty windows flat', async () => {
    const { rows } = await candles('pair=KAVAUSD&interval=5')
    const trades = await walk(simulator.restUrl, 'KAVAUSD', hoursAgo(100))
    let close = ''
    for (const [time, open, high, low, end, vwap, volume, count] of rows) {
      const inside = trades.filter((trade) => trade[2] >= time && trade[2] < time + 300)
      const prices = inside.map((trade) => trade[0].slice(0, -1))
      expect(count).toBe(inside.length)
      if (inside.length === 0) {
        if (close !== '') expect([open, high, low, end]).toEqual([close, close, close, close])
        expect([vwap, volume]).toEqual(['0.0000', '0.00000000'])
      } else {
        const ordered = prices.toSorted((a, b) => Number(a) - Number(b))
        expect([open, high, low, end]).toEqual([prices[0], ordered.at(-1), ordered[0], prices.at(-1)])
        const [sum, value] = inside.reduce(
          ([sum, value], trade) => {
            const quantity = BigInt(trade[1].replace('.', ''))
            return [sum + quantity, value + quantity * BigInt(trade[0].slice(0, -1).replace('.', ''))]
          },
          [0n, 0n],
        )
        expect(Number(vwap)).toBe(Number(value / sum) / 1e4)
        expect(volume.replace('.', '').replace(/^0+/, '')).toBe(String(sum))
      }
      close = end
    }
    expect(rows.some((row) => row[7] === 0)).toBe(true)
    expect(rows.some((row) => row[7] > 1)).toBe(true)
  })

  it('takes since as the start after which it begins', async () => {
    const { rows } = await candles('pair=XBTUSD')
    const since = rows.at(-3)?.[0] as number
    expect((await candles(`pair=XBTUSD&since=${since}`)).rows).toEqual(rows.slice(-2))
  })

  it('refuses an interval that it does not have', async () => {
    await expect(candles('pair=XBTUSD&interval=720')).rejects.toThrow('EGeneral:Invalid arguments:interval')
  })
})

describe('the other endpoints', () => {
  it('list the pairs under irregular names', async () => {
    const pairs = await fetchResult(simulator.restUrl, 'AssetPairs')
    expect(Object.keys(pairs)).toHaveLength(8)
    expect(pairs.XDGUSD).toMatchObject({ altname: 'XDGUSD', wsname: 'XDG/USD', base: 'XXDG', pair_decimals: 7 })
    expect(pairs.XXBTZUSD).toMatchObject({ altname: 'XBTUSD', wsname: 'XBT/USD', tick_size: '0.1', status: 'online' })
    expect(pairs.XETHXXBT).toMatchObject({ altname: 'ETHXBT', wsname: 'ETH/XBT', lot_decimals: 8 })
    expect(Object.keys(await fetchResult(simulator.restUrl, 'AssetPairs?pair=XBTUSD,SOLUSD'))).toEqual([
      'XXBTZUSD',
      'SOLUSD',
    ])
    await expect(fetchResult(simulator.restUrl, 'AssetPairs?pair=NOPE')).rejects.toThrow('EQuery:Unknown asset pair')
  })

  it('tell the simulated time', async () => {
    expect(await fetchResult(simulator.restUrl, 'Time')).toEqual({
      unixtime: START / 1e6,
      rfc1123: 'Mon, 10 Nov 25 17:30:20 +0000',
    })
    wall.advance(10_000)
    expect(await fetchResult(simulator.restUrl, 'SystemStatus')).toEqual({
      status: 'online',
      timestamp: '2025-11-10T17:30:30Z',
    })
  })

  it('refuse an unknown method, and a path outside', async () => {
    await expect(fetchResult(simulator.restUrl, 'Depth')).rejects.toThrow('EGeneral:Unknown method')
    expect((await fetch(`${simulator.restUrl}/elsewhere`)).status).toBe(404)
  })

  it('are limited in calls a second where a limit is set', async () => {
    const limited = await startSimulator({ start: START as EpochMicros, restCallsPerSecond: 2 }, wall)
    const call = () =>
      fetchResult(limited.restUrl, 'Time').then(
        () => 'done',
        (thrown: Error) => thrown.message,
      )
    expect([await call(), await call(), await call()]).toEqual(['done', 'done', 'EAPI:Rate limit exceeded'])
    wall.advance(500)
    expect([await call(), await call()]).toEqual(['done', 'EAPI:Rate limit exceeded'])
    await limited.close()
  })
})
