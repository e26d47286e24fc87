import { type MarketSymbol, marketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { Subscriptions } from './subscriptions.ts'

const BTC = marketSymbol('BTC/USD')
const ETH = marketSymbol('ETH/USD')
const many = Array.from({ length: 250 }, (_, index) => marketSymbol(`A${index}/USD`))

const asked = (subscriptions: Subscriptions) =>
  subscriptions.ask().map((frame) => {
    const { params, req_id } = JSON.parse(frame) as { params: { symbol: MarketSymbol[] }; req_id: number }
    return { id: req_id, symbols: params.symbol }
  })
const answer = (requestId?: number, symbol?: string, error?: string) => ({ requestId, symbol, error })

describe('subscriptions', () => {
  it('are asked for by the hundred, with a snapshot stated', () => {
    const subscriptions = new Subscriptions(many)
    expect(asked(subscriptions).map(({ symbols }) => symbols.length)).toEqual([100, 100, 50])
    expect(JSON.parse(new Subscriptions([BTC]).ask()[0] as string)).toEqual({
      method: 'subscribe',
      params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true },
      req_id: 1,
    })
  })

  it('are settled symbol by symbol, and a refusal leaves the others', () => {
    const subscriptions = new Subscriptions([BTC, ETH])
    subscriptions.ask()
    const error = 'Currency pair not supported BTC/USD'
    expect(subscriptions.answer(answer(1, 'BTC/USD', error))).toEqual([{ kind: 'refused', symbol: BTC, reason: error }])
    expect(subscriptions.isComplete).toBe(false)
    expect(subscriptions.answer(answer(undefined, 'ETH/USD'))).toEqual([{ kind: 'subscribed', symbol: ETH }])
    expect(subscriptions.isComplete).toBe(true)
    expect(subscriptions.ask()).toEqual([])
  })

  it('take the symbol from the text of an error that names it nowhere else', () => {
    const subscriptions = new Subscriptions([BTC, ETH])
    subscriptions.ask()
    const error = 'Currency pair not in ISO 4217-A3 format ETH/USD'
    expect(subscriptions.answer(answer(1, undefined, error))).toEqual([{ kind: 'refused', symbol: ETH, reason: error }])
  })

  it('that are there already count as made, though that answer names no symbol', () => {
    const subscriptions = new Subscriptions([BTC, ETH])
    subscriptions.ask()
    expect(subscriptions.answer(answer(1, undefined, 'Already subscribed'))).toEqual([])
    expect(subscriptions.answer(answer(1, 'BTC/USD'))).toEqual([{ kind: 'subscribed', symbol: BTC }])
    expect(subscriptions.answer(answer(1, undefined, 'Already subscribed'))).toEqual([
      { kind: 'subscribed', symbol: ETH },
    ])
  })

  it('count an answer that names nothing for the oldest open request', () => {
    const subscriptions = new Subscriptions([BTC])
    subscriptions.ask()
    const error = 'Private data and trading are unavailable on this endpoint.'
    expect(subscriptions.answer(answer(undefined, undefined, error))).toEqual([
      { kind: 'refused', symbol: BTC, reason: error },
    ])
  })

  it('refused for the rate of messages are asked for again', () => {
    const subscriptions = new Subscriptions([BTC, ETH])
    subscriptions.ask()
    subscriptions.answer(answer(1, 'BTC/USD'))
    expect(subscriptions.answer(answer(1, undefined, 'Exceeded msg rate'))).toEqual([])
    expect(asked(subscriptions)).toEqual([{ id: 2, symbols: [ETH] }])
  })

  it('are settled once, whatever is repeated', () => {
    const subscriptions = new Subscriptions([BTC])
    subscriptions.ask()
    subscriptions.ask()
    expect(subscriptions.answer(answer(2, 'BTC/USD'))).toHaveLength(1)
    expect(subscriptions.answer(answer(1, 'BTC/USD'))).toEqual([])
    expect(subscriptions.answer(answer(9, 'BTC/USD'))).toEqual([])
    expect(subscriptions.answer(answer())).toEqual([])
  })
})
