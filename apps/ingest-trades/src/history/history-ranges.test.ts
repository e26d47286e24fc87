import { KrakenRest } from '@c1/kraken'
import { type EpochMicros, type MarketMessage, MICROS_PER_MINUTE, MICROS_PER_SECOND, type Trade } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TradeLog } from '../log/trade-log.ts'
import { dollarMarket, Place } from '../test-support.ts'
import { History } from './history.ts'

const START = 1_762_732_800 * MICROS_PER_SECOND
const A = dollarMarket('AAA')
const { symbol } = A
const at = (seconds: number): EpochMicros => (START + seconds * MICROS_PER_SECOND) as EpochMicros

let place: Place
let trades: TradeLog
let now: EpochMicros
let history: History
/** Nanoseconds since the epoch of the trades 1, 2, ... of the venue. */
let times: bigint[]
let inclusive: boolean
let hidesLast: boolean
let withId: (id: number) => boolean
let calls: string[]
let answers: (() => Response)[]
let stated: [number, number][]
let rejected: number

/** The oldest 1,000 rows from `since` on, or the newest. */
function answer({ searchParams }: URL): Response {
  const since = searchParams.get('since')
  calls.push(since ?? 'newest')
  const scripted = answers.shift()
  if (scripted !== undefined) return scripted()
  const from =
    since === null ? 0 : times.findIndex((time) => (inclusive ? time >= BigInt(since) : time > BigInt(since)))
  const all = from === -1 ? [] : times.map((_, index) => index + 1).slice(from)
  const ids = since === null ? all.slice(-1000) : all.slice(0, 1000)
  const rows = ids.map((id) => {
    const seconds = Number((Number(times[id - 1]) / 1e9).toFixed(7))
    return `["1.0","1.00000000",${seconds},"b","m",""${withId(id) ? `,${id}` : ''}]`
  })
  const last = ids.length === 0 ? (since ?? '0') : String(times[(ids.at(-1) as number) - 1])
  return new Response(`{"error":[],"result":{"AAAUSD":[${rows.join()}]${hidesLast ? '' : `,"last":"${last}"`}}}`)
}

function open(): void {
  const rest = new KrakenRest({
    baseUrl: 'http://127.0.0.1:1',
    minIntervalMs: 0,
    attempts: 1,
    fetch: async (input) => answer(new URL(String(input))),
  })
  history = new History({
    rest,
    trades,
    instruments: [A],
    now: () => now,
    hostNow: () => now,
    backfill: 0,
    onlyRanges: true,
    onPage: (_, page) => {
      rejected += page.rejected.length
    },
    onRepairing: () => {},
    onRepaired: () => {},
    onUnserved: (_, { first, last }) => stated.push([first, last]),
  })
}

const signal = new AbortController().signal

/** Fetches until nothing is left; time passes where it has to. Gives the number of pages. */
async function fetchAll(most = 1000): Promise<number> {
  let pages = 0
  for (let waitMs = history.waitMs(); waitMs !== undefined && pages < most; waitMs = history.waitMs()) {
    now = (now + waitMs * 1000) as EpochMicros
    const job = history.next()
    if (job === undefined) throw new Error('Something is due, and is not.')
    await history.step(job, signal)
    pages += 1
  }
  return pages
}

async function fetchRange(from: EpochMicros, to: number): Promise<number> {
  history.want(symbol, from, to)
  return await fetchAll()
}

const idsIn = (messages: readonly MarketMessage[]): number[] =>
  messages.flatMap((message) => (message.kind === 'trade' ? [message.trade.tradeId] : []))
const heartbeatsIn = (messages: readonly MarketMessage[]): [number, number][] =>
  messages.flatMap((message) =>
    message.kind === 'heartbeat'
      ? [[message.heartbeat.lastTradeId, (message.heartbeat.eventTime - START) / MICROS_PER_SECOND]]
      : [],
  )
const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

/** As after kill -9: nothing of the process is left but its files. */
async function startAgain(): Promise<void> {
  await place.abandon()
  trades = await place.open()
  open()
}

beforeEach(async () => {
  place = new Place()
  trades = await place.open()
  // Trade 1 at second 1, and so on.
  times = upTo(1, 5000).map((id) => BigInt(START + id * MICROS_PER_SECOND) * 1000n + 7n)
  inclusive = true
  hidesLast = false
  withId = () => true
  calls = []
  answers = []
  stated = []
  rejected = 0
  now = at(10_000)
  open()
})
afterEach(() => place.remove())

describe('a range of history', () => {
  it.each([true, false])(
    'is fetched whole, with heartbeats at both ends, and asked for once (since inclusive: %s)',
    async (mode) => {
      inclusive = mode
      await fetchRange(at(100), at(3500))
      const messages = await place.messages()
      expect(idsIn(messages)).toEqual(upTo(100, 3499))
      expect(heartbeatsIn(messages)).toEqual([
        [99, 100],
        [3499, 3500],
      ])
      expect(calls.length).toBeLessThanOrEqual(6)
      const before = calls.length
      await startAgain()
      expect(await fetchRange(at(100), at(3500))).toBe(1)
      expect(await fetchRange(at(900), at(2000))).toBe(1)
      expect(calls).toHaveLength(before)
      expect(trades.ledger.missing(symbol, at(100), at(3500))).toEqual([])
    },
  )

  it('goes on with the cursors of the venue, after kill -9 with the one of the page before', async () => {
    history.want(symbol, at(1), at(4900))
    await fetchAll(2)
    const cursors = [...times.slice(999, 1000), ...times.slice(1998, 1999)].map(String)
    await startAgain()
    history.want(symbol, at(1), at(4900))
    await fetchAll()
    expect(idsIn(await place.messages())).toEqual(upTo(1, 4899))
    const since = calls.filter((call) => call !== String(BigInt(at(4900)) * 1000n - 1n))
    expect(since.slice(0, 2)).toEqual([String(BigInt(at(1)) * 1000n - 1n), cursors[0]])
    // The page after the second one was asked for ahead, or not, before the end.
    expect(new Set(since.slice(2, 4))).toEqual(new Set([cursors[1]]))
    expect(since.slice(4)).toEqual([2997, 3996].map((index) => String(times[index])))
  })

  it('before the oldest trade of the log and after its newest joins both exactly, gaps between too', async () => {
    await fetchRange(at(2000), at(2500))
    await fetchRange(at(3000), at(3100))
    expect(trades.ledger.holes(symbol)).toMatchObject([{ first: 2500, last: 2999 }])
    await fetchRange(at(1500), at(4500))
    expect(trades.ledger.spans(symbol, 'venue')).toMatchObject([{ first: 1500, last: 4499 }])
    const ids = idsIn(await place.messages())
    expect(ids.toSorted((a, b) => a - b)).toEqual(upTo(1500, 4499))
  })

  it('of which only a part of a hole is wanted leaves the rest of the hole alone', async () => {
    await fetchRange(at(100), at(110))
    await fetchRange(at(4000), at(4010))
    await fetchRange(at(2000), at(2010))
    expect(trades.ledger.holes(symbol)).toMatchObject([
      { first: 110, last: 1999 },
      { first: 2010, last: 3999 },
    ])
    expect(idsIn(await place.messages())).toEqual([...upTo(100, 109), ...upTo(4000, 4009), ...upTo(2000, 2009)])
  })

  it.each([
    [
      'before the first trade of the market',
      -100,
      -50,
      [
        [0, -100],
        [0, -50],
      ],
    ],
    [
      'between two trades',
      100.2,
      100.8,
      [
        [100, 100.2],
        [100, 100.8],
      ],
    ],
    [
      'after the last trade of the market',
      5100,
      5200,
      [
        [5000, 5100],
        [5000, 5200],
      ],
    ],
  ])('without trades, %s, is known as such', async (_, from, to, heartbeats) => {
    await fetchRange(at(from), at(to))
    const messages = await place.messages()
    expect([idsIn(messages), heartbeatsIn(messages)]).toEqual([[], heartbeats])
    const before = calls.length
    await startAgain()
    await fetchRange(at(from), at(to))
    expect(calls).toHaveLength(before)
  })

  it('from before the first trade to after the last one is all that there is', async () => {
    times = times.slice(0, 1500)
    await fetchRange(at(-5), at(2000))
    const messages = await place.messages()
    expect(idsIn(messages)).toEqual(upTo(1, 1500))
    expect(heartbeatsIn(messages)).toEqual([
      [0, -5],
      [1500, 2000],
    ])
  })

  it('up to now ends without a word, and the next run goes on from there', async () => {
    now = at(5000.5)
    await fetchRange(at(4000), Number.POSITIVE_INFINITY)
    expect(heartbeatsIn(await place.messages())).toEqual([[3999, 4000]])
    times.push(BigInt(at(5001)) * 1000n)
    await startAgain()
    const before = calls.length
    await fetchRange(at(4000), Number.POSITIVE_INFINITY)
    expect(idsIn(await place.messages())).toEqual(upTo(4000, 5001))
    expect(calls.length - before).toBe(1)
  })

  it.each([true, false])(
    'has every trade of an instant that lies across a page boundary (since inclusive: %s)',
    async (mode) => {
      inclusive = mode
      for (let index = 990; index < 1400; index++) times[index] = times[990] as bigint
      await fetchRange(at(1), at(3000))
      expect(idsIn(await place.messages())).toEqual(upTo(1, 2999))
    },
  )

  it.each([true, false])(
    'with more than 1,000 trades at one instant states those that cannot be asked for (since inclusive: %s)',
    async (mode) => {
      inclusive = mode
      for (let index = 500; index < 1800; index++) times[index] = times[500] as bigint
      await fetchRange(at(1), at(3000))
      expect(stated).toEqual([[1501, 1800]])
      expect(trades.ledger.holes(symbol)).toEqual([])
      expect(idsIn(await place.messages()).toSorted((a, b) => a - b)).toEqual([...upTo(1, 1500), ...upTo(1801, 2999)])
      expect(trades.ledger.missing(symbol, at(1), at(3000))).toEqual([])
    },
  )

  it('is whole without any `last`', async () => {
    hidesLast = true
    await fetchRange(at(1), at(3000))
    expect(idsIn(await place.messages())).toEqual(upTo(1, 2999))
  })

  it('takes rows without id where their neighbours tell it, if need be from a page of its own', async () => {
    withId = (id) => id % 7 !== 0 && (id < 995 || id > 1005)
    await fetchRange(at(1), at(3000))
    expect(idsIn(await place.messages()).toSorted((a, b) => a - b)).toEqual(upTo(1, 2999))
    expect(rejected).toBeGreaterThan(0)
    expect(stated).toEqual([])
  })

  it('whose first rows cannot be told is asked for again before its beginning is doubted', async () => {
    let asked = 0
    withId = (id) => id > 102 || asked++ > 3
    history.want(symbol, at(100), at(200))
    await expect(fetchAll()).rejects.toMatchObject({ code: 'kraken_answer_malformed', retryable: true })
    history.pause(A, 1)
    withId = () => true
    await fetchAll()
    expect(heartbeatsIn(await place.messages())[0]).toEqual([99, 100])
    expect(idsIn(await place.messages())).toEqual(upTo(100, 199))
  })

  it('of which not one row of the first page can be told says nothing of its beginning', async () => {
    // By seed 845162953 of the fault schedules: the next page begins where that one ends, not where history does.
    withId = () => calls.length > 1
    history.want(symbol, at(100), at(1500))
    await expect(fetchAll()).rejects.toMatchObject({ code: 'kraken_answer_malformed', retryable: true })
    expect(heartbeatsIn(await place.messages())).toEqual([])
    history.pause(A, 1)
    withId = () => true
    await fetchAll()
    expect(heartbeatsIn(await place.messages())[0]).toEqual([99, 100])
    expect(idsIn(await place.messages())).toEqual(upTo(100, 1499))
  })

  it.each([
    ['an HTML page', () => new Response('<html>520</html>', { status: 520 })],
    ['a body that is cut off', () => new Response('{"error":[],"result":{"AAAUSD":[["1.0","1')],
    ['an error with HTTP 200', () => new Response('{"error":["EService:Busy"]}')],
    ['no result', () => new Response('{"error":[],"result":null}')],
    ['an empty result', () => new Response('{"error":[],"result":{}}')],
    ['a limit', () => new Response('', { status: 429 })],
  ])('survives %s', async (_, body) => {
    answers = [body]
    history.want(symbol, at(1), at(1500))
    await expect(fetchAll()).rejects.toMatchObject({ code: expect.stringMatching(/^(kraken|trades)_/) })
    history.pause(A, 5000)
    expect(history.waitMs()).toBe(5000)
    await fetchAll()
    expect(idsIn(await place.messages())).toEqual(upTo(1, 1499))
  })

  it('tells how many trades remain, from ids and not from time, once it is long enough', async () => {
    // Half of the time is silent.
    times = upTo(1, 25_000).map((id) => BigInt(at(id < 2500 ? id : id + 20_000)) * 1000n)
    now = at(60_000)
    history.want(symbol, at(1), Number.POSITIVE_INFINITY)
    expect(history.progress()).toMatchObject([{ trades: 0, remaining: undefined }])
    await fetchAll(1)
    expect(history.progress()).toMatchObject([{ trades: 1000, remaining: undefined }])
    await fetchAll(19)
    const trades = 20 * 999 + 1
    expect(history.progress()).toMatchObject([{ trades, remaining: 25_000 - trades, fraction: trades / 25_000 }])
    await fetchAll()
    expect(history.progress()).toEqual([])
    // The newest page tells it, and is none too many.
    expect(calls.filter((call) => call === 'newest')).toHaveLength(1)
    expect(calls).toHaveLength(27)
    expect(idsIn(await place.messages())).toEqual(upTo(1, 25_000))
  })

  it('up to now takes what happens while it is fetched', async () => {
    times = upTo(1, 25_000).map((id) => BigInt(at(id)) * 1000n)
    now = at(26_000)
    history.want(symbol, at(1), Number.POSITIVE_INFINITY)
    await fetchAll(21)
    times.push(...upTo(25_001, 25_100).map((id) => BigInt(at(id)) * 1000n))
    await fetchAll()
    expect(idsIn(await place.messages())).toEqual(upTo(1, 25_100))
  })
})

describe('history at the start of live trades', () => {
  const live = (id: number): Trade =>
    ({
      symbol,
      idSpace: 'venue',
      tradeId: id,
      eventTime: at(id),
      price: '1.0',
      quantity: '1.00000000',
      side: 'buy',
      orderType: 'market',
    }) as unknown as Trade

  function openLive(): void {
    const { rest } = {
      rest: new KrakenRest({
        baseUrl: 'http://127.0.0.1:1',
        minIntervalMs: 0,
        fetch: async (input) => answer(new URL(String(input))),
      }),
    }
    history = new History({
      rest,
      trades,
      instruments: [A],
      now: () => now,
      hostNow: () => now,
      backfill: 60 * MICROS_PER_MINUTE,
      onPage: () => {},
      onRepairing: () => {},
      onRepaired: () => {},
      onUnserved: () => {},
    })
  }

  it('that a killed process left undone is gone on with, though live trades are in the log', async () => {
    now = at(5000.5)
    openLive()
    history.sawLive(live(5000))
    await trades.appendTrades([live(5000)], 'live')
    history.look(symbol)
    await history.begin(A, signal)
    await startAgain()
    openLive()
    await fetchAll()
    const [span] = trades.ledger.spans(symbol, 'venue')
    expect(span?.last).toBe(5000)
    expect(span?.from).toBeLessThanOrEqual(now - 60 * MICROS_PER_MINUTE)
    expect(trades.cursors.of(symbol).wantedFrom).toBeUndefined()
  })

  it('that never came to its first page is wanted by the next process too', async () => {
    now = at(5000.5)
    openLive()
    answers = [() => new Response('', { status: 403 })]
    await trades.appendTrades([live(5000)], 'live')
    history.sawLive(live(5000))
    await expect(history.begin(A, signal)).rejects.toMatchObject({ code: 'kraken_refused' })
    await startAgain()
    openLive()
    await fetchAll()
    expect(trades.ledger.spans(symbol, 'venue')[0]?.from).toBeLessThanOrEqual(now - 60 * MICROS_PER_MINUTE)
    expect(trades.ledger.hasHole(symbol)).toBe(false)
  })
})
