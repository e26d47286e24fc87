import { type EpochMicros, type MarketSymbol, marketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { SUBSCRIPTION_TABLE } from './subscription-states.ts'
import { Subscriptions } from './subscriptions.ts'

const BTC = marketSymbol('BTC/USD')
const ETH = marketSymbol('ETH/USD')
const many = Array.from({ length: 250 }, (_, index) => marketSymbol(`A${index}/USD`))

const at = (ms: number) => (1_790_358_480_000_000 + ms * 1000) as EpochMicros
const answer = (requestId?: number, symbol?: string, error?: string) => ({ requestId, symbol, error })
const subscriptionsOf = (...symbols: MarketSymbol[]) => new Subscriptions(symbols, () => 0.999_999)
const confirmed = (symbol: MarketSymbol) => ({ kind: 'subscribed', symbol })
const refused = (symbol: MarketSymbol, reason: string) => ({ kind: 'refused', symbol, reason })

/** The request that is due at that millisecond. */
function asked(subscriptions: Subscriptions, ms: number) {
  const frame = subscriptions.ask(at(ms))
  if (frame === undefined) return undefined
  const { params, req_id } = JSON.parse(frame) as { params: { symbol: MarketSymbol[] }; req_id: number }
  return { id: req_id, symbols: params.symbol }
}

describe('subscriptions', () => {
  it('are asked for by the hundred, 50 ms apart, with a snapshot stated', () => {
    const subscriptions = subscriptionsOf(...many)
    const counts = [0, 49, 50, 99, 100, 150].map((ms) => asked(subscriptions, ms)?.symbols.length)
    expect(counts).toEqual([100, undefined, 100, undefined, 50, undefined])
    expect(JSON.parse(subscriptionsOf(BTC).ask(at(0)) as string)).toEqual({
      method: 'subscribe',
      params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true },
      req_id: 1,
    })
  })

  it('are settled symbol by symbol, and a refusal leaves the others', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    const error = 'Currency pair not supported BTC/USD'
    expect(subscriptions.answer(answer(1, 'BTC/USD', error), at(1))).toEqual([refused(BTC, error)])
    expect(subscriptions.isSettled).toBe(false)
    expect(subscriptions.answer(answer(undefined, 'ETH/USD'), at(1))).toEqual([confirmed(ETH)])
    expect(subscriptions.isSettled).toBe(true)
  })

  it('take the symbol from the text of an error that names it nowhere else', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    const error = 'Currency pair not in ISO 4217-A3 format ETH/USD'
    expect(subscriptions.answer(answer(1, undefined, error), at(1))).toEqual([refused(ETH, error)])
  })

  it('that are there already count as made, though that answer names no symbol', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    expect(subscriptions.answer(answer(1, undefined, 'Already subscribed'), at(1))).toEqual([])
    expect(subscriptions.answer(answer(1, 'BTC/USD'), at(1))).toEqual([confirmed(BTC), confirmed(ETH)])
  })

  it('count an answer that names nothing for the oldest open request', () => {
    const subscriptions = subscriptionsOf(BTC)
    asked(subscriptions, 0)
    const error = 'Private data and trading are unavailable on this endpoint.'
    expect(subscriptions.answer(answer(undefined, undefined, error), at(1))).toEqual([refused(BTC, error)])
  })

  it('without an answer for 10 s are asked for again', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    subscriptions.answer(answer(1, 'BTC/USD'), at(1))
    expect(subscriptions.nextAskAt).toBe(at(10_000))
    expect(asked(subscriptions, 9_999)).toBeUndefined()
    expect(asked(subscriptions, 10_000)).toEqual({ id: 2, symbols: [ETH] })
  })

  it('are asked for one by one where answers did not say which symbol they meant', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    subscriptions.answer(answer(1, undefined, 'No'), at(1))
    expect(asked(subscriptions, 10_000)).toEqual({ id: 2, symbols: [BTC] })
    expect(asked(subscriptions, 10_050)).toEqual({ id: 3, symbols: [ETH] })
    expect(subscriptions.answer(answer(3, undefined, 'No'), at(10_060))).toEqual([refused(ETH, 'No')])
    expect(subscriptions.answer(answer(2), at(10_060))).toEqual([confirmed(BTC)])
  })

  it('are asked for one by one where nameless answers differ', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    expect(subscriptions.answer(answer(1, undefined, 'No'), at(1))).toEqual([])
    expect(subscriptions.answer(answer(1, undefined, 'Already subscribed'), at(1))).toEqual([])
    expect(asked(subscriptions, 50)).toEqual({ id: 2, symbols: [BTC] })
    expect(asked(subscriptions, 100)).toEqual({ id: 3, symbols: [ETH] })
  })

  it('refused are asked for again alone, ever more rarely, until the venue serves them', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    subscriptions.answer(answer(1, 'ETH/USD'), at(0))
    let now = 0
    const waits = [5, 10, 20, 40, 80, 160, 320, 600, 600].map((seconds, refusals) => {
      expect(subscriptions.answer(answer(refusals + 1, 'BTC/USD', 'No'), at(now))).toEqual([refused(BTC, 'No')])
      expect(subscriptions.isSettled).toBe(true)
      now = Math.ceil((subscriptions.nextAskAt - at(0)) / 1000)
      expect(asked(subscriptions, now - 1)).toBeUndefined()
      expect(asked(subscriptions, now)).toEqual({ id: refusals + 2, symbols: [BTC] })
      return seconds
    })
    expect(now).toBeCloseTo(
      waits.reduce((sum, seconds) => sum + seconds * 1000, 0),
      -2,
    )
    expect(subscriptions.answer(answer(10, 'BTC/USD'), at(now))).toEqual([confirmed(BTC)])
    expect(subscriptions.nextAskAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('refused for the rate of messages are asked for again, more slowly each time', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    subscriptions.answer(answer(1, 'BTC/USD'), at(0))
    let now = 0
    const waits = [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
    for (const [repeats, wait] of waits.entries()) {
      expect(subscriptions.answer(answer(undefined, undefined, 'Exceeded msg rate'), at(now))).toEqual([])
      now += wait
      expect(asked(subscriptions, now - 1)).toBeUndefined()
      expect(asked(subscriptions, now)).toEqual({ id: repeats + 2, symbols: [ETH] })
    }
  })

  it('refused one by one for the rate of messages are slowed down once', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    for (const symbol of [BTC, ETH]) subscriptions.answer(answer(1, symbol, 'Exceeded msg rate'), at(0))
    expect(subscriptions.nextAskAt).toBe(at(500))
    expect(asked(subscriptions, 500)).toEqual({ id: 2, symbols: [BTC, ETH] })
  })

  it('are settled once, whatever is repeated, and a late refusal undoes nothing', () => {
    const subscriptions = subscriptionsOf(BTC)
    asked(subscriptions, 0)
    asked(subscriptions, 10_000)
    expect(subscriptions.answer(answer(1, 'BTC/USD'), at(10_001))).toEqual([confirmed(BTC)])
    expect(subscriptions.answer(answer(2, 'BTC/USD', 'No'), at(10_002))).toEqual([])
    expect(subscriptions.answer(answer(9, 'BTC/USD'), at(10_002))).toEqual([])
    expect(subscriptions.answer(answer(9, 'SOL/USD'), at(10_002))).toEqual([])
    expect(subscriptions.answer(answer(), at(10_002))).toEqual([])
    expect(asked(subscriptions, 1_000_000)).toBeUndefined()
  })

  it('renewed are all asked for again', () => {
    const subscriptions = subscriptionsOf(BTC, ETH)
    asked(subscriptions, 0)
    subscriptions.answer(answer(1, 'BTC/USD'), at(1))
    subscriptions.renew()
    expect(asked(subscriptions, 50)).toEqual({ id: 2, symbols: [BTC, ETH] })
    expect(subscriptions.answer(answer(2, 'BTC/USD'), at(51))).toEqual([confirmed(BTC)])
    expect(subscriptions.isSettled).toBe(false)
  })
})

describe('the table of a subscription', () => {
  it('believes every yes, and every no but one about what is subscribed', () => {
    expect(Object.values(SUBSCRIPTION_TABLE).map(({ confirm }) => confirm)).toEqual(Array(4).fill('subscribed'))
    expect(Object.values(SUBSCRIPTION_TABLE).map(({ refuse }) => refuse)).toEqual([
      'refused',
      'refused',
      'subscribed',
      'refused',
    ])
    expect(Object.values(SUBSCRIPTION_TABLE).map(({ lapse }) => lapse)).toEqual(Array(4).fill('wanted'))
    expect(Object.values(SUBSCRIPTION_TABLE).map(({ ask }) => ask)).toEqual(['asked', 'asked', 'subscribed', 'asked'])
  })
})
