import { MICROS_PER_SECOND } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { collect } from '../test-support/collect.ts'
import { instrument, restRow, restTrades } from '../test-support/instruments.ts'
import { ManualTimers } from '../test-support/manual-timers.ts'
import { recorded } from '../test-support/recorded.ts'
import { KrakenRest, type KrakenRestOptions } from './client.ts'
import type { Cursor } from './cursor.ts'

type Reply = { readonly status?: number; readonly body: string } | Error | 'never'

const OK = { body: '{"error":[],"result":{"unixtime":1762820224,"rfc1123":"Tue, 11 Nov 25 00:17:04 +0000"}}' }
const BUSY = { body: '{"error":["EService:Busy"]}' }
const since = '1790359840000000000' as Cursor

/** A client whose venue gives one reply after the other, and the calls it made with their time in milliseconds. */
function client(replies: Reply[], options: KrakenRestOptions = {}) {
  const timers = new ManualTimers()
  const start = timers.now()
  const calls: { url: string; atMs: number; agent: string | null }[] = []
  const answer = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const agent = new Headers(init?.headers).get('user-agent')
    calls.push({ url: String(input), atMs: (timers.now() - start) / 1000, agent })
    const reply = replies.shift()
    if (reply === undefined) throw new Error('The test has no more replies.')
    if (reply === 'never') {
      return new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
    }
    if (reply instanceof Error) throw reply
    return new Response(reply.body, { status: reply.status ?? 200 })
  }
  const rest = new KrakenRest({ fetch: answer, timers, random: () => 1, ...options })
  return { rest, timers, calls }
}

describe('the REST client', () => {
  it('asks for a page with the pair as REST spells it, 1,000 rows and a user agent', async () => {
    const { rest, timers, calls } = client([{ body: restTrades([restRow(7)], '1790359840939291200') }])
    const page = await timers.drive(rest.tradesPage(instrument(), since))
    expect(page.trades.map(({ tradeId }) => tradeId)).toEqual([7])
    expect(calls[0]).toMatchObject({
      url: `https://api.kraken.com/0/public/Trades?pair=XBTUSD&since=${since}&count=1000`,
      agent: 'c1-kraken',
    })
  })

  it('reads instruments, status and time', async () => {
    const status = { body: '{"error":[],"result":{"status":"cancel_only","timestamp":"2025-11-11T00:17:10Z"}}' }
    const { rest, timers, calls } = client([{ body: recorded('rest_assetpairs_excerpt') }, status, OK], {
      baseUrl: 'http://127.0.0.1:1/',
    })
    expect((await timers.drive(rest.instruments())).map(({ symbol }) => symbol)).toContain('BTC/USD')
    expect(await timers.drive(rest.systemStatus())).toEqual({ system: 'cancel_only', online: false })
    expect(await timers.drive(rest.time())).toBe(1_762_820_224 * MICROS_PER_SECOND)
    expect(calls.map(({ url }) => url.split('?')[0])).toEqual([
      'http://127.0.0.1:1/0/public/AssetPairs',
      'http://127.0.0.1:1/0/public/SystemStatus',
      'http://127.0.0.1:1/0/public/Time',
    ])
  })

  it('leaves a little more than a second between calls, however they are started', async () => {
    const { rest, timers, calls } = client([OK, OK, OK])
    await timers.drive(Promise.all([rest.time(), rest.time(), rest.time()]))
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 1_020, 2_040])
  })

  it('walks pages until one is not full', async () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => restRow(index + 1))
    const second = {
      body: restTrades([restRow(1_000), restRow(1_001, { time: '1790359842.5' })], '1790359842500000000'),
    }
    const { rest, timers, calls } = client([{ body: restTrades(rows, '1790359840939291200') }, second])
    const pages = await timers.drive(collect(rest.pages(instrument(), since)))
    expect(pages.flatMap(({ trades }) => trades.map(({ tradeId }) => tradeId))).toHaveLength(1_001)
    expect(calls[1]?.url).toContain('since=1790359840939291200')
  })

  it('asks again with growing delays while the venue is busy', async () => {
    const { rest, timers, calls } = client([BUSY, { status: 520, body: '<html>' }, { body: '{"error":[],"res' }, OK])
    await timers.drive(rest.time())
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 1_020, 3_020, 7_020])
  })

  it('waits longer after a rate limit, and until the time that a throttle names', async () => {
    const until = new ManualTimers().now() / MICROS_PER_SECOND + 20
    const throttled = { body: `{"error":["EService: Throttled: ${until}"]}` }
    const { rest, timers, calls } = client([{ status: 429, body: '' }, throttled, OK])
    await timers.drive(rest.time())
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 3_000, 20_000])
  })

  it('never waits longer than a minute for a throttle', async () => {
    const { rest, timers, calls } = client([{ body: '{"error":["EService:Throttled:9999999999"]}' }, OK])
    await timers.drive(rest.time())
    expect(calls[1]?.atMs).toBe(60_000)
  })

  it('gives up after its attempts, with the last error', async () => {
    const { rest, timers, calls } = client([BUSY, BUSY], { attempts: 2 })
    await expect(timers.drive(rest.time())).rejects.toMatchObject({ code: 'kraken_unavailable', retryable: true })
    expect(calls).toHaveLength(2)
    expect(timers.pending).toBe(0)
  })

  it('does not ask again where that cannot help', async () => {
    const { rest, timers, calls } = client([{ body: recorded('rest_error_unknown_pair') }])
    await expect(timers.drive(rest.tradesPage(instrument(), since))).rejects.toMatchObject({
      code: 'kraken_pair_unknown',
    })
    expect(calls).toHaveLength(1)
  })

  it('counts no answer within the timeout as a failure that may pass', async () => {
    const { rest, timers, calls } = client(['never', OK], { timeoutMs: 4_000 })
    await timers.drive(rest.time())
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 5_000])
  })

  it('says what kept it from reaching the venue', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') })
    const { rest, timers } = client([refused], { attempts: 1 })
    await expect(timers.drive(rest.time())).rejects.toMatchObject({
      code: 'kraken_unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('does not take an answer in that would fill the memory', async () => {
    const { rest, timers } = client([{ body: ' '.repeat(32 * 1024 * 1024 + 1) }], { attempts: 1 })
    await expect(timers.drive(rest.time())).rejects.toMatchObject({
      code: 'kraken_unreachable',
      message: expect.stringContaining('larger than 33554432 bytes'),
    })
  })

  it('answers of another shape are malformed', async () => {
    const { rest, timers } = client([{ body: '{"error":[],"result":[]}' }, { body: '{"error":[],"result":{}}' }])
    await expect(timers.drive(rest.time())).rejects.toMatchObject({ code: 'time_malformed' })
    await expect(timers.drive(rest.systemStatus())).rejects.toMatchObject({ code: 'status_malformed' })
  })

  it.each([
    ['before the call', [OK], 0],
    ['during the call', ['never' as const], 1],
    ['while it waits to ask again', [BUSY], 1],
  ])('stops at once when aborted %s', async (when, replies: Reply[], made) => {
    const { rest, timers, calls } = client(replies)
    const stop = new AbortController()
    const reason = new Error('stopped by the test')
    if (when === 'before the call') stop.abort(reason)
    const asked = rest.time(stop.signal)
    const outcome = expect(asked).rejects.toBe(reason)
    await new Promise(setImmediate)
    stop.abort(reason)
    await outcome
    expect(calls).toHaveLength(made)
    expect(timers.pending).toBe(0)
  })

  it('stops at once when aborted while another call has its turn', async () => {
    const { rest, timers, calls } = client([OK, OK])
    const stop = new AbortController()
    await timers.drive(rest.time())
    const asked = rest.time(stop.signal)
    stop.abort(new Error('stopped by the test'))
    await expect(asked).rejects.toThrow('stopped by the test')
    expect(calls).toHaveLength(1)
  })
})
