import { type EpochMicros, MICROS_PER_SECOND, marketSymbol } from '@c1/market'
import { beforeEach, describe, expect, it } from 'vitest'
import { TradeLedger } from '../ledger/ledger.ts'
import { OpenOutages } from '../ledger/open-outages.ts'
import { madeTrade } from '../test-support.ts'
import { FeedStates } from './feed-states.ts'

const A = marketSymbol('AAA/USD')
const NEW = marketSymbol('BBB/USD')
const at = (seconds: number): EpochMicros => (seconds * MICROS_PER_SECOND) as EpochMicros

let now: EpochMicros
let outages: OpenOutages
let feed: FeedStates

/** From and to in seconds, an outage that lasts without the second. */
const outageTimes = (): (number | undefined)[][] =>
  outages.of(A).map(({ from, to }) => [from / MICROS_PER_SECOND, to && to / MICROS_PER_SECOND])

beforeEach(() => {
  now = at(100)
  const ledger = new TradeLedger()
  ledger.add(madeTrade(A, 90, at(90)))
  outages = new OpenOutages()
  feed = new FeedStates({ symbols: [A, NEW], trades: { ledger, outages, remember: () => {} }, now: () => now })
  feed.start()
})

describe('the feed of a symbol', () => {
  it('is lost since the newest trade of the log until the venue confirms the symbol', () => {
    expect([outageTimes(), outages.of(NEW)]).toEqual([[[90, undefined]], []])
    feed.connect([A])
    expect([feed.of(A), feed.areConnected, outageTimes()]).toEqual(['asked', false, [[90, undefined]]])
    feed.confirm(A)
    expect([feed.of(A), outageTimes()]).toEqual(['confirmed', [[90, 100]]])
  })

  it('is current once a trade came, and lost again with its connection', () => {
    feed.connect([A, NEW])
    expect(feed.areConnected).toBe(true)
    feed.hear(A)
    expect([feed.current(), outageTimes()]).toEqual([[A], [[90, 100]]])
    feed.disconnect([A, NEW], at(120))
    expect([feed.of(A), feed.current(), outageTimes()]).toEqual([
      'away',
      [],
      [
        [90, 100],
        [120, undefined],
      ],
    ])
  })

  it('without a snapshot is current when history has caught up, which is asked for once', () => {
    feed.connect([A])
    expect(feed.beginToCatchUp(A)).toBe(false)
    feed.confirm(A)
    expect([feed.beginToCatchUp(A), feed.beginToCatchUp(A)]).toEqual([true, false])
    feed.failToCatchUp(A)
    expect([feed.of(A), feed.beginToCatchUp(A)]).toEqual(['confirmed', true])
    feed.endCatchUp(A)
    expect(feed.current()).toEqual([A])
  })

  it('has missed nothing where nothing was ever traded', () => {
    feed.connect([NEW])
    feed.confirm(NEW)
    expect([feed.beginToCatchUp(NEW), feed.of(NEW)]).toEqual([false, 'confirmed'])
  })

  it.each([
    ['confirmed', () => {}],
    ['catching-up', () => feed.beginToCatchUp(A)],
    ['current', () => feed.hear(A)],
  ] as const)('is lost from when the venue refuses it, having been %s', (state, bring) => {
    feed.connect([A])
    feed.confirm(A)
    bring()
    expect(feed.of(A)).toBe(state)
    now = at(130)
    feed.refuse(A, 'Not now')
    // What history brings later does not make it current: its silence would be taken for no trades.
    feed.endCatchUp(A)
    expect([feed.of(A), [...feed.refusals]]).toEqual(['asked', [[A, 'Not now']]])
    expect(outageTimes()).toEqual([
      [90, 100],
      [130, undefined],
    ])
    now = at(140)
    feed.confirm(A)
    expect([feed.refusals.size, outageTimes().at(-1)]).toEqual([0, [130, 140]])
  })
})
