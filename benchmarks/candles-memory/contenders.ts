import {
  type DecimalText,
  type EpochMicros,
  INTERVALS,
  type MarketMessage,
  type MarketSymbol,
  type Trade,
} from '@c1/market'
import { CandleWindows } from '@c1/windowing'
import { random, type Tick, walk } from '../market.ts'
import { requirePeer } from '../peers.ts'

export const TRADES = 800_000
export const SYMBOLS = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD'] as MarketSymbol[]

/** Does all the work once. */
export type Work = () => unknown

/** What takes part, ours first; each makes its own form of the trades first. */
export const CONTENDERS: Readonly<Record<string, (perMinute: number) => Work>> = {
  'CandleWindows, exact, 8 intervals': candleWindows,
  'ccxt buildOHLCVC, floats, 1 interval': ccxt,
  'tardis-dev trade bars, bare class, floats, 1 interval': tardisBars,
  'tardis-dev compute, floats, 1 interval': tardisCompute,
}

interface SymbolTick extends Tick {
  readonly symbol: MarketSymbol
  readonly tradeId: number
}

/** The trades of all symbols in order of time, `perMinute` of each. */
function* ticks(perMinute: number): Generator<SymbolTick> {
  const next = random(2)
  const tradeIds = new Map<MarketSymbol, number>()
  for (const tick of walk(TRADES, perMinute * SYMBOLS.length, 3)) {
    const symbol = SYMBOLS[Math.floor(next() * SYMBOLS.length)] as MarketSymbol
    const tradeId = (tradeIds.get(symbol) ?? 0) + 1
    tradeIds.set(symbol, tradeId)
    yield { ...tick, symbol, tradeId }
  }
}

function candleWindows(perMinute: number): Work {
  const messages = [...ticks(perMinute).map((tick): MarketMessage => ({ kind: 'trade', trade: tradeOf(tick) }))]
  return () => {
    const windows = new CandleWindows({ intervals: INTERVALS })
    let events = 0
    for (const message of messages) events += windows.advance(message).length
    return events
  }
}

function tradeOf({ symbol, tradeId, time, price, quantity, side }: SymbolTick): Trade {
  return {
    symbol,
    idSpace: 'venue',
    tradeId,
    eventTime: time as EpochMicros,
    price: price.toFixed(1) as DecimalText,
    quantity: quantity.toFixed(8) as DecimalText,
    side,
    orderType: 'limit',
  }
}

interface Ccxt {
  readonly Exchange: new () => { buildOHLCVC(trades: readonly object[], timeframe: string): readonly unknown[] }
}

/** Knows no symbols: it gets an array for each. */
function ccxt(perMinute: number): Work {
  const { Exchange } = requirePeer('ccxt') as Ccxt
  const exchange = new Exchange()
  const bySymbol = SYMBOLS.map((symbol) => [
    ...ticks(perMinute)
      .filter((tick) => tick.symbol === symbol)
      .map(({ time, price, quantity }) => ({ timestamp: Math.floor(time / 1000), price, amount: quantity })),
  ])
  return () => {
    let candles = 0
    for (const trades of bySymbol) candles += exchange.buildOHLCVC(trades, '1m').length
    return candles
  }
}

interface TardisTrade {
  readonly symbol: string
}
interface TradeBars {
  compute(trade: TardisTrade): Iterable<unknown>
}
interface Tardis {
  computeTradeBars(options: { kind: 'time'; interval: number }): () => TradeBars
  compute(trades: AsyncIterable<TardisTrade>, ...bars: (() => TradeBars)[]): AsyncIterable<unknown>
}

function tardisTrades(perMinute: number): TardisTrade[] {
  const trades = ticks(perMinute).map(({ symbol, time, price, quantity, side }) => {
    const timestamp = new Date(time / 1000)
    const venue = { type: 'trade', exchange: 'kraken', localTimestamp: timestamp }
    return { ...venue, symbol, price, amount: quantity, side, timestamp }
  })
  return [...trades]
}

/** The class behind `computeTradeBars`, called directly, one object for each symbol. */
function tardisBars(perMinute: number): Work {
  const { computeTradeBars } = requirePeer('tardis-dev') as Tardis
  const trades = tardisTrades(perMinute)
  return () => {
    const bySymbol = new Map<string, TradeBars>()
    for (const symbol of SYMBOLS) bySymbol.set(symbol, computeTradeBars({ kind: 'time', interval: 60_000 })())
    let bars = 0
    for (const trade of trades) for (const _ of (bySymbol.get(trade.symbol) as TradeBars).compute(trade)) bars++
    return bars
  }
}

/** Its public API. */
function tardisCompute(perMinute: number): Work {
  const { compute, computeTradeBars } = requirePeer('tardis-dev') as Tardis
  const trades = tardisTrades(perMinute)
  async function* stream(): AsyncGenerator<TardisTrade> {
    yield* trades
  }
  return async () => {
    let messages = 0
    for await (const _ of compute(stream(), computeTradeBars({ kind: 'time', interval: 60_000 }))) messages++
    return messages
  }
}
