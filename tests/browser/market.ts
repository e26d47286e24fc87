import { type Candle, type DecimalText, type EpochMicros, type Interval, intervalMicros } from '@c1/market'
import { Registry } from 'prom-client'
import { MarketView, type ServerOptions } from '../../apps/show-dashboard/src/index.ts'
import {
  BTC,
  ETH,
  madeCandle,
  madeFeatures,
  madeOutcome,
  madePrediction,
  madeRegistry,
  madeVersion,
  minute,
} from '../../apps/show-dashboard/src/made-market.fixture.ts'

/** Minutes of history in a made market; its clock stands just after the last. */
export const MINUTES = 240

/** A deterministic sequence in [-1, 1). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

export interface Source {
  readonly name: string
  readonly simulated: boolean
}

export function emptyView(source: Source): MarketView {
  return new MarketView({
    source,
    symbols: [BTC, ETH],
    intervals: ['1m', '5m', '15m', '30m', '1h', '4h', '12h', '1d'],
    clock: () => (minute(MINUTES) + 20_400_000) as EpochMicros,
  })
}

/** A walk of prices with candles, predictions and outcomes; the last prediction is open, two are late. */
export function busyView(source: Source): MarketView {
  const view = emptyView(source)
  const next = random(7)
  let price = 65000
  for (let at = 0; at < MINUTES; at++) {
    const open = price
    const drift = next() * 22 + next() * 12
    price += drift
    view.applyCandle(candle(at, '1m', open, price, Math.abs(next()) * 9, 1 + Math.abs(next() * drift) / 8))
    if (at < 30) continue
    const value = 0.0001 * next() * 0.4 + drift / 65000 / 9
    const late = at === 231 || at === 232
    const made = madePrediction(at + 1, { value, lower: value - 0.00032, upper: value + 0.00032, late })
    view.applyPrediction(made)
    if (at < MINUTES - 1) view.applyOutcome(madeOutcome(made, 0.0003 * (next() + next()) + value * 0.8))
  }
  view.applyEventTime(BTC, (minute(MINUTES) + 20_000_000) as EpochMicros)
  view.applyProvisional(openCandle(price, price + 6))
  view.caughtUp()
  return view
}

/** The candle of the minute that has not ended. */
export function openCandle(open: number, close: number): Candle {
  return { ...candle(MINUTES, '1m', open, close, 2, 0.4), state: 'provisional', revision: 0 }
}

function candle(at: number, interval: Interval, open: number, close: number, wick: number, volume: number): Candle {
  const text = (value: number, decimals = 1) => value.toFixed(decimals) as DecimalText
  return madeCandle(at, {
    interval,
    closeTime: (minute(at) + intervalMicros(interval)) as EpochMicros,
    open: text(open),
    close: text(close),
    high: text(Math.max(open, close) + wick),
    low: text(Math.min(open, close) - wick),
    vwap: text((open + close) / 2),
    volume: text(volume, 8),
    tradeCount: Math.round(20 + volume * 10),
  })
}

export function serverOptions(view: MarketView, changes: Partial<ServerOptions> = {}): ServerOptions {
  return {
    view,
    features: madeFeatures([]),
    registry: madeRegistry([madeVersion()]),
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: new Registry(),
    logger: { error: (details, message) => process.stderr.write(`${message} ${String(Object.values(details)[0])}\n`) },
    port: 0,
    ...changes,
  }
}
