import { type EpochMicros, emptyUnitTrade, fromUnits, type MarketMessage, type Trade, type UnitTrade } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../event-log.ts'
import { archiveTrade, heartbeat, outage, stored, trade, withValue } from './examples.fixture.ts'
import { tradesCodec } from './trades.ts'

const codec = tradesCodec('kraken')

/** What the reader makes of a record; undefined where it leaves it to `decode`. */
function read(record: LogRecord): UnitTrade | undefined {
  const units = emptyUnitTrade()
  return codec.readTrade(stored(record), units) ? units : undefined
}

function encoded(trade: Trade): LogRecord {
  return codec.encode({ kind: 'trade', trade })
}

/** A trade in integers as decimal text again, without its order type, which integers do not have. */
function asText({ price, priceDecimals, quantity, quantityDecimals, ...rest }: UnitTrade): object {
  return { ...rest, price: fromUnits(price, priceDecimals), quantity: fromUnits(quantity, quantityDecimals) }
}

function withoutOrderType(message: MarketMessage): object {
  if (message.kind !== 'trade') throw new Error(`Expected a trade and not ${message.kind}.`)
  const { orderType: _, ...rest } = message.trade
  return rest
}

/** Decimal text of up to nine digits on either side of the point, fifteen together: what the reader must take. */
const shortDecimal = fc.tuple(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999 }), fc.nat({ max: 6 })).map(
  ([whole, part, decimals]) =>
    (decimals === 0
      ? `${whole}`
      : `${whole}.${String(part)
          .padStart(6, '0')
          .slice(6 - decimals)}`) as Trade['price'],
)
/** And longer ones, which it may leave. */
const anyDecimal = fc.oneof(
  shortDecimal,
  fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.integer({ min: 1, max: 14 })).map(([units, decimals]) => {
    return fromUnits(units, decimals)
  }),
)

function trades(decimal: fc.Arbitrary<Trade['price']>): fc.Arbitrary<Trade> {
  return fc.record({
    symbol: fc.constantFrom(trade.symbol, 'ETH/EUR' as Trade['symbol']),
    idSpace: fc.constantFrom('venue', archiveTrade.idSpace),
    tradeId: fc.oneof(fc.nat(), fc.integer({ min: 0, max: 999_999_999_999_999 })),
    eventTime: fc.integer({ min: 0, max: 4_102_444_800_000_000 }).map((time) => time as EpochMicros),
    price: decimal,
    quantity: decimal,
    side: fc.constantFrom('buy', 'sell', undefined),
    orderType: fc.constantFrom('market', 'limit', undefined),
  })
}

describe('readTrade', () => {
  it('takes every trade that the codec writes, in integers', () => {
    const property = fc.property(trades(shortDecimal), (trade) => {
      const { orderType: _, ...expected } = trade
      expect(asText(read(encoded(trade)) as UnitTrade)).toEqual(expected)
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it('takes the trades of one minute and of another, with the same object for all of them', () => {
    const property = fc.property(fc.array(trades(shortDecimal), { maxLength: 10 }), (trades) => {
      const units = emptyUnitTrade()
      for (const trade of trades) {
        codec.readTrade(stored(encoded(trade)), units)
        expect(units).toMatchObject({ eventTime: trade.eventTime, tradeId: trade.tradeId, side: trade.side })
      }
    })
    fc.assert(property)
  })

  it('leaves figures that no exact integer holds, and never reads them wrong', () => {
    expect(read(encoded({ ...trade, quantity: '12345678901234567890.5' as Trade['quantity'] }))).toBeUndefined()
    const property = fc.property(trades(anyDecimal), (trade) => {
      const record = encoded(trade)
      const units = read(record)
      if (units !== undefined) expect(asText(units)).toEqual(withoutOrderType(codec.decode(stored(record))))
    })
    fc.assert(property, { numRuns: 1000 })
  })

  it('takes no bytes that decode refuses, and reads the same in those that it takes', () => {
    const edit = fc.record({
      at: fc.nat({ max: 220 }),
      cut: fc.nat({ max: 2 }),
      put: fc.array(fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('0123456789.",:{}eE+- T'))), {
        maxLength: 2,
      }),
    })
    let taken = 0
    const property = fc.property(trades(shortDecimal), edit, (trade, { at, cut, put }) => {
      const bytes = [...encoded(trade).value]
      bytes.splice(at, cut, ...put)
      const record = { ...encoded(trade), value: Uint8Array.from(bytes) }
      const units = read(record)
      if (units === undefined) return
      taken++
      expect(asText(units)).toEqual(withoutOrderType(codec.decode(stored(record))))
    })
    fc.assert(property, { numRuns: 5000 })
    expect(taken).toBeGreaterThan(50)
  })

  it('leaves JSON that another client wrote to decode', () => {
    const record = encoded(trade)
    const row = JSON.parse(Buffer.from(record.value).toString()) as object
    const spaced = withValue(record, JSON.stringify(row, null, 1))
    const { side: _, ...rest } = row as { side: string }
    expect(read(spaced)).toBeUndefined()
    expect(read(withValue(record, JSON.stringify({ ...rest, side: 'buy' })))).toBeUndefined()
    expect(read(withValue(record, JSON.stringify({ ...row, later: 1 })))).toBeUndefined()
    expect(codec.decode(spaced)).toEqual({ kind: 'trade', trade })
  })

  it('leaves a trade whose row names another symbol than its key', () => {
    expect(read({ ...encoded(trade), key: 'ETH/USD' })).toBeUndefined()
  })

  it('leaves heartbeats and outages, also between trades', () => {
    const others = [codec.encode({ kind: 'heartbeat', heartbeat }), codec.encode({ kind: 'outage', outage })]
    for (const other of [...others, ...others]) {
      expect(read(other)).toBeUndefined()
      expect(read(encoded(archiveTrade))).toMatchObject({ idSpace: archiveTrade.idSpace, side: undefined })
      expect(read(encoded(trade))).toMatchObject({ idSpace: 'venue', side: 'buy' })
    }
  })

  it('refuses the headers that decode refuses', () => {
    const record = encoded(trade)
    const headers = { ...record.headers, 'c1-source': 'simulator' }
    expect(() => read({ ...record, headers })).toThrow(expect.objectContaining({ code: 'source_foreign' }))
    const ids = { ...record.headers, 'c1-ids': 'elsewhere' }
    expect(() => read({ ...record, headers: ids })).toThrow(expect.objectContaining({ code: 'record_malformed' }))
  })
})
