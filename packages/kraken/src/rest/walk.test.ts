import type { EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collect } from '../test-support/collect.ts'
import { instrument, restRow } from '../test-support/instruments.ts'
import { parseExact } from '../wire/exact-json.ts'
import { type Cursor, cursorAt } from './cursor.ts'
import { PAGE_ROWS, readTradesPage, type TradesPage } from './trades-page.ts'
import { walkPages } from './walk.ts'

interface Server {
  readonly times: readonly bigint[]
  readonly inclusive: boolean
  readonly hidesLast?: (call: number) => boolean
}

const START = 1_790_359_840_000_000_000n

/** The venue's rules: the oldest 1,000 rows from `since` on; ids are 1, 2, ... */
function venue({ times, inclusive, hidesLast = () => false }: Server): (since: Cursor) => Promise<TradesPage> {
  const market = instrument()
  let call = 0
  return async (since) => {
    call += 1
    const first = times.findIndex((time) => (inclusive ? time >= BigInt(since) : time > BigInt(since)))
    const end = first === -1 ? times.length : Math.min(first + PAGE_ROWS, times.length)
    const ids = Array.from({ length: first === -1 ? 0 : end - first }, (_, index) => first + index)
    const rows = ids.map((index) => restRow(index + 1, { time: seconds(times[index] as bigint) }))
    const last = hidesLast(call) ? '' : `,"last":"${ids.length > 0 ? times[end - 1] : since}"`
    return readTradesPage(parseExact(`{"XXBTZUSD":[${rows.join(',')}]${last}}`), market, since)
  }
}

/** As Kraken prints it: a float of seconds with up to 7 decimals. */
function seconds(nanos: bigint): string {
  return String(Number((Number(nanos) / 1e9).toFixed(7)))
}

async function walk(server: Server, since: Cursor = '0' as Cursor): Promise<number[]> {
  const ids: number[] = []
  for await (const page of walkPages(venue(server), since)) ids.push(...page.trades.map(({ tradeId }) => tradeId))
  return ids
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** Trades in bursts at one instant, the instants some nanoseconds to milliseconds apart. */
const history = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom(1n, 7n, 300n, 1_000_000n)), { maxLength: 14 })
  .map((bursts) => {
    let time = START
    return bursts.flatMap(([count, gap]) => {
      time += gap
      return Array<bigint>(count).fill(time)
    })
  })

describe('walking a history', () => {
  it.each([true, false])('gives every trade once (since inclusive: %s)', async (inclusive) => {
    await fc.assert(
      fc.asyncProperty(history, async (times) => {
        expect(await walk({ times, inclusive })).toEqual(upTo(times.length))
      }),
      { numRuns: 25 },
    )
  })

  it.each([true, false])('survives answers without `last` (since inclusive: %s)', async (inclusive) => {
    const times = upTo(3_500).map((index) => START + BigInt(index) * 1_000_000n)
    expect(await walk({ times, inclusive, hidesLast: (call) => call % 2 === 0 })).toEqual(upTo(3_500))
  })

  it.each([true, false])('gets over more than 1,000 trades at one instant (since inclusive: %s)', async (inclusive) => {
    const crowd = Array<bigint>(1_500).fill(START + 5n)
    const times = [START, ...crowd, START + 6n, START + 1_000_000n]
    const ids = await walk({ times, inclusive })
    expect(new Set(ids).size).toBe(ids.length)
    // What lies beyond the first thousand of the instant cannot be asked for: a hole, which the ids show.
    expect(ids).toEqual([...upTo(1_001), 1_502, 1_503])
  })

  it.each([true, false])('starts with the first trade at or after a time (since inclusive: %s)', async (inclusive) => {
    const times = [START - 1_000n, START, START + 1n]
    const since = cursorAt(Number(START / 1000n) as EpochMicros)
    expect(await walk({ times, inclusive }, since)).toEqual([2, 3])
  })

  it.each([true, false])('goes on with `last` as the venue wrote it (since inclusive: %s)', async (inclusive) => {
    const asked: string[] = []
    const times = upTo(2_500).map((index) => START + BigInt(index) * 1_000_001n)
    const fetchPage = venue({ times, inclusive })
    await collect(
      walkPages((since) => {
        asked.push(since)
        return fetchPage(since)
      }, '0' as Cursor),
    )
    const lasts = inclusive ? [999, 1998] : [999, 1999]
    expect(asked).toEqual(['0', ...lasts.map((index) => String(times[index]))])
  })

  it.each([true, false])('goes on where an earlier walk was (since inclusive: %s)', async (inclusive) => {
    const times = [...upTo(998).map(BigInt), 999n, 999n, 999n, 1_000n].map((index) => START + index)
    const [first] = await collect(walkPages(venue({ times, inclusive }), '0' as Cursor))
    const { next, trades } = first as TradesPage
    const reached = trades.at(-1)?.tradeId as number
    expect(reached).toBe(1_000)
    const rest = await collect(walkPages(venue({ times, inclusive }), next, reached))
    expect(rest.flatMap((page) => page.trades.map(({ tradeId }) => tradeId))).toEqual([999, 1_000, 1_001, 1_002])
  })

  it.each([true, false])(
    'asks an instant again once, where ids before it are missing (since inclusive: %s)',
    async (inclusive) => {
      const times = upTo(700).map((index) => START + BigInt(index) * 1_000_000n)
      const asked: Cursor[] = []
      const fetchPage = venue({ times, inclusive })
      const since = String(START + 499_500_000n) as Cursor
      const counting = (cursor: Cursor): Promise<TradesPage> => {
        asked.push(cursor)
        if (asked.length > 5) throw new Error(`It goes on asking: ${asked.join(', ')}`)
        return fetchPage(cursor)
      }
      const [page] = await collect(walkPages(counting, since, 10))
      expect(page?.trades[0]?.tradeId).toBe(500)
      expect(asked).toHaveLength(2)
    },
  )

  it('asks once again for what may be missing at a boundary, not for ever', async () => {
    const row = (id: number) => restRow(id, { time: '1790359840.5' })
    const ids = upTo(3_000).filter((id) => id <= 999 || id > 1_010)
    const asked: string[] = []
    const fetchPage = async (since: Cursor) => {
      asked.push(since)
      const first = ids.findIndex((id) => START + BigInt(id) >= BigInt(since))
      const rows = ids.slice(first, first + 999)
      const last = START + BigInt(rows.at(-1) as number)
      const body = `{"XXBTZUSD":[${[...rows.map(row), restRow(0)]}],"last":"${last + 1n}"}`
      return { ...readTradesPage(parseExact(body), instrument(), since), full: rows.length === 999 }
    }
    const pages = await collect(walkPages(fetchPage, '0' as Cursor))
    expect(pages.flatMap(({ trades }) => trades.map(({ tradeId }) => tradeId))).toEqual(ids)
    expect(asked.slice(0, 4)).toEqual(['0', ...[1_000n, 999n].map((id) => String(START + id)), asked[3]])
  })

  it('ends at once where there is nothing', async () => {
    expect(await walk({ times: [], inclusive: true })).toEqual([])
  })

  it('gives a rejected row once, though the next page repeats it', async () => {
    const row = (id: number) => restRow(id, { time: '1790359840.5' })
    const pages = [upTo(999).map(row), [row(999)]].map((rows) => [...rows, restRow(0)])
    const fetchPage = async (since: Cursor) =>
      readTradesPage(parseExact(`{"XXBTZUSD":[${pages.shift()}],"last":"1790359840500000000"}`), instrument(), since)
    const walked: TradesPage[] = []
    for await (const page of walkPages(fetchPage, '0' as Cursor)) walked.push(page)
    expect(walked.map(({ trades, rejected }) => [trades.length, rejected.length])).toEqual([[999, 1]])
  })

  it('stops at a venue that does not heed `since`', async () => {
    const page = await venue({ times: Array<bigint>(1_000).fill(START), inclusive: true })('0' as Cursor)
    const walked = collect(walkPages(async () => page, '0' as Cursor))
    await expect(walked).rejects.toMatchObject({ code: 'kraken_paging_stuck' })
  })
})
