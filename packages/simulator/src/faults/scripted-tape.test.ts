import type { EpochMicros, MarketSymbol } from '@c1/market'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tapeOf } from '../market/market.ts'
import { replayPair } from '../market/replay-pair.ts'
import { ReplayTape } from '../market/replay-tape.ts'
import type { Tape, VenueTrade } from '../market/tape.ts'
import type { Fault, FaultEntry } from './fault.ts'
import { readFaults } from './read-faults.ts'
import { scriptedMarket } from './scripted-tape.ts'

const SYMBOL = 'BTC/USD' as MarketSymbol
const PAIR = replayPair(SYMBOL, 1, 8)
const BIRTH = 1_700_000_000_000_000 as EpochMicros
const SECOND = 1_000_000
const FIRST_ID = 7

/** A trade at each of the seconds after birth; its price tells which of them it was. */
function tradesAt(seconds: readonly number[]): [VenueTrade, ...VenueTrade[]] {
  return seconds
    .toSorted((a, b) => a - b)
    .map((second, index) => ({
      tradeId: FIRST_ID + index,
      time: (BIRTH + second * SECOND) as EpochMicros,
      nanos: 500,
      priceUnits: second + 1,
      quantityUnits: 1,
      side: 'buy',
      orderType: 'limit',
    })) as [VenueTrade, ...VenueTrade[]]
}

function faultsOf(entries: readonly FaultEntry[]): Fault[] {
  return readFaults(entries, { start: BIRTH, listed: [SYMBOL] })
}

function scripted(trades: readonly [VenueTrade, ...VenueTrade[]], faults: readonly Fault[]): Tape {
  const market = { pairs: [PAIR], tapes: new Map([[SYMBOL, new ReplayTape(trades)]]), birth: BIRTH }
  return tapeOf(scriptedMarket(market, faults), PAIR)
}

const second = fc.nat(60)
const halt = fc.record({ at: second, length: fc.integer({ min: 1, max: 15 }) })
const burst = fc.record({ at: second, trades: fc.integer({ min: 2, max: 12 }) })
const tradeSeconds = fc.array(second, { minLength: 1, maxLength: 60 })

const entriesOf = (halts: readonly { at: number; length: number }[]): FaultEntry[] =>
  halts.map(({ at, length }) => ({ at: `+${at}s`, for: `${length}s`, fault: 'status' }))

it('a halted market has the trades outside of its halts, numbered anew', () => {
  fc.assert(
    fc.property(tradeSeconds, fc.array(halt, { maxLength: 5 }), (seconds, halts) => {
      const trades = tradesAt(seconds)
      const faults = faultsOf(entriesOf(halts))
      const rest = trades.filter(({ time }) => !faults.some(({ from, to }) => from <= time && time < to))
      const tape = scripted(trades, faults)
      expect(tape.read(0, 1_000)).toEqual(rest.map((trade, index) => ({ ...trade, tradeId: FIRST_ID + index })))
    }),
  )
})

it('a scripted tape is dense, never goes back in time, and counts and reads the same trades', () => {
  fc.assert(
    fc.property(
      tradeSeconds,
      fc.array(halt, { maxLength: 4 }),
      fc.array(burst, { maxLength: 4 }),
      fc.tuple(fc.nat(70), fc.nat(70)),
      (seconds, halts, bursts, [from, length]) => {
        const entries = bursts.map(({ at, trades }): FaultEntry => ({ at: `+${at}s`, fault: 'burst', trades }))
        const tape = scripted(tradesAt(seconds), faultsOf([...entriesOf(halts), ...entries]))
        const all = tape.read(0, 1_000)
        expect(all.map(({ tradeId }) => tradeId)).toEqual(all.map((_, index) => FIRST_ID + index))
        const times = all.map(({ time, nanos }) => time * 1_000 + nanos)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        for (let time = BIRTH; time <= BIRTH + 80 * SECOND; time = (time + SECOND / 2) as EpochMicros) {
          expect(tape.lastIdBefore(time)).toBe(FIRST_ID - 1 + all.filter((trade) => trade.time < time).length)
        }
        expect(tape.read(from, from + length)).toEqual(
          all.filter(({ tradeId }) => tradeId >= from && tradeId <= from + length),
        )
      },
    ),
  )
})

it('a burst takes the next trades, and waits for the end of a halt', () => {
  const trades = tradesAt([1, 2, 3, 10, 11, 12, 13])
  const halted = faultsOf([
    { at: '+5s', fault: 'burst', trades: 3 },
    { at: '+4s', for: '2s', fault: 'status' },
  ])
  const seconds = scripted(trades, halted)
    .read(0, 100)
    .map(({ time, nanos }) => (time - BIRTH) / SECOND + nanos / 1e9)
  expect(seconds).toEqual([1, 2, 3].map((at) => at + 5e-7).concat([6, 6, 6, 13 + 5e-7]))
})
