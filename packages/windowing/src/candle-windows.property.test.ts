import { type Candle, type IdSpace, INTERVALS, type MarketMessage, type Side, type Trade } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CandleEvent } from './candle-event.ts'
import { CandleWindows } from './candle-windows.ts'
import { naiveCandles } from './test-support/naive-candles.ts'
import {
  advanceAll,
  advanceWithLog,
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

/** The state that a reader has in the end, who keeps the newest revision of every window; revisions must never go back. */
function newestOf(events: readonly CandleEvent[]): Candle[] {
  const newest = new Map<string, Candle>()
  for (const candle of candlesOf(events)) {
    const key = `${candle.symbol} ${candle.interval} ${candle.openTime}`
    expect(candle.revision).toBeGreaterThan(newest.get(key)?.revision ?? 0)
    newest.set(key, candle)
  }
  return [...newest.values()].map((candle) => ({ ...candle, revision: 1 })).sort(byWindow)
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
    const arriving = gappyRuns(runs).chain((market) =>
      fc.tuple(fc.constant(market), shuffled([...market.all.map(tradeMessage), ...market.exceptions])),
    )
    const property = fc.property(arriving, ([{ all }, messages]) => {
      const { before, after } = bounded(all)
      const events = advanceWithLog(new CandleWindows(ALL), [before, ...messages, after])
      expect(newestOf(events)).toEqual(allNaive(all, true))
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('goes on from a checkpoint with the same bytes as without one', () => {
    const arriving = gappyRuns(runs).chain((market) =>
      fc.tuple(shuffled([...market.all.map(tradeMessage), ...market.exceptions]), fc.nat({ max: market.all.length })),
    )
    const property = fc.property(arriving, ([messages, at]) => {
      const calm = new CandleWindows(ALL)
      const log: MarketMessage[] = []
      advanceWithLog(calm, messages.slice(0, at), log)
      const logAgain = [...log]
      const restored = CandleWindows.restore(calm.checkpoint(), ALL)
      for (const message of messages.slice(at)) {
        expect(advanceWithLog(restored, [message], logAgain)).toEqual(advanceWithLog(calm, [message], log))
        expect(Buffer.compare(restored.checkpoint(), calm.checkpoint())).toBe(0)
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

/** What arrives of a market, and the candles that it must come to. */
interface Tangle {
  readonly messages: readonly MarketMessage[]
  readonly expected: readonly Candle[]
}

const jitter = fc.oneof(fc.constant(0), fc.nat({ max: 3 * MINUTE }), fc.nat({ max: 30 * HOUR }))

/**
 * Trades of which some were said to be unserved and came after all, or whose times go back by up to 30 hours: later than anything in
 * memory. Each message at any place, some twice.
 */
const tangles: fc.Arbitrary<Tangle> = fc
  .tuple(gappyRuns(runs), fc.array(jitter, { minLength: 40, maxLength: 40 }), fc.boolean())
  .chain(([market, back, isLate]) => {
    const trades = market.all.map((trade, at) => {
      const moved = isLate && at > 0 ? (back[at % back.length] as number) : 0
      return { ...trade, eventTime: (trade.eventTime - moved) as Trade['eventTime'] }
    })
    const { before, after } = boundedAround(trades)
    const once = [before, ...trades.map(tradeMessage), ...(isLate ? [] : market.exceptions)]
    const twice = fc.array(fc.constantFrom(...once), { maxLength: 10 })
    const arriving = twice.chain((again) => shuffled([...once, ...again]))
    return arriving.map((messages) => ({ messages: [...messages, after], expected: allNaive(trades, true) }))
  })

/** As `bounded`, for trades whose times go back: whole days are proven. */
function boundedAround(trades: readonly Trade[]) {
  const times = trades.map(({ eventTime }) => eventTime - MIDNIGHT)
  const [first, last] = [trades[0] as Trade, trades.at(-1) as Trade]
  const end = Math.ceil((Math.max(...times) + 1) / DAYS) * DAYS
  return {
    before: heartbeat(first.tradeId - 1, Math.floor(Math.min(...times) / DAYS) * DAYS),
    after: heartbeat(last.tradeId, end),
  }
}

const lateness = fc.constantFrom(0, 1, 2, 30).map((lengths) => ({ venue: lengths, file: lengths }))

describe('the final state is a function of the trades alone', () => {
  it('whatever the order, the repetitions, and how late a trade is', () => {
    const property = fc.property(tangles, lateness, ({ messages, expected }, lateness) => {
      expect(newestOf(advanceWithLog(new CandleWindows({ ...ALL, lateness }), messages))).toEqual(expected)
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('whatever was killed where: each restart goes on from the newest checkpoint with the same events', () => {
    const property = fc.property(tangles, fc.array(fc.nat(), { maxLength: 5 }), lateness, (tangle, kills, lateness) => {
      const { messages, expected } = tangle
      const options = { ...ALL, lateness }
      const calm = advanceWithLog(new CandleWindows(ALL), messages)
      const log: MarketMessage[] = []
      let windows = new CandleWindows(options)
      const events = messages.flatMap((message, at) => {
        // Each time with another lateness, since a restart is where a setting changes.
        if (kills.some((kill) => kill % messages.length === at))
          windows = CandleWindows.restore(windows.checkpoint(), at % 2 === 0 ? options : ALL)
        return advanceWithLog(windows, [message], log)
      })
      expect(events).toEqual(calm)
      expect(newestOf(events)).toEqual(expected)
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('and so is every event on the way: how long windows stay in memory changes none, nor their order', () => {
    const property = fc.property(tangles, ({ messages }) => {
      const [none, much] = [0, 10_000].map((lengths) => {
        const lateness = { venue: lengths, file: lengths }
        return advanceWithLog(new CandleWindows({ ...ALL, lateness }), messages)
      })
      expect(none).toEqual(much)
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('whatever the interleaving of history with what is live', () => {
    const market = tradeRuns(VENUE_SHAPE).chain((trades) =>
      fc.tuple(fc.constant(trades), fc.nat({ max: trades.length - 1 }), fc.nat({ max: trades.length - 1 })),
    )
    const arriving = market.chain(([trades, liveFrom, historyTo]) => {
      const { before, after } = bounded(trades)
      const live = [
        heartbeat((trades[liveFrom] as Trade).tradeId - 1, (trades[liveFrom] as Trade).eventTime - MIDNIGHT),
        ...trades.slice(liveFrom).map(tradeMessage),
      ]
      const history = [before, ...trades.slice(0, Math.max(historyTo, liveFrom)).map(tradeMessage)]
      return fc.tuple(fc.constant(trades), interleaved(history, live), fc.constant(after))
    })
    const property = fc.property(arriving, lateness, ([trades, messages, after], lateness) => {
      const events = advanceWithLog(new CandleWindows({ ...ALL, lateness }), [...messages, after])
      expect(newestOf(events)).toEqual(allNaive(trades, true))
    })
    fc.assert(property, { numRuns: 150 })
  })

  it('for the rows of a file too, in any order', () => {
    const files = tradeRuns(VENUE_SHAPE, 'file:a', 1).chain((trades) => fc.tuple(fc.constant(trades), shuffled(trades)))
    const property = fc.property(files, lateness, ([trades, rows], lateness) => {
      const last = trades.at(-1) as Trade
      const end = Math.ceil((last.eventTime - MIDNIGHT + 1) / DAYS) * DAYS
      const messages = [...rows.map(tradeMessage), heartbeat(last.tradeId, end, 'file:a')]
      const events = advanceWithLog(new CandleWindows({ ...ALL, lateness }), messages)
      expect(newestOf(events)).toEqual(allNaive(trades, undefined))
    })
    fc.assert(property, { numRuns: 150 })
  })
})

/** Both in their own order, one between the other. */
function interleaved<Item>(a: readonly Item[], b: readonly Item[]): fc.Arbitrary<Item[]> {
  return fc.array(fc.boolean(), { minLength: a.length + b.length, maxLength: a.length + b.length }).map((turns) => {
    const [left, right] = [[...a], [...b]]
    const merged = turns.flatMap((isLeft) => (isLeft ? left : right).splice(0, 1))
    return [...merged, ...left, ...right]
  })
}

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
      const log: MarketMessage[] = []
      advanceWithLog(calm, messages.slice(0, at), log)
      const logAgain = [...log]
      const restored = CandleWindows.restore(calm.checkpoint(), ALL)
      expect(Buffer.compare(restored.checkpoint(), calm.checkpoint())).toBe(0)
      for (const message of messages.slice(at)) {
        expect(advanceWithLog(restored, [message], logAgain)).toEqual(advanceWithLog(calm, [message], log))
        expect(Buffer.compare(restored.checkpoint(), calm.checkpoint())).toBe(0)
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
      const events = advanceWithLog(new CandleWindows(ALL), [start, ...trades.map(tradeMessage), end])
      expect(newestOf(events)).toEqual(allNaive(trades, true))
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
