import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EpochMicros, MICROS_PER_HOUR, parseTime } from '@c1/market'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator } from '../simulator.ts'
import { FakeWall } from '../test-support/fake-wall.ts'
import { fetchResult, fetchTrades, type TradeRow } from '../test-support/rest-client.ts'
import { SocketClient } from '../test-support/socket-client.ts'
import { replayMarket } from './replay-market.ts'
import { symbolOf } from './replay-pair.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-replay-'))
})

afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, rows: readonly string[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `${rows.join('\n')}\n`)
  return path
}

const FIRST = 1_672_531_200
/** Four trades in a second each ten minutes, for an hour: identical rows are distinct trades. */
const ROWS = Array.from(
  { length: 28 },
  (_, row) => `${FIRST + 600 * Math.floor(row / 4)},16541.${row % 4 > 1 ? 5 : 4},0.10000000`,
)

const STORED = '../shared/data/kraken/rest/Trades_XBTUSDT_2025-11-10.json'

describe.skipIf(!existsSync(STORED))('the stored answer of the venue (needs ../shared/data)', () => {
  it('is served again row by row, its times cut to microseconds', async () => {
    const simulator = await startSimulator({ replay: STORED, start: parseTime('2026-01-01') }, new FakeWall())
    const { result } = JSON.parse(await readFile(STORED, 'utf8')) as { result: { XBTUSDT: TradeRow[] } }
    const { key, rows } = await fetchTrades(simulator.restUrl, 'pair=XBTUSDT')
    await simulator.close()
    const cut = (row: TradeRow) => row.with(2, Math.floor(row[2] * 1e6) / 1e6)
    expect(key).toBe('XBTUSDT')
    expect(rows.map(cut)).toEqual(result.XBTUSDT.map(cut))
  })
})

describe('a replayed file', () => {
  it('has half of it as history, and the rest in its own time', async () => {
    const wall = new FakeWall()
    const simulator = await startSimulator({ replay: await file('XBTUSD.csv', ROWS) }, wall)
    expect(simulator.now()).toBe((FIRST + 1800) * 1e6)
    const history = await fetchTrades(simulator.restUrl, 'pair=XBTUSD&since=0')
    expect(history.key).toBe('XXBTZUSD')
    expect(history.rows.map((row) => row[6])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(history.rows[2]).toEqual(['16541.50000', '0.10000000', FIRST, 'b', 'l', '', 3])

    const client = await SocketClient.connect(simulator.wsUrl)
    client.send({ method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true } })
    const [, , snapshot] = await client.settled()
    expect(snapshot).toContain('"price":16541.4,"qty":0.10000000,"ord_type":"limit","trade_id":1,')
    wall.advance(601_000)
    const frames = (await client.settled()).filter((frame) => frame.includes('"type":"update"'))
    const updates = frames.map((frame) => JSON.parse(frame) as { data: { trade_id: number; timestamp: string }[] })
    expect(updates.flatMap(({ data }) => data.map((trade) => trade.trade_id))).toEqual([13, 14, 15, 16, 17, 18, 19, 20])
    expect(updates[0]?.data[0]?.timestamp).toBe('2023-01-01T00:30:00.000000Z')

    wall.advance(3 * 3_600_000)
    await client.settled()
    wall.advance(5_000)
    expect(new Set(await client.settled())).toEqual(new Set(['{"channel":"heartbeat"}']))
    expect((await fetchTrades(simulator.restUrl, 'pair=XBTUSD')).rows).toHaveLength(28)
    await simulator.close()
  })

  it('has 12 hours of history when it is long, or what is asked for', async () => {
    const rows = Array.from({ length: 60 }, (_, hour) => `${FIRST + 3600 * hour},1.5,2.0`)
    const path = await file('EOSUSD_2023.csv', rows)
    expect((await replayMarket(path, {})).start).toBe((FIRST + 12 * 3600) * 1e6)
    expect((await replayMarket(path, { history: 3 * MICROS_PER_HOUR })).start).toBe((FIRST + 3 * 3600) * 1e6)
  })

  it("lists its one pair, with the decimals of its rows where the venue's are unknown", async () => {
    const simulator = await startSimulator({
      replay: await file('EOSUSD.csv', [`${FIRST},17.80,1`, `${FIRST},17.8125,1`]),
    })
    expect(await fetchResult(simulator.restUrl, 'AssetPairs')).toMatchObject({
      EOSUSD: { altname: 'EOSUSD', wsname: 'EOS/USD', pair_decimals: 4, lot_decimals: 8 },
    })
    await simulator.close()
  })

  it('keeps the ids, sides and order types that it has', async () => {
    const rows = [41, 42, 43].map((id) => `17.8,1.5,${FIRST + id}.1234567,s,m,,${id}`)
    const { market } = await replayMarket(await file('BCHEUR.csv', rows), {})
    const tape = [...market.tapes.values()][0]
    expect(tape?.firstId).toBe(41)
    expect(tape?.read(1, 42).map(({ tradeId, time, side, orderType }) => [tradeId, time, side, orderType])).toEqual([
      [41, (FIRST + 41) * 1e6 + 123_456, 'sell', 'market'],
      [42, (FIRST + 42) * 1e6 + 123_456, 'sell', 'market'],
    ])
    expect(tape?.lastIdBefore(0 as EpochMicros)).toBe(40)
  })

  it('is numbered anew where its ids have a hole, and never goes back in time', async () => {
    const rows = [`17.8,1,${FIRST + 5},s,m,,41`, `17.8,1,${FIRST + 3},s,m,,43`]
    const { market } = await replayMarket(await file('LTCEUR.csv', rows), {})
    const trades = [...market.tapes.values()][0]?.read(1, 9)
    expect(trades?.map(({ tradeId, time }) => [tradeId, time])).toEqual([
      [1, (FIRST + 5) * 1e6],
      [2, (FIRST + 5) * 1e6],
    ])
  })

  it('pages past an instant that holds more trades than a page by one nanosecond', async () => {
    const rows = [...new Array<string>(1500).fill(`${FIRST},1.5,2.0`), `${FIRST + 1},1.5,2.0`]
    const options = { replay: await file('XRPUSD.csv', rows), start: parseTime('2023-01-02') }
    const simulator = await startSimulator(options, new FakeWall())
    const first = await fetchTrades(simulator.restUrl, 'pair=XRPUSD&since=0')
    expect(first.last).toBe(`${FIRST}000000000`)
    expect(await fetchTrades(simulator.restUrl, `pair=XRPUSD&since=${first.last}`)).toEqual(first)
    const next = await fetchTrades(simulator.restUrl, `pair=XRPUSD&since=${FIRST}000000001`)
    expect(next.rows.map((row) => row[6])).toEqual([1501])
    await simulator.close()
  })

  it('needs a symbol where its name tells none', async () => {
    const path = await file('trades.csv', ROWS)
    await expect(startSimulator({ replay: path })).rejects.toThrow('give a symbol such as BTC/USD')
    await expect(startSimulator({ replay: path, symbol: 'what' })).rejects.toThrow('"what" is not a symbol')
    const options = { replay: path, symbol: 'xbtusd', start: parseTime('2023-01-01T00:10:00Z') }
    const simulator = await startSimulator(options, new FakeWall())
    expect((await fetchTrades(simulator.restUrl, 'pair=BTC/USD')).rows).toHaveLength(4)
    await simulator.close()
  })

  it.each([
    ['XBTUSD.csv', 'BTC/USD'],
    ['XBTUSD_2018-05-08_2018-05-22.csv.gz', 'BTC/USD'],
    ['Trades_XXBTZUSD_2013-11-27.json', 'BTC/USD'],
    ['Trades_XBTUSDT_2025-11-10.json', 'BTC/USDT'],
    ['xdgusd.csv', 'DOGE/USD'],
    ['BCHEUR.csv', 'BCH/EUR'],
    ['LTCXBT.csv', 'LTC/BTC'],
    ['ETH-EUR.csv', 'ETH/EUR'],
    ['LTC/XBT', 'LTC/BTC'],
    ['readme.txt', undefined],
  ])('%s is of %s', (name, symbol) => {
    expect(symbolOf(name)).toBe(symbol)
  })
})
