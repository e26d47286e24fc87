import type { Candle, DecimalText, EpochMicros, Instrument, MarketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { BTC, ETH, MODEL, madeCandle, madeOutcome, madePrediction, minute } from './made-market.fixture.ts'
import { type Change, MarketView } from './market-view.ts'

const EVER = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const

const BITCOIN: Instrument = {
  symbol: BTC,
  base: 'BTC',
  quote: 'USD',
  priceDecimals: 1,
  quantityDecimals: 8,
  status: 'online',
  aliases: ['XBTUSD', 'XXBTZUSD', 'XBT/USD'],
}

function makeView(limits = {}): MarketView {
  return new MarketView({
    source: { name: 'simulator', simulated: true },
    symbols: [BTC],
    instruments: [BITCOIN],
    intervals: ['1m', '5m'],
    clock: () => minute(10),
    limits,
  })
}

function provisional(at: number, changes: Partial<Candle> = {}): Candle {
  return madeCandle(at, { state: 'provisional', revision: 0, ...changes })
}

describe('candles', () => {
  it('stand in order of time with the provisional one last', () => {
    const view = makeView()
    view.applyProvisional(provisional(3))
    for (const at of [2, 0, 1]) view.applyCandle(madeCandle(at))
    const candles = view.symbol(BTC).candles('1m', ...EVER)
    expect(candles.map(({ openTime, state }) => [openTime, state])).toEqual([
      [minute(0), 'final'],
      [minute(1), 'final'],
      [minute(2), 'final'],
      [minute(3), 'provisional'],
    ])
  })

  it('are replaced by a later revision and never by an earlier one', () => {
    const view = makeView()
    view.applyCandle(madeCandle(0, { revision: 2, close: '2' as DecimalText }))
    view.applyCandle(madeCandle(0, { revision: 1, close: '1' as DecimalText }))
    expect(view.symbol(BTC).candles('1m', ...EVER)).toMatchObject([{ revision: 2, close: '2' }])
    view.applyCandle(madeCandle(0, { revision: 3, close: '3' as DecimalText }))
    expect(view.symbol(BTC).candles('1m', ...EVER)).toMatchObject([{ revision: 3, close: '3' }])
  })

  it('have no provisional one once its window, or a later one, is final', () => {
    const view = makeView()
    view.applyProvisional(provisional(1))
    view.applyCandle(madeCandle(1))
    view.applyProvisional(provisional(1))
    view.applyProvisional(provisional(0))
    expect(view.symbol(BTC).candles('1m', ...EVER)).toMatchObject([{ state: 'final' }])
  })

  it('of an interval are bounded, and apart from those of another', () => {
    const view = makeView({ candles: 2 })
    for (const at of [0, 1, 2]) view.applyCandle(madeCandle(at))
    view.applyCandle(madeCandle(0, { interval: '5m' }))
    expect(view.symbol(BTC).candles('1m', ...EVER)).toHaveLength(2)
    expect(view.symbol(BTC).candles('5m', ...EVER)).toHaveLength(1)
  })
})

describe('predictions', () => {
  it('are joined with their outcome in whichever order the two come', () => {
    const [first, second] = [madePrediction(1), madePrediction(2)]
    const view = makeView()
    view.applyPrediction(first)
    view.applyOutcome(madeOutcome(first, 0.001))
    view.applyOutcome(madeOutcome(second, 0.002))
    view.applyPrediction(second)
    const outcomes = view
      .symbol(BTC)
      .predictions(...EVER)
      .map(({ outcome }) => outcome?.outcome)
    expect(outcomes).toEqual([0.001, 0.002])
  })

  it('that are made again keep their outcome', () => {
    const view = makeView()
    view.applyPrediction(madePrediction(1))
    view.applyOutcome(madeOutcome(madePrediction(1), 0.001))
    view.applyPrediction(madePrediction(1, { madeAt: minute(5), late: true }))
    expect(view.symbol(BTC).latestPrediction()).toMatchObject({
      prediction: { late: true },
      outcome: { outcome: 0.001 },
    })
  })

  it('show an outcome only once the prediction itself has come', () => {
    const view = makeView()
    view.applyOutcome(madeOutcome(madePrediction(1), 0.001))
    expect(view.symbol(BTC).predictions(...EVER)).toEqual([])
  })
})

describe('the live score', () => {
  it('counts each outcome once, and none of a late prediction', () => {
    const view = makeView()
    const live = [1, 2, 3].map((at) => madePrediction(at))
    for (const prediction of live) view.applyOutcome(madeOutcome(prediction, 0.0001))
    for (const prediction of live) view.applyOutcome(madeOutcome(prediction, 0.0001))
    view.applyOutcome(madeOutcome(madePrediction(4, { late: true }), 0.5))
    const score = view.symbol(BTC).liveScore(MODEL)
    expect(score).toMatchObject({ count: 3, coverage: 1 })
    expect(score?.mae).toBeCloseTo(0.00008, 12)
    expect(score?.noChangeMae).toBeCloseTo(0.0001, 12)
  })
})

describe('freshness', () => {
  it('is the market clock minus the newest event time', () => {
    const view = makeView()
    expect(view.ageSeconds(BTC)).toBeUndefined()
    view.applyEventTime(BTC, (minute(10) - 400_000) as EpochMicros)
    view.applyEventTime(BTC, minute(3))
    expect(view.ageSeconds(BTC)).toBe(0.4)
  })

  it('is never negative', () => {
    const view = makeView()
    view.applyEventTime(BTC, minute(11))
    expect(view.ageSeconds(BTC)).toBe(0)
  })
})

describe('symbols', () => {
  it('are found by every spelling of a followed market', () => {
    const view = makeView()
    for (const spelling of ['BTC/USD', 'BTC-USD', 'btc/usd', 'XBTUSD', 'xxbtzusd', 'XBT/USD']) {
      expect(view.findSymbol(spelling)).toBe(BTC)
    }
  })

  it('that only the topics brought are followed too', () => {
    const view = makeView()
    view.applyCandle(madeCandle(0, { symbol: ETH }))
    expect(view.symbols()).toEqual([BTC, ETH])
    expect(view.findSymbol('ETH-USD')).toBe(ETH)
  })

  it('that are not followed are unknown when no instruments are given', () => {
    const view = new MarketView({
      source: { name: 'kraken', simulated: false },
      symbols: [BTC],
      intervals: ['1m'],
      clock: () => minute(0),
    })
    expect(view.findSymbol('DOGE/USD' as MarketSymbol)).toBeUndefined()
  })
})

describe('changes', () => {
  it('are told from catching up on, beginning with a reset, and until the listening ends', () => {
    const view = makeView()
    const heard: Change['kind'][] = []
    const stop = view.onChange(({ kind }) => heard.push(kind))
    view.applyCandle(madeCandle(0))
    view.caughtUp()
    view.applyCandle(madeCandle(0))
    view.applyCandle(madeCandle(1))
    view.applyProvisional(provisional(2))
    view.applyOutcome(madeOutcome(madePrediction(1), 0.1))
    view.applyPrediction(madePrediction(1))
    view.applyOutcome(madeOutcome(madePrediction(1), 0.1))
    stop()
    view.applyCandle(madeCandle(3))
    expect(heard).toEqual(['reset', 'candle', 'candle', 'prediction', 'outcome'])
  })
})
