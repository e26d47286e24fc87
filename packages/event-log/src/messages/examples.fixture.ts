import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type Candle, decimalText, type Heartbeat, marketSymbol, type Outage, parseTime, type Trade } from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import type { LogRecord, StoredRecord } from '../event-log.ts'
import type { DeadLetter } from '../topics.ts'

const symbol = marketSymbol('BTC/USD')

export const trade: Trade = {
  symbol,
  idSpace: 'venue',
  tradeId: 91_234_567,
  eventTime: parseTime('2025-11-10T13:00:00.123456Z'),
  price: decimalText('105123.4'),
  quantity: decimalText('0.00044780'),
  side: 'buy',
  orderType: 'limit',
}

/** As a 3-column archive file gives it. */
export const archiveTrade: Trade = {
  ...trade,
  idSpace: 'file:9f86d081',
  tradeId: 1,
  side: undefined,
  orderType: undefined,
}

export const heartbeat: Heartbeat = {
  symbol,
  idSpace: 'venue',
  eventTime: parseTime('2025-11-10T13:00:01Z'),
  lastTradeId: 91_234_567,
}

export const outage: Outage = {
  symbol,
  from: parseTime('2025-11-10T13:00:01Z'),
  to: parseTime('2025-11-10T13:00:09.5Z'),
}

/** With the ids that the venue does not serve. */
export const exception: Outage = { ...outage, firstTradeId: 91_234_568, lastTradeId: 91_234_570 }

export const candle: Candle = {
  symbol,
  interval: '1m',
  openTime: parseTime('2025-11-10T13:00:00Z'),
  closeTime: parseTime('2025-11-10T13:01:00Z'),
  open: decimalText('105123.4'),
  high: decimalText('105200.0'),
  low: decimalText('105100.1'),
  close: decimalText('105150.0'),
  volume: decimalText('1.25044780'),
  vwap: decimalText('105140.2'),
  tradeCount: 17,
  buyVolume: decimalText('0.75000000'),
  firstTradeId: 91_234_567,
  lastTradeId: 91_234_583,
  revision: 1,
  state: 'final',
  complete: true,
}

export const group: FeatureGroup = {
  name: 'candle-features',
  version: 1,
  interval: '1m',
  features: ['return1m', 'buyImbalance', 'close'].map((name) => ({ name, unit: '', description: '', role: 'input' })),
}

export const featureRow: FeatureRow = {
  symbol,
  eventTime: candle.closeTime,
  availableAt: candle.closeTime,
  revision: 1,
  firstTradeId: 91_230_000,
  lastTradeId: 91_234_583,
  values: [-0.00025, Number.NaN, 105_150],
}

export const prediction: Prediction = {
  symbol,
  madeAt: parseTime('2025-11-10T13:01:00.004Z'),
  asOf: candle.closeTime,
  horizon: 60_000_000,
  model: 'BTC-USD-return-1m',
  version: 3,
  kind: 'elastic-net',
  value: 0.00012,
  lower: -0.0004,
  upper: 0.00064,
  coverage: 0.9,
  late: false,
  vectorDigest: '0123456789abcdef',
  firstTradeId: 91_230_000,
  lastTradeId: 91_234_583,
}

export const outcome: Outcome = {
  symbol,
  asOf: candle.closeTime,
  horizon: 60_000_000,
  model: 'BTC-USD-return-1m',
  version: 3,
  outcome: 0.0003,
  error: -0.00018,
  covered: true,
  coverage: 0.9,
  late: false,
}

export const deadLetter: DeadLetter = {
  origin: 'kraken-websocket',
  code: 'decimal_malformed',
  reason: '"-1" is not a decimal number that is not negative.',
  raw: Uint8Array.from(Buffer.from('{"price":"-1"}')),
}

/** The record as a log gives it back. */
export function stored(record: LogRecord, offset = 42): StoredRecord {
  return { ...record, partition: 0, offset }
}

/** The record with another value. */
export function withValue(record: LogRecord, value: string): StoredRecord {
  return stored({ ...record, value: Buffer.from(value) })
}
