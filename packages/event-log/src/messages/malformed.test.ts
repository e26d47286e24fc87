import { MalformedError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../event-log.ts'
import type { Codec } from './codec.ts'
import { candles, deadLetters, features, outcomes, predictions, trades } from './codecs.fixture.ts'
import {
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
  withValue,
} from './examples.fixture.ts'

const MESSAGES: Readonly<Record<string, [Pick<Codec<unknown>, 'decode'>, LogRecord]>> = {
  trade: [trades, trades.encode({ kind: 'trade', trade })],
  heartbeat: [trades, trades.encode({ kind: 'heartbeat', heartbeat })],
  outage: [trades, trades.encode({ kind: 'outage', outage })],
  'outage with ids': [trades, trades.encode({ kind: 'outage', outage: exception })],
  candle: [candles, candles.encode({ kind: 'candle', candle })],
  'candle heartbeat': [
    candles,
    candles.encode({ kind: 'heartbeat', symbol: candle.symbol, eventTime: candle.closeTime }),
  ],
  'feature row': [features, features.encode({ kind: 'features', row: featureRow })],
  prediction: [predictions, predictions.encode(prediction)],
  outcome: [outcomes, outcomes.encode(outcome)],
  'dead letter': [deadLetters, deadLetters.encode(deadLetter, trade.eventTime)],
}

describe.each(Object.entries(MESSAGES))('a %s', (_, [codec, record]) => {
  const row = JSON.parse(Buffer.from(record.value).toString()) as Record<string, unknown>

  it('without any one of its fields, or with an object in its place, is malformed', () => {
    for (const field of Object.keys(row)) {
      const { [field]: _, ...rest } = row
      const details = { topic: record.headers['c1-schema'], offset: 42, field }
      const error = {
        code: 'record_malformed',
        details,
        message: expect.stringContaining(`Record 42 of ${details.topic} `),
      }
      expect(thrown(() => codec.decode(withValue(record, JSON.stringify(rest))))).toMatchObject(error)
      expect(thrown(() => codec.decode(withValue(record, JSON.stringify({ ...row, [field]: {} }))))).toMatchObject(
        error,
      )
    }
  })

  it('is read whatever fields a later writer added', () => {
    const extended = withValue(record, JSON.stringify({ later: [1], ...row, another: { field: null } }))
    expect(codec.decode(extended)).toEqual(codec.decode(stored(record)))
  })

  it('is malformed when its value is no JSON object', () => {
    for (const value of ['', '{', 'null', '[]', '"trade"', '1']) {
      expect(thrown(() => codec.decode(withValue(record, value)))).toMatchObject({ code: 'record_malformed' })
    }
  })

  it('under another schema, source or kind is refused', () => {
    const refused = (headers: Record<string, string>) =>
      thrown(() => codec.decode(stored({ ...record, headers: { ...record.headers, ...headers } })))
    expect(refused({ 'c1-schema': 'trades.v2' })).toMatchObject({
      code: 'schema_unknown',
      message: expect.stringContaining('its header c1-schema is "trades.v2", expected '),
    })
    expect(refused({ 'c1-source': 'simulator' })).toMatchObject({ code: 'source_foreign' })
    expect(refused({ 'c1-kind': 'unheard-of' })).toMatchObject({ code: 'record_malformed' })
    expect(thrown(() => codec.decode(stored({ ...record, headers: {} })))).toMatchObject({ code: 'schema_unknown' })
  })
})

describe('a field', () => {
  const [, record] = MESSAGES.trade as [unknown, LogRecord]
  const row = JSON.parse(Buffer.from(record.value).toString()) as Record<string, unknown>
  const forms: Readonly<Record<string, readonly unknown[]>> = {
    symbol: ['ETH/USD', 'btc/usd', '', 1, null],
    tradeId: [-1, 1.5, '1', 2 ** 53, null],
    eventTime: [
      '2025-11-10T13:00:00.123Z',
      '2025-11-10T13:00:00.123456',
      '2025-11-10T13:00:60.000000Z',
      '2025-11-10T13:00:00,123456Z',
      '2025-11-10T13:00:0x.123456Z',
      '2025-11-10T13:00:00.12345 Z',
      '2025-11-10 13:00:00.123456Z',
      '2025-02-30T13:00:00.123456Z',
      '2025-11-10T13:00:00.123456z',
      1_762_779_600,
      null,
    ],
    price: ['', '-1', '1e5', '.5', '5.', '007', '1,5', ' 1', 'NaN', 5, null],
    quantity: ['0x10', '1.2.3', true],
    side: ['b', 'BUY', '', 1],
    orderType: ['l', 'stop', 0],
  }

  it.each(Object.entries(forms))('%s of another form is malformed, and the value is named', (field, values) => {
    for (const value of values) {
      const error = thrown(() => trades.decode(withValue(record, JSON.stringify({ ...row, [field]: value }))))
      expect(error).toMatchObject({ code: 'record_malformed', details: { field, value } })
      expect((error as Error).message).toContain(`its field ${field} is ${JSON.stringify(value)}, expected `)
    }
  })

  it('symbol must have the form of one, even when the key agrees', () => {
    const odd = { ...withValue(record, JSON.stringify({ ...row, symbol: 'btc-usd' })), key: 'btc-usd' }
    expect(thrown(() => trades.decode(odd))).toMatchObject({ details: { field: 'symbol' } })
  })

  it('of a prediction or a dead letter of another form is malformed', () => {
    const cases = [
      ['prediction', 'horizon', '1 minute'],
      ['prediction', 'value', '0.1'],
      ['prediction', 'late', 'false'],
      ['dead letter', 'raw', 'not base64!'],
      ['candle', 'interval', '2m'],
      ['candle', 'state', 'closed'],
    ] as const
    for (const [message, field, value] of cases) {
      const [codec, record] = MESSAGES[message] as [Codec<unknown>, LogRecord]
      const changed = { ...JSON.parse(Buffer.from(record.value).toString()), [field]: value }
      expect(thrown(() => codec.decode(withValue(record, JSON.stringify(changed))))).toMatchObject({
        details: { field, value },
      })
    }
  })

  it('c1-ids that is no archive file is malformed', () => {
    const headers = { ...record.headers, 'c1-ids': 'elsewhere' }
    expect(thrown(() => trades.decode(stored({ ...record, headers })))).toMatchObject({ code: 'record_malformed' })
  })

  it('that is not finite is not written', () => {
    expect(() => predictions.encode({ ...prediction, value: Number.NaN })).toThrow(
      'value is NaN, which no row can hold.',
    )
    const values = [Number.POSITIVE_INFINITY, 0, 0]
    expect(() => features.encode({ kind: 'features', row: { ...featureRow, values } })).toThrow('return1m is Infinity')
  })
})

function thrown(decode: () => unknown): unknown {
  try {
    return `decoded: ${JSON.stringify(decode())}`
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError)
    return error
  }
}
