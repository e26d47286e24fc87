import { existsSync } from 'node:fs'
import { KrakenRest, readArchive, type Timers } from '@c1/kraken'
import {
  type EpochMicros,
  type Instrument,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  marketSymbol,
} from '@c1/market'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TradeLog } from '../log/trade-log.ts'
import { dollarMarket, Place } from '../test-support.ts'
import { Backfill, type BackfilledRange, isFetched } from './backfill.ts'

vi.setConfig({ testTimeout: 60_000 })

const START = 1_762_732_800 * MICROS_PER_SECOND
const INSTRUMENTS = ['AAA', 'BBB', 'CCC'].map((base) => dollarMarket(base))
const SPACING_MS = 1020

/** Time that jumps to the next task whenever nothing else can go on. */
class Clock implements Timers {
  #now = START + MICROS_PER_DAY
  #tasks: { readonly at: number; readonly task: () => void }[] = []

  now(): EpochMicros {
    return this.#now as EpochMicros
  }

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#now + ms * 1000, task }
    this.#tasks = [...this.#tasks, entry].sort((a, b) => a.at - b.at)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** Runs what is due next, after what waits for files is done. */
  async drive<Result>(work: Promise<Result>, each: () => void = () => {}): Promise<Result> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    work.then(over, over)
    while (!isOver) {
      for (let turn = 0; turn < 8 && !isOver; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
      const [next] = this.#tasks
      if (isOver || next === undefined) continue
      this.#tasks = this.#tasks.slice(1)
      this.#now = Math.max(this.#now, next.at)
      each()
      next.task()
    }
    return work
  }
}

/** Times of a market that sleeps half of the day, and has a crash in which most of its trades happen. */
function unevenTimes(): EpochMicros[] {
  const times: number[] = []
  for (let minute = 0; minute < 1440; minute++) {
    const isCrash = minute >= 1000 && minute < 1010
    const count = minute < 700 ? 1 : isCrash ? 6000 : 12
    for (let trade = 0; trade < count; trade++) times.push(START + minute * MICROS_PER_MINUTE + trade * 9_000)
  }
  return times.map((time) => time as EpochMicros)
}

let place: Place
let trades: TradeLog
let clock: Clock
let calls: URL[]
let body: ((pair: string) => Response | undefined) | undefined

beforeEach(async () => {
  place = new Place()
  trades = await place.open()
  clock = new Clock()
  calls = []
  body = undefined
})
afterEach(() => place.remove())

/** A venue whose markets all have trades at these times, numbered from 1. */
function backfill(
  times: readonly EpochMicros[],
  ranges: Record<string, [number, number]>,
  troubles: string[] = [],
): Backfill {
  const rest = new KrakenRest({
    baseUrl: 'http://127.0.0.1:1',
    timers: clock,
    random: () => 1,
    attempts: 1,
    fetch: async (input) => {
      const url = new URL(String(input))
      calls.push(url)
      const pair = url.searchParams.get('pair') as string
      const since = url.searchParams.get('since')
      const other = body?.(pair)
      if (other !== undefined) return other
      const from = since === null ? times.length - 1000 : firstAt(times, Number(BigInt(since) / 1000n))
      const ids = Array.from({ length: Math.min(1000, times.length - from) }, (_, index) => from + index)
      const rows = ids.map((index) => `["1.0","1.00000000",${(times[index] as number) / 1e6},"b","m","",${index + 1}]`)
      const last = ids.length === 0 ? since : `${times[ids.at(-1) as number]}000`
      return new Response(`{"error":[],"result":{"${pair}":[${rows.join()}],"last":"${last}"}}`)
    },
  })
  return new Backfill({
    trades,
    rest,
    timers: clock,
    now: () => clock.now(),
    onTrouble: (symbol, error) => troubles.push(`${symbol} ${error.message}`),
    ranges: Object.entries(ranges).map(([base, [from, to]]) => ({
      instrument: INSTRUMENTS.find((instrument) => instrument.base === base) as Instrument,
      from: from as EpochMicros,
      to,
    })),
  })
}

/** The index of the first trade at or after the time. */
function firstAt(times: readonly EpochMicros[], time: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] as number) < time) low = middle + 1
    else high = middle
  }
  return low
}

const signal = new AbortController().signal
const whole: [number, number] = [START, START + MICROS_PER_DAY - 10 * MICROS_PER_MINUTE]
const outcome = (ranges: readonly BackfilledRange[]) =>
  ranges.map(({ added, complete, instrument }) => [instrument.base, added, complete])

describe('a back-fill', () => {
  it('brings several symbols at once within one rate limit, and asks for nothing the second time', async () => {
    const times = unevenTimes().filter((_, index) => index % 16 === 0)
    const inRange = firstAt(times, whole[1])
    const startedAt = clock.now()
    const done = await clock.drive(backfill(times, { AAA: whole, BBB: whole, CCC: whole }).run(signal))
    expect(outcome(done)).toEqual(['AAA', 'BBB', 'CCC'].map((base) => [base, inRange, true]))
    const pages = Math.ceil(inRange / 999) * 3
    // And a look at the end of each, for the time left.
    expect(calls.length).toBeLessThanOrEqual(pages + 3)
    expect(clock.now() - startedAt).toBeLessThanOrEqual((calls.length * SPACING_MS + 100) * 1000)
    expect(new Set(calls.slice(0, 6).map((url) => url.searchParams.get('pair'))).size).toBe(3)
    for (const { symbol } of INSTRUMENTS) {
      expect(trades.ledger.spans(symbol, 'venue')).toMatchObject([{ first: 1, last: inRange }])
      expect(isFetched(trades, symbol, ...(whole as [EpochMicros, number]))).toBe(true)
    }
    const before = calls.length
    const again = await clock.drive(backfill(times, { AAA: whole, BBB: whole, CCC: whole }).run(signal))
    expect(outcome(again)).toEqual(['AAA', 'BBB', 'CCC'].map((base) => [base, 0, true]))
    expect(calls).toHaveLength(before)
  })

  it('that is aborted goes on in the next run where it was', async () => {
    const times = unevenTimes().filter((_, index) => index % 16 === 0)
    const stop = new AbortController()
    const first = backfill(times, { AAA: whole, BBB: whole })
    const all = firstAt(times, whole[1]) * 2
    await clock.drive(first.run(stop.signal), () => first.progress().trades > all / 2 && stop.abort())
    const kept = first.progress().trades
    const { length } = calls
    expect(kept).toBeLessThan(all)
    await clock.drive(backfill(times, { AAA: whole, BBB: whole }).run(signal))
    expect((await place.messages()).filter(({ kind }) => kind === 'trade')).toHaveLength(all)
    expect(calls.length - length).toBeLessThanOrEqual(Math.ceil((all - kept) / 999) + 6)
  })

  it('waits out the troubles of the venue for one symbol while the others go on, and tells', async () => {
    const times = unevenTimes().filter((_, index) => index % 60 === 0)
    const bodies = ['<html>', '{"error":[],"result":{"AAA', '{"error":["EService:Busy"]}', '{"error":[],"result":{}}']
    body = (pair) => (pair === 'AAAUSD' && bodies.length > 0 ? new Response(bodies.shift()) : undefined)
    const troubles: string[] = []
    const done = await clock.drive(backfill(times, { AAA: whole, BBB: whole }, troubles).run(signal))
    expect(done.map(({ complete }) => complete)).toEqual([true, true])
    expect(troubles).toHaveLength(4)
    expect(troubles.every((trouble) => trouble.startsWith('AAA/USD'))).toBe(true)
  })

  it.each([
    ['{"error":["EQuery:Unknown asset pair"]}', 'kraken_pair_unknown', 0],
    ['{"error":["EService:Unavailable"]}', 'kraken_unavailable', 600],
  ])('ends with %s that does not pass', async (text, code, seconds) => {
    body = () => new Response(text)
    const startedAt = clock.now()
    await expect(clock.drive(backfill(unevenTimes(), { AAA: whole }).run(signal))).rejects.toMatchObject({ code })
    expect((clock.now() - startedAt) / MICROS_PER_SECOND).toBeGreaterThanOrEqual(seconds)
  })

  it('keeps rows that cannot be read as dead letters, and the good ones beside them', async () => {
    const bad = '["-1.0","1.0",1762732860.5,"b","m","",1]'
    const good = '["1.0","1.0",1762732861.5,"b","m","",2]'
    body = () =>
      new Response(`{"error":["WGeneral:Slow"],"result":{"AAAUSD":[${good},${bad}],"last":"1762732861500000000"}}`)
    const [done] = await clock.drive(backfill([], { AAA: whole }).run(signal))
    expect(done).toMatchObject({ added: 1, rejected: 1 })
    expect((await place.deadLetters()).map(({ origin, raw }) => [origin, Buffer.from(raw).toString()])).toEqual([
      ['kraken-rest', bad],
    ])
  })
})

/** The largest errors of the time left that a run told: as a share of what was left really, where that was more than half a minute. */
async function errorsOfTimeLeft(
  work: Backfill,
): Promise<{ readonly told: number; readonly worst: number; readonly byTime: number }> {
  const told: { readonly at: number; readonly left: number; readonly byTime: number }[] = []
  const startedAt = clock.now()
  await clock.drive(work.run(signal), () => {
    const { fraction, secondsLeft, symbols } = work.progress()
    const [from, to] = whole
    const reached = Math.max(...INSTRUMENTS.map(({ symbol }) => trades.ledger.newest(symbol)?.time ?? from))
    const share = (reached - from) / (to - from)
    const elapsed = (clock.now() - startedAt) / MICROS_PER_SECOND
    if (secondsLeft === undefined || fraction === 0 || symbols.length === 0) return
    told.push({ at: clock.now(), left: secondsLeft, byTime: (elapsed * (1 - share)) / share })
  })
  const errors = (of: 'left' | 'byTime'): number[] =>
    told.flatMap((one) => {
      const really = (clock.now() - one.at) / MICROS_PER_SECOND
      return really > 30 ? [Math.abs(one[of] - really) / really] : []
    })
  return { told: told.length, worst: Math.max(...errors('left')), byTime: Math.max(...errors('byTime')) }
}

describe('the time left', () => {
  it('is right within 5 % in a market that sleeps and crashes, where a share of time is not', async () => {
    const { byTime, told, worst } = await errorsOfTimeLeft(backfill(unevenTimes(), { AAA: whole }))
    expect(told).toBeGreaterThan(20)
    expect(worst).toBeLessThan(0.05)
    expect(byTime).toBeGreaterThan(0.5)
  })

  const archive = new URL(
    '../../../../../shared/data/kraken/trades/XBTUSD_2018-05-08_2018-05-22.csv.gz',
    import.meta.url,
  )
  it.skipIf(!existsSync(archive))('is right within 5 % in two recorded weeks of BTC/USD', async () => {
    const times: number[] = []
    for await (const batch of readArchive(archive.pathname, { market: marketSymbol('BTC/USD') }))
      for (const { eventTime } of batch.trades) times.push(eventTime)
    // The weeks pass in a day, so that all happened before the clock's time.
    const [first, last] = [times[0] as number, times.at(-1) as number]
    const squeezed = times.map((time) => Math.floor(START + ((time - first) / (last - first)) * (MICROS_PER_DAY / 2)))
    const { told, worst } = await errorsOfTimeLeft(backfill(squeezed as EpochMicros[], { AAA: whole }))
    expect(told).toBeGreaterThan(100)
    expect(worst).toBeLessThan(0.05)
  })
})
