import { KrakenRest } from '@c1/kraken'
import { type EpochMicros, type Instrument, MICROS_PER_HOUR, MICROS_PER_SECOND, type Trade } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TradeLog } from '../log/trade-log.ts'
import { dollarMarket, madeTrade, Place } from '../test-support.ts'
import { History } from './history.ts'
import type { Work } from './turns.ts'

const START = 1_762_732_800 * MICROS_PER_SECOND
const INSTRUMENTS = ['AAA', 'BBB'].map((base) => dollarMarket(base))
const [A, B] = INSTRUMENTS.map(({ symbol }) => symbol) as [Instrument['symbol'], Instrument['symbol']]
const NEWEST = 9000
/** One trade a second. */
const timeOf = (id: number): EpochMicros => (START + id * MICROS_PER_SECOND) as EpochMicros

let place: Place
let trades: TradeLog
let history: History
let now: EpochMicros
let unserved: ReadonlySet<number>
let repairing: number
let repaired: number
let stated: [number, number][]

/** A venue of two markets with the same trades, but for those it does not serve. */
const rest = (): KrakenRest =>
  new KrakenRest({
    baseUrl: 'http://127.0.0.1:1',
    minIntervalMs: 0,
    fetch: async (input) => {
      const { searchParams } = new URL(String(input))
      const since = Number(BigInt(searchParams.get('since') ?? '0') / 1000n)
      const from = Math.max(1, Math.ceil((since - START) / MICROS_PER_SECOND))
      const ids = Array.from({ length: NEWEST }, (_, at) => from + at).filter((id) => id <= NEWEST && !unserved.has(id))
      const rows = ids.slice(0, 1000).map((id) => `["1.0","1.00000000",${START / 1e6 + id}.0,"b","m","",${id}]`)
      const last = timeOf(ids[Math.min(999, ids.length - 1)] ?? from)
      return new Response(`{"error":[],"result":{"${searchParams.get('pair')}":[${rows.join()}],"last":"${last}000"}}`)
    },
  })

const trade = (symbol: Trade['symbol'], id: number): Trade => madeTrade(symbol, id, timeOf(id))

async function live(symbol: Trade['symbol'], ...ids: number[]): Promise<void> {
  for (const id of ids) history.sawLive(trade(symbol, id))
  await trades.appendTrades(ids.map((id) => trade(symbol, id)))
  history.look(symbol)
}

/** Does what is due, and tells in which order. */
async function workAll(signal = new AbortController().signal): Promise<[Work, Trade['symbol']][]> {
  const done: [Work, Trade['symbol']][] = []
  for (let job = history.next(); job !== undefined; job = history.next()) {
    await history.step(job, signal)
    done.push([job.work, job.instrument.symbol])
  }
  return done
}

beforeEach(async () => {
  place = new Place()
  trades = await place.open()
  now = timeOf(NEWEST + 1)
  unserved = new Set()
  repairing = 0
  repaired = 0
  stated = []
  history = new History({
    rest: rest(),
    trades,
    instruments: INSTRUMENTS,
    now: () => now,
    hostNow: () => now,
    backfill: MICROS_PER_HOUR,
    onPage: () => {},
    onRepairing: (count) => {
      repairing += count
    },
    onRepaired: () => {
      repaired += 1
    },
    onUnserved: (_, { first, last }) => stated.push([first, last]),
  })
})
afterEach(() => place.remove())

async function beginAll(): Promise<void> {
  for (const instrument of INSTRUMENTS) await history.begin(instrument, new AbortController().signal)
}

describe('history', () => {
  it('is fetched for the symbols in turn, until it meets live trades', async () => {
    await beginAll()
    await live(A, NEWEST)
    await live(B, NEWEST)
    const done = await workAll()
    expect(done.slice(0, 6)).toEqual([
      ['backfill', A],
      ['backfill', B],
      ['backfill', A],
      ['backfill', B],
      ['backfill', A],
      ['backfill', B],
    ])
    expect(history.progress()).toEqual([])
    for (const symbol of [A, B]) expect(trades.ledger.spans(symbol, 'venue')).toMatchObject([{ last: NEWEST }])
    expect([repairing, repaired]).toEqual([0, 0])
  })

  it('waits while holes between live trades are repaired, those too for the symbols in turn', async () => {
    await beginAll()
    await live(A, 8000, 8003)
    await live(B, 8000, 8005)
    const done = await workAll()
    expect(done.slice(0, 2)).toEqual([
      ['repair', A],
      ['repair', B],
    ])
    expect(done.slice(2).every(([work]) => work === 'backfill')).toBe(true)
    expect([repairing, repaired]).toEqual([2 + 4, 2])
    for (const symbol of [A, B]) expect(trades.ledger.hasHole(symbol)).toBe(false)
  })

  it('that is not served is stated in the log after a minute, wherever it is, and asked for no more', async () => {
    unserved = new Set([7000, 7001, 8002])
    await history.begin(INSTRUMENTS[0] as Instrument, new AbortController().signal)
    await live(A, 8000, 8003)
    await workAll()
    expect(trades.ledger.holes(A)).toMatchObject([
      { first: 7000, last: 7001 },
      { first: 8002, last: 8002 },
    ])
    expect(history.progress()).toEqual([])
    while (stated.length < 2) {
      now = (now + (history.waitMs() as number) * 1000) as EpochMicros
      await workAll()
    }
    expect(now).toBeGreaterThanOrEqual(timeOf(NEWEST + 1) + 60 * MICROS_PER_SECOND)
    expect(stated.sort()).toEqual([
      [7000, 7001],
      [8002, 8002],
    ])
    expect(trades.ledger.exceptions(A)).toEqual([
      { first: 7000, last: 7001, from: timeOf(6999), to: timeOf(7002) },
      { first: 8002, last: 8002, from: timeOf(8001), to: timeOf(8003) },
    ])
    expect([history.next(), history.waitMs(), repaired]).toEqual([undefined, undefined, 0])
  })

  it('that failed is asked for again after a pause, from what the log holds', async () => {
    await beginAll()
    await live(A, 8000, 8003)
    for (const instrument of INSTRUMENTS) history.pause(instrument, 5000)
    expect(history.next()).toBeUndefined()
    expect(history.waitMs()).toBe(5000)
    now = (now + 5 * MICROS_PER_SECOND) as EpochMicros
    expect(history.next()).toMatchObject({ work: 'repair', instrument: { symbol: A } })
    await workAll()
    expect(trades.ledger.hasHole(A)).toBe(false)
  })
})
