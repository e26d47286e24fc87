import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EpochMicros, formatTime, MICROS_PER_HOUR, parseTime } from '@c1/market'
import { type Simulator, startSimulator } from '@c1/simulator'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { c1, ended, startC1, temporaryFolder } from '../test-support/command.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

const folder = temporaryFolder()
const START = parseTime('2026-03-04T10:28:30Z')
const [FROM, TO] = [START - 10 * MICROS_PER_HOUR, START - MICROS_PER_HOUR].map((time) =>
  formatTime(time as EpochMicros),
)
const SYMBOLS = ['BTC/USD', 'ETH/USD']
const RANGE = ['--source', 'kraken', '--symbols', SYMBOLS.join(), '--from', FROM as string, '--to', TO as string]

let venue: Simulator
/** Counts what is asked of the venue, and can let nothing through. */
let proxy: Server
let env: Record<string, string>
let calls: string[] = []
/** Pages that are answered yet; the others are not. */
let pagesLeft = Number.POSITIVE_INFINITY
let onLastPage: () => void = () => {}

beforeAll(async () => {
  venue = await startSimulator({ start: START, seed: 5 })
  proxy = createServer(async (request, response) => {
    calls.push(request.url as string)
    if (request.url?.includes('/Trades?') && pagesLeft-- <= 0) return onLastPage()
    response.end(await (await fetch(venue.restUrl + request.url)).text())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  env = { KRAKEN_REST_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, C1_LOG_LEVEL: 'error' }
})
afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await venue.close()
  folder.remove()
})

const rows = (out: string): unknown[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** So many pages are served from now on; resolves when another one is asked for. */
function pages(count: number): Promise<void> {
  pagesLeft = count
  return new Promise((resolve) => {
    onLastPage = resolve
  })
}

it('c1 backfill brings a range whole, after kill -9 and Ctrl-C too, and asks for nothing that is there', async () => {
  const killed = startC1(folder.path, ['backfill', ...RANGE], env)
  const isKilled = ended(killed)
  await pages(8)
  const beside = await c1(folder.path, ['backfill', ...RANGE], env)
  expect(beside).toMatchObject({ code: 2, out: '' })
  expect(beside.err).toMatch(/c1: .*kraken is in use: .*ingest-trades.*--data-dir/)
  killed.kill('SIGKILL')
  await isKilled

  const interrupted = startC1(folder.path, ['backfill', ...RANGE], env)
  const outcome = ended(interrupted)
  await pages(8)
  interrupted.kill('SIGINT')
  expect(await outcome).toMatchObject({ code: 130, out: '', err: expect.stringContaining('goes on from here') })

  pagesLeft = Number.POSITIVE_INFINITY
  const { code, err, out } = await c1(folder.path, ['backfill', ...RANGE, '--json'], env)
  expect([code, err]).toEqual([0, expect.stringMatching(/BTC\/USD: .* is complete, .* trades added/)])
  expect(rows(out)).toMatchObject(
    SYMBOLS.map((symbol) => ({ symbol, from: FROM, to: TO, complete: true, rejected: 0, added: expect.any(Number) })),
  )
  // Each page was fetched once, but for those under way when the process ended, and the looks at the ends.
  const asked = calls.filter((url) => url.includes('/Trades?'))
  expect(asked.length - new Set(asked).size).toBeLessThanOrEqual(12)

  calls = []
  const again = await c1(folder.path, ['backfill', ...RANGE, '--json', '--quiet'], env)
  expect(again).toMatchObject({ code: 0, err: '' })
  expect(rows(again.out)).toMatchObject(SYMBOLS.map((symbol) => ({ symbol, added: 0, complete: true })))
  expect(calls).toEqual([])

  const exported = await c1(folder.path, ['export', 'trades', '--symbols', 'BTC/USD', '--source', 'kraken'])
  const ids = exported.out
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[1]))
  const first = ids[0] as number
  expect(ids).toEqual(ids.map((_, index) => first + index))
  const truth = venue.truth('BTC/USD' as never, first - 1, (ids.at(-1) as number) + 1)
  const [from, to] = [START - 10 * MICROS_PER_HOUR, START - MICROS_PER_HOUR]
  expect(truth.map(({ eventTime }) => eventTime >= from && eventTime < to)).toEqual([
    false,
    ...ids.map(() => true),
    false,
  ])
})

it('c1 backfill goes on to an earlier time and to now, and joins exactly', async () => {
  const earlier = formatTime((START - 10 * MICROS_PER_HOUR - 2 * MICROS_PER_HOUR) as EpochMicros)
  const { code, out } = await c1(
    folder.path,
    ['backfill', '--source', 'kraken', '--symbols', 'BTC/USD', '--from', earlier, '--json'],
    env,
  )
  expect([code, rows(out)]).toEqual([0, [expect.objectContaining({ to: null, complete: true })]])
  const status = await c1(folder.path, ['status', '--json', '--symbols', 'BTC/USD'])
  expect(JSON.parse(status.out).symbols[0]).toMatchObject({ missing: [] })
})

it('c1 backfill tells what it does not understand, and a market that the venue does not know', async () => {
  const wrong = async (...args: string[]) => {
    const { code, err } = await c1(folder.path, ['backfill', '--source', 'kraken', '--data-dir', 'other', ...args], env)
    return [code, err]
  }
  expect(await wrong('--from', 'yesterday')).toEqual([2, expect.stringContaining('--from "yesterday" is not a time')])
  expect(await wrong('--from', TO as string, '--to', FROM as string)).toEqual([
    2,
    expect.stringContaining('is after --to'),
  ])
  expect(await wrong('--from', '-1h', '--symbols', 'NO/SUCH')).toEqual([2, expect.stringContaining('NO/SUCH')])
})
