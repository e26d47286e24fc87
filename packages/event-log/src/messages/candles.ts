import { type Candle, type EpochMicros, INTERVALS, type MarketSymbol } from '@c1/market'
import { TOPICS } from '../topics.ts'
import { type Codec, Envelope } from './codec.ts'
import { optionalText, Row, timeText } from './row.ts'

const SCHEMA = TOPICS.candles
const STATES = ['provisional', 'final'] as const
/** Time passes by the shortest windows. */
const HEARTBEAT_INTERVAL = '1m'

/** What travels on the candles topic, in one ordered stream per symbol. */
export type CandleMessage =
  | { readonly kind: 'candle'; readonly candle: Candle }
  /** `eventTime` is the close of a one-minute window without trades: everything before it is known. */
  | { readonly kind: 'heartbeat'; readonly symbol: MarketSymbol; readonly eventTime: EpochMicros }

/** `candles.v1`. A candle's event time is its `closeTime`. */
export function candlesCodec(source: string): Codec<CandleMessage> {
  const envelope = new Envelope(SCHEMA, source, ['candle', 'heartbeat'])
  return {
    encode: (message) => {
      if (message.kind === 'heartbeat') {
        return envelope.wrap(
          'heartbeat',
          message.symbol,
          message.eventTime,
          heartbeatJson(message.symbol, message.eventTime),
        )
      }
      const { candle } = message
      return envelope.wrap('candle', candle.symbol, candle.closeTime, candleJson(candle))
    },
    decode: (record) => {
      const kind = envelope.kindOf(record)
      const row = new Row(SCHEMA, record)
      return kind === 'candle' ? { kind, candle: readCandle(row) } : { kind, ...readHeartbeat(row) }
    },
  }
}

function candleJson(candle: Candle): string {
  return (
    `{"symbol":${JSON.stringify(candle.symbol)},"interval":"${candle.interval}",` +
    `"openTime":"${timeText(candle.openTime)}","closeTime":"${timeText(candle.closeTime)}",` +
    `"open":"${candle.open}","high":"${candle.high}","low":"${candle.low}","close":"${candle.close}",` +
    `"volume":"${candle.volume}","vwap":"${candle.vwap}","tradeCount":${candle.tradeCount},` +
    `"buyVolume":${optionalText(candle.buyVolume)},` +
    `"firstTradeId":${candle.firstTradeId},"lastTradeId":${candle.lastTradeId},` +
    `"revision":${candle.revision},"state":"${candle.state}","complete":${candle.complete ?? null}}`
  )
}

function readCandle(row: Row): Candle {
  return {
    symbol: row.symbol(),
    interval: row.oneOf('interval', INTERVALS),
    openTime: row.time('openTime'),
    closeTime: row.time('closeTime'),
    open: row.decimal('open'),
    high: row.decimal('high'),
    low: row.decimal('low'),
    close: row.decimal('close'),
    volume: row.decimal('volume'),
    vwap: row.decimal('vwap'),
    tradeCount: row.count('tradeCount'),
    buyVolume: row.has('buyVolume') ? row.decimal('buyVolume') : undefined,
    firstTradeId: row.count('firstTradeId'),
    lastTradeId: row.count('lastTradeId'),
    revision: row.count('revision'),
    state: row.oneOf('state', STATES),
    complete: row.has('complete') ? row.boolean('complete') : undefined,
  }
}

function heartbeatJson(symbol: MarketSymbol, eventTime: EpochMicros): string {
  return `{"symbol":${JSON.stringify(symbol)},"interval":"${HEARTBEAT_INTERVAL}","eventTime":"${timeText(eventTime)}"}`
}

function readHeartbeat(row: Row): { symbol: MarketSymbol; eventTime: EpochMicros } {
  row.oneOf('interval', [HEARTBEAT_INTERVAL])
  return { symbol: row.symbol(), eventTime: row.time('eventTime') }
}
