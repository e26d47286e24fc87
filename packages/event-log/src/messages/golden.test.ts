import { parseTime } from '@c1/market'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../event-log.ts'
import { candles, deadLetters, features, outcomes, predictions, trades } from './codecs.fixture.ts'
import {
  archiveTrade,
  candle,
  deadLetter,
  exception,
  featureRow,
  heartbeat,
  outage,
  outcome,
  prediction,
  stored,
  trade,
} from './examples.fixture.ts'

const at = parseTime('2025-11-10T13:00:02Z')

/** Written by this version, read by every later one: a changed line here is a changed format, which needs a new schema. */
const GOLDEN: Readonly<Record<string, { record: LogRecord; kind: string; value: string }>> = {
  trade: {
    record: trades.encode({ kind: 'trade', trade }),
    kind: 'trade trades.v1 kraken',
    value:
      '{"symbol":"BTC/USD","tradeId":91234567,"eventTime":"2025-11-10T13:00:00.123456Z","price":"105123.4",' +
      '"quantity":"0.00044780","side":"buy","orderType":"limit"}',
  },
  'trade of an archive file': {
    record: trades.encode({ kind: 'trade', trade: archiveTrade }),
    kind: 'trade trades.v1 kraken file:9f86d081',
    value:
      '{"symbol":"BTC/USD","tradeId":1,"eventTime":"2025-11-10T13:00:00.123456Z","price":"105123.4",' +
      '"quantity":"0.00044780","side":null,"orderType":null}',
  },
  'heartbeat of trades': {
    record: trades.encode({ kind: 'heartbeat', heartbeat }),
    kind: 'heartbeat trades.v1 kraken',
    value: '{"symbol":"BTC/USD","eventTime":"2025-11-10T13:00:01.000000Z","lastTradeId":91234567}',
  },
  outage: {
    record: trades.encode({ kind: 'outage', outage }),
    kind: 'outage trades.v1 kraken',
    value: '{"symbol":"BTC/USD","from":"2025-11-10T13:00:01.000000Z","to":"2025-11-10T13:00:09.500000Z"}',
  },
  'outage with ids': {
    record: trades.encode({ kind: 'outage', outage: exception }),
    kind: 'outage trades.v1 kraken',
    value:
      '{"symbol":"BTC/USD","from":"2025-11-10T13:00:01.000000Z","to":"2025-11-10T13:00:09.500000Z",' +
      '"firstTradeId":91234568,"lastTradeId":91234570}',
  },
  candle: {
    record: candles.encode({ kind: 'candle', candle }),
    kind: 'candle candles.v1 kraken',
    value:
      '{"symbol":"BTC/USD","interval":"1m","openTime":"2025-11-10T13:00:00.000000Z",' +
      '"closeTime":"2025-11-10T13:01:00.000000Z","open":"105123.4","high":"105200.0","low":"105100.1",' +
      '"close":"105150.0","volume":"1.25044780","vwap":"105140.2","tradeCount":17,"buyVolume":"0.75000000",' +
      '"firstTradeId":91234567,"lastTradeId":91234583,"revision":1,"state":"final","complete":true}',
  },
  'candle of an archive file': {
    record: candles.encode({ kind: 'candle', candle: { ...candle, buyVolume: undefined, complete: undefined } }),
    kind: 'candle candles.v1 kraken',
    value:
      '{"symbol":"BTC/USD","interval":"1m","openTime":"2025-11-10T13:00:00.000000Z",' +
      '"closeTime":"2025-11-10T13:01:00.000000Z","open":"105123.4","high":"105200.0","low":"105100.1",' +
      '"close":"105150.0","volume":"1.25044780","vwap":"105140.2","tradeCount":17,"buyVolume":null,' +
      '"firstTradeId":91234567,"lastTradeId":91234583,"revision":1,"state":"final","complete":null}',
  },
  'heartbeat of candles': {
    record: candles.encode({ kind: 'heartbeat', symbol: candle.symbol, eventTime: candle.closeTime }),
    kind: 'heartbeat candles.v1 kraken',
    value: '{"symbol":"BTC/USD","interval":"1m","eventTime":"2025-11-10T13:01:00.000000Z"}',
  },
  'feature row': {
    record: features.encode({ kind: 'features', row: featureRow }),
    kind: 'features features.v1 kraken candle-features/v1',
    value:
      '{"symbol":"BTC/USD","eventTime":"2025-11-10T13:01:00.000000Z","availableAt":"2025-11-10T13:01:00.000000Z",' +
      '"revision":1,"return1m":-0.00025,"buyImbalance":null,"close":105150,' +
      '"firstTradeId":91230000,"lastTradeId":91234583}',
  },
  'heartbeat of features': {
    record: features.encode({ kind: 'heartbeat', symbol: candle.symbol, eventTime: candle.closeTime }),
    kind: 'heartbeat features.v1 kraken candle-features/v1',
    value: '{"symbol":"BTC/USD","eventTime":"2025-11-10T13:01:00.000000Z"}',
  },
  prediction: {
    record: predictions.encode(prediction),
    kind: 'prediction predictions.v1 kraken',
    value:
      '{"symbol":"BTC/USD","madeAt":"2025-11-10T13:01:00.004000Z","asOf":"2025-11-10T13:01:00.000000Z",' +
      '"horizon":"1m","model":"BTC-USD-return-1m","version":3,"value":0.00012,"lower":-0.0004,"upper":0.00064,' +
      '"coverage":0.9,"kind":"elastic-net","late":false,"vectorDigest":"0123456789abcdef",' +
      '"firstTradeId":91230000,"lastTradeId":91234583}',
  },
  outcome: {
    record: outcomes.encode(outcome),
    kind: 'outcome outcomes.v1 kraken',
    value:
      '{"symbol":"BTC/USD","asOf":"2025-11-10T13:01:00.000000Z","horizon":"1m","model":"BTC-USD-return-1m",' +
      '"version":3,"outcome":0.0003,"error":-0.00018,"covered":true,"coverage":0.9,"late":false}',
  },
  'dead letter': {
    record: deadLetters.encode(deadLetter, at),
    kind: 'dead-letter dead-letters.v1 kraken',
    value:
      '{"origin":"kraken-websocket","code":"decimal_malformed",' +
      '"reason":"\\"-1\\" is not a decimal number that is not negative.","raw":"eyJwcmljZSI6Ii0xIn0="}',
  },
}

describe('the bytes of every message', () => {
  it.each(Object.entries(GOLDEN))('of a %s are these', (_, { record, kind, value }) => {
    expect(Buffer.from(record.value).toString()).toBe(value)
    expect(Object.values(record.headers).join(' ')).toBe(kind)
  })

  it('stand under headers of these names', () => {
    expect(GOLDEN['trade of an archive file']?.record.headers).toEqual({
      'c1-kind': 'trade',
      'c1-schema': 'trades.v1',
      'c1-source': 'kraken',
      'c1-ids': 'file:9f86d081',
    })
  })

  it('are keyed by symbol, or a dead letter by its origin', () => {
    for (const { record } of Object.values(GOLDEN)) expect(['BTC/USD', 'kraken-websocket']).toContain(record.key)
    expect(GOLDEN['dead letter']?.record.key).toBe('kraken-websocket')
  })

  it('stand at their event time', () => {
    const time = (name: string) => GOLDEN[name]?.record.timestamp
    expect(time('trade')).toBe(trade.eventTime)
    expect(time('heartbeat of trades')).toBe(heartbeat.eventTime)
    expect(time('outage')).toBe(outage.to)
    expect(time('candle')).toBe(candle.closeTime)
    expect(time('feature row')).toBe(featureRow.eventTime)
    expect(time('prediction')).toBe(prediction.asOf)
    expect(time('outcome')).toBe(outcome.asOf + outcome.horizon)
    expect(time('dead letter')).toBe(at)
  })

  it('mean what was encoded', () => {
    expect(trades.decode(stored(GOLDEN.trade?.record as LogRecord))).toEqual({ kind: 'trade', trade })
    expect(trades.decode(stored(GOLDEN['trade of an archive file']?.record as LogRecord))).toEqual({
      kind: 'trade',
      trade: archiveTrade,
    })
    expect(trades.decode(stored(GOLDEN['heartbeat of trades']?.record as LogRecord))).toEqual({
      kind: 'heartbeat',
      heartbeat,
    })
    expect(trades.decode(stored(GOLDEN.outage?.record as LogRecord))).toEqual({ kind: 'outage', outage })
    expect(trades.decode(stored(GOLDEN['outage with ids']?.record as LogRecord))).toEqual({
      kind: 'outage',
      outage: exception,
    })
    expect(candles.decode(stored(GOLDEN.candle?.record as LogRecord))).toEqual({ kind: 'candle', candle })
    expect(predictions.decode(stored(GOLDEN.prediction?.record as LogRecord))).toEqual(prediction)
    expect(outcomes.decode(stored(GOLDEN.outcome?.record as LogRecord))).toEqual(outcome)
    expect(deadLetters.decode(stored(GOLDEN['dead letter']?.record as LogRecord))).toEqual(deadLetter)
    expect(features.decode(stored(GOLDEN['feature row']?.record as LogRecord))).toEqual({
      kind: 'features',
      row: featureRow,
    })
    for (const [name, codec] of [
      ['heartbeat of candles', candles],
      ['heartbeat of features', features],
    ] as const) {
      expect(codec.decode(stored(GOLDEN[name]?.record as LogRecord))).toEqual({
        kind: 'heartbeat',
        symbol: candle.symbol,
        eventTime: candle.closeTime,
      })
    }
  })
})
