import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { C1Error, type EpochMicros, MalformedError } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { KrakenFeed } from './feed/feed.ts'
import { readFrame } from './feed/frame.ts'
import type { SocketListener } from './feed/socket.ts'
import { Subscriptions } from './feed/subscriptions.ts'
import { TradeFrames } from './feed/trade-frames.ts'
import { readAssetPairs } from './instruments.ts'
import { readAnswer } from './rest/answer.ts'
import type { Cursor } from './rest/cursor.ts'
import { readTradesPage } from './rest/trades-page.ts'
import { instrument, restRow, restTrades } from './test-support/instruments.ts'
import { ManualTimers } from './test-support/manual-timers.ts'
import { recorded } from './test-support/recorded.ts'

/** Frames or bodies of each property: `npm run test:fuzz` tries a million in all. C1_TEST_SEED repeats a run. */
const TEXTS = Number(process.env.C1_TEST_FUZZ ?? 5_000)
const SEED = Number(process.env.C1_TEST_SEED ?? Date.now() % 1_000_000)
const options = { numRuns: TEXTS, seed: SEED }

vi.setConfig({ testTimeout: 30_000 + TEXTS })

const btc = instrument()

type Change = (text: string) => string

/** JSON values that a field of the protocol does not hold. */
const odd: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('null', 'true', '-1', '0', '1e400', '-0', '0.1', '1e-9', '9007199254740993', '99999999999999999999'),
  fc.constantFrom('""', '"83744.3"', '"NaN"', '"\\u0000"', '"__proto__"', '[]', '{}', '[[]]', '{"__proto__":1}'),
  fc.json({ maxDepth: 3 }),
)

/** One change of a text: a value replaced, a piece cut out, repeated or put in, or the end cut off. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ at: fc.nat(), value: odd }).map(
    ({ at, value }) =>
      (text: string) =>
        replaceValue(text, at, value),
  ),
  fc.record({ at: fc.nat(), count: fc.nat(40) }).map(({ at, count }) => (text: string) => {
    const from = at % text.length
    return text.slice(0, from) + text.slice(from + count)
  }),
  fc.record({ at: fc.nat(), count: fc.nat(60) }).map(({ at, count }) => (text: string) => {
    const from = at % text.length
    return text.slice(0, from + count) + text.slice(from)
  }),
  fc.record({ at: fc.nat(), put: fc.string({ unit: 'binary', maxLength: 6 }) }).map(({ at, put }) => (text: string) => {
    const from = at % text.length
    return text.slice(0, from) + put + text.slice(from)
  }),
  fc.nat().map((at) => (text: string) => text.slice(0, at % text.length)),
)
const changes: fc.Arbitrary<readonly Change[]> = fc.array(change, { minLength: 1, maxLength: 3 })

/** The text with the value of one of its keys replaced. */
function replaceValue(text: string, at: number, value: string): string {
  const places = [...text.matchAll(/("[a-z_]+":)("[^"]*"|[-\d.eE+]+|true|false|null|\[\]|\{\})/g)]
  const place = places[at % Math.max(places.length, 1)]
  if (place === undefined) return text
  const [whole, key] = place
  return `${text.slice(0, place.index)}${key}${value}${text.slice(place.index + whole.length)}`
}

/** The text after every change. */
function mutate(text: string, changes: readonly Change[]): string {
  return changes.reduce((changed, change) => (changed === '' ? changed : change(changed)), text)
}

const heartbeat = '{"channel":"heartbeat"}'
const pong = '{"method":"pong","req_id":101,"time_in":"2026-09-25T17:48:24.746Z","time_out":"2026-09-25T17:48:25Z"}'
const frameSeeds = [
  ...['status_on_connect', 'subscribe_trade_ack', 'subscribe_refused_legacy_symbol', 'trade_update', 'ohlc_update'].map(
    recorded,
  ),
  recorded('private_channel_refused_on_public_host'),
  '{"Error":"Exceeded msg rate"}',
  heartbeat,
  pong,
]

const item = (id: number) =>
  `{"symbol":"BTC/USD","side":"buy","price":83744.3,"qty":0.00044780,"ord_type":"limit","trade_id":${id},"timestamp":"2026-09-25T17:48:26.844359Z"}`

describe(`any of ${TEXTS} changed frames (seed ${SEED})`, () => {
  it('is read or refused as malformed, and what it answers leaves nothing to be asked once the symbol is subscribed', () => {
    const frames = new TradeFrames([btc])
    const subscriptions = new Subscriptions([btc.symbol], () => 0)
    let now = 1_790_358_480_000_000
    fc.assert(
      fc.property(fc.constantFrom(...frameSeeds), changes, (seed, changes) => {
        now += 1_000_000
        subscriptions.ask(now as EpochMicros)
        try {
          const frame = readFrame(mutate(seed, changes), frames)
          if (frame.kind !== 'answer') return
          expect(subscriptions.answer(frame.answer, now as EpochMicros).length).toBeLessThan(2)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedError)
        }
      }),
      options,
    )
    const symbol = btc.symbol as string
    subscriptions.answer({ requestId: undefined, symbol, error: undefined }, now as EpochMicros)
    expect(subscriptions.nextAskAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('with one trade made odd keeps the trades beside it, with the raw text of what it refuses', () => {
    const frames = new TradeFrames([btc])
    fc.assert(
      fc.property(fc.nat(), odd, (at, value) => {
        const bad = replaceValue(item(2), at, value)
        const frame = readFrame(`{"channel":"trade","type":"update","data":[${item(1)},${bad},${item(3)}]}`, frames)
        if (frame.kind !== 'trades') throw new Error(`It was read as ${frame.kind}.`)
        const { trades, rejected } = frame.frame
        expect(trades.map(({ tradeId }) => tradeId)).toEqual(expect.arrayContaining([1, 3]))
        expect(trades.length + rejected.length).toBe(3)
        for (const { raw, reason } of rejected) expect([raw.startsWith('{'), reason.length > 0]).toEqual([true, true])
      }),
      options,
    )
  })
})

const since = '1790359840000000000' as Cursor
const bodySeeds = [
  recorded('rest_trades_requested_as_BTC/USD'),
  recorded('rest_error_unknown_pair'),
  recorded('rest_assetpairs_excerpt'),
  '<!DOCTYPE html><html><body>520: Web server is returning an unknown error</body></html>',
  '{"error":["EService: Throttled: 1790358490"]}',
]

describe(`any of ${TEXTS} changed bodies (seed ${SEED})`, () => {
  it('is read, or refused with an error that says what to do', () => {
    const readers = [(result: unknown) => readTradesPage(result, btc, since), readAssetPairs]
    fc.assert(
      fc.property(
        fc.constantFrom(...bodySeeds),
        changes,
        fc.constantFrom(...readers),
        fc.constantFrom(200, 200, 200, 429, 520),
        (seed, changes, reader, status) => {
          try {
            reader(readAnswer(status, mutate(seed, changes)))
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(C1Error)
          }
        },
      ),
      options,
    )
  })

  it('with one row made odd keeps the rows beside it, with the raw text of what it refuses', () => {
    fc.assert(
      fc.property(fc.nat(6), odd, (column, value) => {
        const bad = JSON.parse(restRow(2)) as unknown[]
        const row = `[${bad.map((cell, at) => (at === column ? value : JSON.stringify(cell))).join(',')}]`
        const body = restTrades([restRow(1), row, restRow(3)], '1790359840939291200')
        const { trades, rejected } = readTradesPage(readAnswer(200, body), btc, since)
        expect(trades.map(({ tradeId }) => tradeId)).toEqual(expect.arrayContaining([1, 3]))
        expect(trades.length + rejected.length).toBe(3)
        for (const { raw, reason } of rejected) expect([raw.startsWith('['), reason.length > 0]).toEqual([true, true])
      }),
      options,
    )
  })

  it('with an odd error inside is refused', () => {
    fc.assert(
      fc.property(fc.nat(), odd, (at, value) => {
        const body = replaceValue('{"error":"EService:Busy","result":null}', at, `[${value}]`)
        expect(() => readAnswer(200, body)).toThrow(C1Error)
      }),
      options,
    )
  })
})

/** Bytes in use after everything that can be collected is. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

/** Far below what a million frames or bodies take, far above what a warm engine still adds. */
const MOST_GROWTH_BYTES = 8 * 1024 * 1024

describe(`the memory (seed ${SEED})`, () => {
  /** Bytes that are more in use at the end of the runs than after the first fifth of them. */
  function growth(texts: fc.Arbitrary<string>, take: (text: string) => void): number {
    let [runs, before] = [0, 0]
    fc.assert(
      fc.property(texts, (text) => {
        take(text)
        runs += 1
        if (runs === Math.floor(TEXTS / 5)) before = heapInUse()
      }),
      options,
    )
    expect(runs).toBe(TEXTS)
    return heapInUse() - before
  }

  const changed = (seeds: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom(...seeds), changes).map(([seed, changes]) => mutate(seed, changes))

  it('of a feed does not grow with the changed frames that it is sent, and the feed goes on', () => {
    let listener: SocketListener | undefined
    let [events, trades] = [0, 0]
    const feed = new KrakenFeed({
      url: 'ws://venue/v2',
      instruments: [btc],
      timers: new ManualTimers(),
      random: () => 0,
      openSocket: (_, told) => {
        listener = told
        return { send: () => {}, end: () => {} }
      },
      onEvent: (event) => {
        events += 1
        if (event.kind === 'trades') trades += event.trades.length
      },
    })
    feed.start()
    listener?.opened()
    expect(growth(changed(frameSeeds), (text) => listener?.frame(text))).toBeLessThan(MOST_GROWTH_BYTES)
    expect(events).toBeGreaterThan(TEXTS)
    const before = trades
    listener?.frame(`{"channel":"trade","type":"update","data":[${item(109_116_700)}]}`)
    expect(trades).toBe(before + 1)
    feed.close()
  })

  it('does not grow with the changed bodies that are read', () => {
    const read = (text: string): void => {
      try {
        readTradesPage(readAnswer(200, text), btc, since)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(C1Error)
      }
    }
    expect(growth(changed(bodySeeds), read)).toBeLessThan(MOST_GROWTH_BYTES)
  })
})
