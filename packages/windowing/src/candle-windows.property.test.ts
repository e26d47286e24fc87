import { type IdSpace, INTERVALS, type MarketMessage, type Side, type Trade } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CandleWindows } from './candle-windows.ts'
import { naiveCandles } from './test-support/naive-candles.ts'
import {
  advanceAll,
  candlesOf,
  exception,
  HOUR,
  heartbeat,
  MIDNIGHT,
  MINUTE,
  SECOND,
  trade,
  tradeMessage,
} from './test-support/trades.ts'

/** Decimal text of up to `digits` digits, with up to `decimals` of them after the point. */
function decimalTexts(digits: number, decimals: number): fc.Arbitrary<string> {
  return fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) - 1n }), fc.integer({ min: 0, max: decimals }))
    .map(([units, decimals]) => {
      const text = units.toString().padStart(decimals + 1, '0')
      return decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
    })
}

interface MarketShape {
  readonly price: fc.Arbitrary<string>
  readonly quantity: fc.Arbitrary<string>
  readonly side: fc.Arbitrary<Side | undefined>
}

/** A venue like Kraken: fixed decimals, always a side. */
const VENUE_SHAPE: MarketShape = {
  price: fc.integer({ min: 1, max: 2_000_000 }).map((units) => (units / 10).toFixed(1)),
  quantity: fc.integer({ min: 1, max: 1_000_000_000 }).map((lots) => (lots / 1e8).toFixed(8)),
  side: fc.constantFrom<Side>('buy', 'sell'),
}

/** What stresses the sums: mixed decimals, numbers far beyond 2^53, missing sides. */
const WILD_SHAPE: MarketShape = {
  price: fc.oneof(decimalTexts(6, 5), decimalTexts(15, 10), decimalTexts(22, 12)),
  quantity: fc.oneof(decimalTexts(8, 8), decimalTexts(15, 8), decimalTexts(25, 8)),
  side: fc.constantFrom<Side | undefined>('buy', 'sell', undefined),
}

/** Dense ids from `firstId` and times that never go back; steps of zero, within a minute, and across empty windows. */
function tradeRuns(shape: MarketShape, idSpace: IdSpace = 'venue', firstId = 7): fc.Arbitrary<Trade[]> {
  const step = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 20 * SECOND }),
    fc.constant(MINUTE),
    fc.integer({ min: MINUTE, max: 30 * MINUTE }),
    fc.integer({ min: HOUR, max: 20 * HOUR }),
  )
  const rows = fc.array(fc.record({ step, price: shape.price, quantity: shape.quantity, side: shape.side }), {
    minLength: 1,
    maxLength: 40,
  })
  return rows.map((rows) => {
    let time = 0
    return rows.map(({ step, ...fields }, index) => {
      time += step
      return trade(firstId + index, time, { ...fields, idSpace })
    })
  })
}

const DAYS = 86_400_000_000
const ALL = { intervals: INTERVALS }
const runs = fc.oneof(tradeRuns(VENUE_SHAPE), tradeRuns(WILD_SHAPE))

/** Heartbeats on both sides: nothing before the first trade, nothing after the last for a day. */
function bounded(trades: readonly Trade[]) {
  const last = trades.at(-1) as Trade
  const days = Math.ceil((last.eventTime - MIDNIGHT + 1) / DAYS)
  const before = heartbeat((trades[0] as Trade).tradeId - 1, -1 * MINUTE)
  return { before, after: heartbeat(last.tradeId, days * DAYS) }
}

function byWindow(a: { openTime: number; interval: string }, b: { openTime: number; interval: string }): number {
  return a.interval.localeCompare(b.interval) || a.openTime - b.openTime
}

function allNaive(trades: readonly Trade[], complete: boolean | undefined) {
  return INTERVALS.flatMap((interval) => naiveCandles(trades, interval, complete)).sort(byWindow)
}

/** Trades of which some, never the first or last, are not served: the outages that say so, and those left. */
interface Gappy {
  readonly all: readonly Trade[]
  readonly served: readonly Trade[]
  readonly exceptions: readonly MarketMessage[]
  /** Whether a window may hold one that is not served. */
  readonly lacks: (candle: { readonly openTime: number; readonly closeTime: number }) => boolean
}

function gappyRuns(trades: fc.Arbitrary<Trade[]>): fc.Arbitrary<Gappy> {
  return trades.chain((all) =>
    fc.array(fc.boolean(), { minLength: all.length, maxLength: all.length }).map((hidden) => gappy(all, hidden)),
  )
}

function gappy(all: readonly Trade[], hidden: readonly boolean[]): Gappy {
  const served = all.filter((_, at) => at === 0 || at === all.length - 1 || !hidden[at])
  const gaps = served.slice(1).flatMap((after, at) => {
    const before = served[at] as Trade
    return after.tradeId === before.tradeId + 1 ? [] : [{ before, after }]
  })
  const exceptions = gaps.map(({ before, after }) =>
    exception(before.tradeId + 1, after.tradeId - 1, before.eventTime - MIDNIGHT, after.eventTime - MIDNIGHT),
  )
  const lacks: Gappy['lacks'] = ({ openTime, closeTime }) =>
    gaps.some(({ before, after }) => before.eventTime < closeTime && after.eventTime >= openTime)
  return { all, served, exceptions, lacks }
}

function shuffled<Item>(items: readonly Item[]): fc.Arbitrary<Item[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length })
}

describe('CandleWindows with ids that the venue does not serve', () => {
  it('gives the candles of what is served once, in any order of arrival, incomplete where a trade may be missing', () => {
    const arriving = gappyRuns(runs).chain((market) =>
      fc.tuple(fc.constant(market), shuffled([...market.served.map(tradeMessage), ...market.exceptions])),
    )
    const property = fc.property(arriving, ([{ served, lacks }, messages]) => {
      const { before, after } = bounded(served)
      const candles = candlesOf(advanceAll(new CandleWindows(ALL), [before, ...messages, after]))
      const expected = allNaive(served, true).map((candle) => ({ ...candle, complete: !lacks(candle) }))
      expect(candles.sort(byWindow)).toEqual(expected)
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('gives complete candles in the end when all of them come after all, in any order', () => {
    const step = fc.integer({ min: 0, max: 6 * SECOND })
    const short = fc.array(step, { minLength: 1, maxLength: 40 }).map((steps) => {
      let time = 0
      return steps.map((step, at) => {
        time += step
        return trade(7 + at, time)
      })
    })
    const arriving = gappyRuns(short).chain((market) =>
      fc.tuple(fc.constant(market), shuffled([...market.all.map(tradeMessage), ...market.exceptions])),
    )
    const property = fc.property(arriving, ([{ all }, messages]) => {
      const { before, after } = bounded(all)
      const events = advanceAll(new CandleWindows(ALL), [before, ...messages, after])
      expect(events.filter(({ kind }) => kind === 'late')).toEqual([])
      const newest = new Map(candlesOf(events).map((candle) => [`${candle.interval} ${candle.openTime}`, candle]))
      const found = [...newest.values()].map((candle) => ({ ...candle, revision: 1 }))
      expect(found.sort(byWindow)).toEqual(allNaive(all, true))
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('goes on from a checkpoint with the same bytes as without one', () => {
    const arriving = gappyRuns(runs).chain((market) =>
      fc.tuple(shuffled([...market.all.map(tradeMessage), ...market.exceptions]), fc.nat({ max: market.all.length })),
    )
    const property = fc.property(arriving, ([messages, at]) => {
      const calm = new CandleWindows(ALL)
      advanceAll(calm, messages.slice(0, at))
      const restored = CandleWindows.restore(JSON.parse(JSON.stringify(calm.checkpoint())), ALL)
      for (const message of messages.slice(at)) {
        expect(JSON.stringify(restored.advance(message))).toBe(JSON.stringify(calm.advance(message)))
        expect(JSON.stringify(restored.checkpoint())).toBe(JSON.stringify(calm.checkpoint()))
      }
    })
    fc.assert(property, { numRuns: 60 })
  })

  it('gives the same events when an exception is repeated', () => {
    const property = fc.property(gappyRuns(runs), ({ served, exceptions }) => {
      const { before, after } = bounded(served)
      const once = [before, ...served.map(tradeMessage), ...exceptions]
      const calm = advanceAll(new CandleWindows(ALL), [...once, after])
      expect(advanceAll(new CandleWindows(ALL), [...once, ...exceptions, after, ...exceptions])).toEqual(calm)
    })
    fc.assert(property, { numRuns: 60 })
  })
})

describe('CandleWindows against the naive way', () => {
  it('gives the same candles for any order of arrival, each once', () => {
    const shuffled = runs.chain((trades) =>
      fc.tuple(fc.constant(trades), fc.shuffledSubarray(trades, { minLength: trades.length })),
    )
    const property = fc.property(shuffled, fc.boolean(), ([trades, arriving], beforeFirst) => {
      const { before, after } = bounded(trades)
      const messages = arriving.map(tradeMessage)
      const ordered = beforeFirst ? [before, ...messages, after] : [...messages, after, before]
      const candles = candlesOf(advanceAll(new CandleWindows(ALL), ordered))
      expect(candles.sort(byWindow)).toEqual(allNaive(trades, true))
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('gives the same events when trades are repeated, at any distance', () => {
    const repeated = runs.chain((trades) =>
      fc.tuple(fc.constant(trades), fc.array(fc.nat({ max: trades.length - 1 }), { maxLength: 60 })),
    )
    const property = fc.property(repeated, ([trades, repeats]) => {
      const { before, after } = bounded(trades)
      const noisy = trades.flatMap((trade, at) => [
        trade,
        ...repeats.filter((back) => back <= at).map((back) => trades[back] as Trade),
      ])
      const calm = advanceAll(new CandleWindows(ALL), [before, ...trades.map(tradeMessage), after])
      const loud = advanceAll(new CandleWindows(ALL), [
        before,
        ...noisy.map(tradeMessage),
        after,
        ...noisy.map(tradeMessage),
      ])
      expect(loud).toEqual(calm)
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('emits in order of close time, shorter intervals first, when ids arrive ascending', () => {
    const property = fc.property(runs, (trades) => {
      const { before, after } = bounded(trades)
      const events = advanceAll(new CandleWindows(ALL), [before, ...trades.map(tradeMessage), after])
      const keys = events.map((event) => {
        if (event.kind === 'late') throw new Error('no trade was late')
        return event.kind === 'heartbeat'
          ? (event.eventTime - MIDNIGHT) * 10
          : (event.candle.closeTime - MIDNIGHT) * 10 + INTERVALS.indexOf(event.candle.interval)
      })
      expect(keys).toEqual([...keys].sort((a, b) => a - b))
      expect(new Set(keys).size).toBe(keys.length)
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('goes on from a checkpoint with the same bytes as without one, wherever it was taken', () => {
    const split = runs.chain((trades) =>
      fc.tuple(
        fc.constant(trades),
        fc.shuffledSubarray(trades, { minLength: trades.length }),
        fc.nat({ max: trades.length }),
      ),
    )
    const property = fc.property(split, ([trades, arriving, at]) => {
      const { before, after } = bounded(trades)
      const messages = [before, ...arriving.map(tradeMessage), after]
      const calm = new CandleWindows(ALL)
      advanceAll(calm, messages.slice(0, at))
      const restored = CandleWindows.restore(JSON.parse(JSON.stringify(calm.checkpoint())), ALL)
      expect(JSON.stringify(restored.checkpoint())).toBe(JSON.stringify(calm.checkpoint()))
      for (const message of messages.slice(at)) {
        expect(JSON.stringify(restored.advance(message))).toBe(JSON.stringify(calm.advance(message)))
        expect(JSON.stringify(restored.checkpoint())).toBe(JSON.stringify(calm.checkpoint()))
      }
    })
    fc.assert(property, { numRuns: 60 })
  })

  it('leaves the newest revision right when times go back and ids do not', () => {
    const jittered = tradeRuns(VENUE_SHAPE).chain((trades) =>
      fc.tuple(
        fc.constant(trades),
        fc.array(fc.nat({ max: 3 * MINUTE }), { minLength: trades.length, maxLength: trades.length }),
      ),
    )
    const property = fc.property(jittered, ([run, jitter]) => {
      const trades = run.map((trade, at) => ({
        ...trade,
        eventTime: (trade.eventTime - (jitter[at] ?? 0)) as typeof trade.eventTime,
      }))
      const start = heartbeat((trades[0] as Trade).tradeId - 1, -DAYS)
      const last = trades.reduce((a, b) => (a.eventTime > b.eventTime ? a : b))
      const end = heartbeat((trades.at(-1) as Trade).tradeId, Math.ceil((last.eventTime - MIDNIGHT + 1) / DAYS) * DAYS)
      const events = advanceAll(new CandleWindows(ALL), [start, ...trades.map(tradeMessage), end])
      const newest = new Map(candlesOf(events).map((candle) => [`${candle.interval} ${candle.openTime}`, candle]))
      const lost = new Set(
        events.flatMap((event) =>
          event.kind === 'late' ? event.intervals.map((interval) => `${interval} ${event.tradeId}`) : [],
        ),
      )
      const known = INTERVALS.flatMap((interval) =>
        naiveCandles(
          trades.filter(({ tradeId }) => !lost.has(`${interval} ${tradeId}`)),
          interval,
          true,
        ),
      )
      const found = [...newest.values()].map((candle) => ({ ...candle, revision: 1 }))
      expect(found.sort(byWindow)).toEqual(known.sort(byWindow))
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('gives the candles of a file without proof, first and last window included', () => {
    const files = fc.oneof(tradeRuns(VENUE_SHAPE, 'file:a', 1), tradeRuns(WILD_SHAPE, 'file:a', 1))
    const property = fc.property(files, (trades) => {
      const last = trades.at(-1) as Trade
      const days = Math.ceil((last.eventTime - MIDNIGHT + 1) / DAYS)
      const messages = [...trades.map(tradeMessage), heartbeat(last.tradeId, days * DAYS, 'file:a')]
      const candles = candlesOf(advanceAll(new CandleWindows(ALL), messages))
      expect(candles.sort(byWindow)).toEqual(allNaive(trades, undefined))
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('shows as provisional what the trades so far add up to', () => {
    const property = fc.property(runs, (trades) => {
      const windows = new CandleWindows(ALL)
      advanceAll(windows, [bounded(trades).before])
      trades.forEach((trade, at) => {
        windows.advance(tradeMessage(trade))
        for (const interval of INTERVALS) {
          const expected = naiveCandles(trades.slice(0, at + 1), interval, true).at(-1)
          expect(windows.provisional(trade.symbol, interval)).toEqual({
            ...expected,
            revision: 0,
            state: 'provisional',
          })
        }
      })
    })
    fc.assert(property, { numRuns: 40 })
  })
})
