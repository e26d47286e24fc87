import { type StoredRecord, tradesCodec } from '@c1/event-log'
import {
  type DecimalText,
  type EpochMicros,
  emptyUnitTrade,
  INTERVALS,
  type MarketMessage,
  type MarketSymbol,
  type Trade,
  type UnitTrade,
} from '@c1/market'
import { CandleWindows } from '@c1/windowing'
import { random, type Tick, walk } from '../market.ts'
import { requirePeer } from '../peers.ts'

export const TRADES = 800_000
const SYMBOLS = ['BTC/USD', 'ETH/USD', 'SOL/USD', 'XRP/USD'] as MarketSymbol[]

/** What the trades are of. */
export interface Market {
  /** Their trades are mixed at random. */
  readonly symbols: number
  /** Trades of each symbol. */
  readonly perMinute: number
}

/** Does all the work once. */
export type Work = () => unknown

/**
 * What takes part. Each makes the trades in its own native form first, one object a trade, and is timed from there: ours in
 * integers (as they come from an archive or a log), the peers in floats. All loop by index, as ccxt does inside: the iterator of a
 * `for ... of` would make an object for every trade.
 */
export const OURS = 'CandleWindows, exact, 8 intervals'
export const CONTENDERS: Readonly<Record<string, (market: Market) => Work>> = {
  [OURS]: candleWindows,
  // The same with what comes before it: decimal text to integers, and the bytes of log records to integers.
  'CandleWindows from decimal text': candleWindowsFromText,
  'CandleWindows from log records': candleWindowsFromRecords,
  'ccxt buildOHLCVC, floats, 1 interval': ccxt,
  'tardis-dev trade bars, bare class, floats, 1 interval': tardisBars,
  'tardis-dev compute, floats, 1 interval': tardisCompute,
}

interface SymbolTick extends Tick {
  readonly symbol: MarketSymbol
  readonly tradeId: number
}

/** The trades of all symbols in order of time. */
function* ticks({ symbols, perMinute }: Market): Generator<SymbolTick> {
  const next = random(2)
  const tradeIds = new Map<MarketSymbol, number>()
  for (const tick of walk(TRADES, perMinute * symbols, 3)) {
    const symbol = SYMBOLS[Math.floor(next() * symbols)] as MarketSymbol
    const tradeId = (tradeIds.get(symbol) ?? 0) + 1
    tradeIds.set(symbol, tradeId)
    yield { ...tick, symbol, tradeId }
  }
}

function candleWindows(market: Market): Work {
  const trades = [...ticks(market).map(unitTradeOf)]
  return () => {
    const windows = new CandleWindows({ intervals: INTERVALS })
    let events = 0
    for (let at = 0; at < trades.length; at++) events += windows.addTrade(trades[at] as UnitTrade).length
    return events
  }
}

function unitTradeOf({ symbol, tradeId, time, price, quantity, side }: SymbolTick): UnitTrade {
  return {
    symbol,
    idSpace: 'venue',
    tradeId,
    eventTime: time as EpochMicros,
    price: Math.round(price * 10),
    priceDecimals: 1,
    quantity: Math.round(quantity * 1e8),
    quantityDecimals: 8,
    side,
  }
}

function candleWindowsFromText(market: Market): Work {
  const messages = [...ticks(market).map((tick): MarketMessage => ({ kind: 'trade', trade: tradeOf(tick) }))]
  return () => {
    const windows = new CandleWindows({ intervals: INTERVALS })
    let events = 0
    for (let at = 0; at < messages.length; at++) events += windows.advance(messages[at] as MarketMessage).length
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

function candleWindowsFromRecords(market: Market): Work {
  const codec = tradesCodec('simulator')
  const messages = ticks(market).map((tick): MarketMessage => ({ kind: 'trade', trade: tradeOf(tick) }))
  const records = [...messages.map((message, offset) => ({ ...codec.encode(message), partition: 0, offset }))]
  const trade = emptyUnitTrade()
  return () => {
    const windows = new CandleWindows({ intervals: INTERVALS })
    let events = 0
    for (let at = 0; at < records.length; at++) {
      if (!codec.readTrade(records[at] as StoredRecord, trade)) throw new Error('A record was left unread.')
      events += windows.addTrade(trade).length
    }
    return events
  }
}

interface Ccxt {
  readonly Exchange: new () => {
    safeTrade(trade: object): object
    buildOHLCVC(trades: readonly object[], timeframe: string): readonly unknown[]
  }
}

/** Gets an array for each symbol, since it knows none, of the trade objects that ccxt itself makes: numbers are floats. */
function ccxt(market: Market): Work {
  const { Exchange } = requirePeer('ccxt') as Ccxt
  const exchange = new Exchange()
  const bySymbol = SYMBOLS.slice(0, market.symbols).map((wanted) => [
    ...ticks(market)
      .filter(({ symbol }) => symbol === wanted)
      .map(({ symbol, tradeId, time, price, quantity, side }) =>
        exchange.safeTrade({
          id: String(tradeId),
          order: undefined,
          timestamp: Math.floor(time / 1000),
          datetime: new Date(time / 1000).toISOString(),
          symbol,
          type: 'limit',
          side,
          takerOrMaker: undefined,
          price: price.toFixed(1),
          amount: quantity.toFixed(8),
          cost: undefined,
          fee: undefined,
        }),
      ),
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

/** As tardis-dev's mappers make them. */
function tardisTrades(market: Market): TardisTrade[] {
  const trades = ticks(market).map(({ symbol, tradeId, time, price, quantity, side }) => ({
    type: 'trade',
    symbol,
    exchange: 'kraken',
    id: String(tradeId),
    price,
    amount: quantity,
    side,
    timestamp: new Date(time / 1000),
    localTimestamp: new Date(time / 1000),
  }))
  return [...trades]
}

/** The class behind `computeTradeBars`, called directly, one object for each symbol. */
function tardisBars(market: Market): Work {
  const { computeTradeBars } = requirePeer('tardis-dev') as Tardis
  const trades = tardisTrades(market)
  return () => {
    const bySymbol = new Map<string, TradeBars>()
    for (const symbol of SYMBOLS) bySymbol.set(symbol, computeTradeBars({ kind: 'time', interval: 60_000 })())
    let bars = 0
    for (let at = 0; at < trades.length; at++) {
      const trade = trades[at] as TardisTrade
      for (const _ of (bySymbol.get(trade.symbol) as TradeBars).compute(trade)) bars++
    }
    return bars
  }
}

/** Its public API. */
function tardisCompute(market: Market): Work {
  const { compute, computeTradeBars } = requirePeer('tardis-dev') as Tardis
  const trades = tardisTrades(market)
  async function* stream(): AsyncGenerator<TardisTrade> {
    yield* trades
  }
  return async () => {
    let messages = 0
    for await (const _ of compute(stream(), computeTradeBars({ kind: 'time', interval: 60_000 }))) messages++
    return messages
  }
}
