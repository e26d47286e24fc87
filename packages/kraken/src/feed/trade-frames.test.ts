import { decimalText, type EpochMicros, formatTime, MalformedError, parseTime } from '@c1/market'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { instrument } from '../test-support/instruments.ts'
import { recorded } from '../test-support/recorded.ts'
import { asRecord, parseExact } from '../wire/exact-json.ts'
import { type TradeFrame, TradeFrames } from './trade-frames.ts'

const btc = instrument()
const shib = instrument('SHIB/USD', { priceDecimals: 10, quantityDecimals: 5 })
const yen = instrument('BTC/JPY', { priceDecimals: 0 })
const tick = instrument('TICK/USD', { priceDecimals: 2, priceIncrement: decimalText('0.05') })
let frames: TradeFrames
beforeEach(() => {
  frames = new TradeFrames([btc, shib, yen, tick])
})

const parsed = (text: string): TradeFrame => frames.readParsed(asRecord(parseExact(text)) ?? {})

interface Fields {
  readonly symbol?: string
  readonly side?: string
  readonly price?: string
  readonly qty?: string
  readonly ordType?: string
  readonly id?: string | number
  readonly timestamp?: string
}

function item(fields: Fields = {}): string {
  const { symbol = 'BTC/USD', side = 'buy', price = '83744.3', qty = '0.00044780', ordType = 'limit', id = 7 } = fields
  const { timestamp = '2026-09-25T17:48:26.844359Z' } = fields
  return (
    `{"symbol":"${symbol}","side":"${side}","price":${price},"qty":${qty},"ord_type":"${ordType}",` +
    `"trade_id":${id},"timestamp":"${timestamp}"}`
  )
}

const frame = (items: readonly string[], type = 'update') =>
  `{"channel":"trade","type":"${type}","data":[${items.join(',')}]}`

describe('a trade frame', () => {
  it('is read as the live venue sent it', () => {
    expect(frames.readSpelled(recorded('trade_update'))).toEqual({
      trades: [
        {
          symbol: 'BTC/USD',
          idSpace: 'venue',
          tradeId: 109116693,
          eventTime: 1_790_358_506_844_359,
          price: '83744.3',
          quantity: '0.00044780',
          side: 'buy',
          orderType: 'limit',
        },
      ],
      rejected: [],
      snapshot: false,
    })
  })

  it('keeps the digits of every number, and reads the same by both ways', () => {
    const digits = (decimals: number) => fc.tuple(fc.nat(10 ** 9), fc.nat(10 ** decimals - 1))
    const number = (decimals: number) =>
      digits(decimals).map(
        ([whole, part]) => `${whole + 1}${decimals === 0 ? '' : `.${String(part).padStart(decimals, '0')}`}`,
      )
    const trade = fc.constantFrom(btc, shib, yen).chain(({ symbol, priceDecimals, quantityDecimals }) =>
      fc.record({
        symbol: fc.constant(symbol as string),
        side: fc.constantFrom('buy', 'sell'),
        price: number(priceDecimals),
        qty: number(quantityDecimals),
        ordType: fc.constantFrom('limit', 'market'),
        id: fc.integer({ min: 109_000_000, max: 109_999_999 }),
        micros: fc.integer({ min: 1_400_000_000_000_000, max: 1_900_000_000_000_000 }),
      }),
    )
    fc.assert(
      fc.property(
        fc.array(trade, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('update', 'snapshot'),
        (trades, type) => {
          const text = frame(
            trades.map(({ micros, ...fields }) => item({ ...fields, timestamp: formatTime(micros as EpochMicros) })),
            type,
          )
          const spelled = frames.readSpelled(text)
          expect(spelled).toEqual(parsed(text))
          const expected = type === 'snapshot' ? trades.toSorted((a, b) => a.id - b.id) : trades
          expect(spelled?.trades.map(({ price, quantity }) => [price, quantity])).toEqual(
            expected.map(({ price, qty }) => [decimalText(price), decimalText(qty)]),
          )
          expect(spelled?.trades.map(({ eventTime }) => eventTime)).toEqual(expected.map(({ micros }) => micros))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('beyond 15 digits loses none', () => {
    const price = '123456789012345678.9'
    expect(frames.readSpelled(frame([item({ price })]))?.trades[0]?.price).toBe(price)
    expect(parsed(frame([item({ price })])).trades[0]?.price).toBe(price)
  })

  it('may have exponents, other decimals, white space and fields in any order', () => {
    const text =
      '{ "type":"update", "data":[{"trade_id":7,"qty":4.478E-4,"price":8.37443e4,"ord_type":"market","side":"sell",' +
      '"timestamp":"2026-09-25T17:48:26.844359566Z","symbol":"BTC/USD","extra":{}}],"channel":"trade"}'
    expect(frames.readSpelled(text)).toBeUndefined()
    expect(parsed(text).trades[0]).toMatchObject({
      price: '83744.3',
      quantity: '0.00044780',
      eventTime: 1_790_358_506_844_359,
      side: 'sell',
    })
  })

  it('that is a snapshot comes by trade id', () => {
    const text = frame([item({ id: 9 }), item({ id: 7 }), item({ id: 8 })], 'snapshot')
    for (const read of [frames.readSpelled(text), parsed(text)]) {
      expect(read?.trades.map(({ tradeId }) => tradeId)).toEqual([7, 8, 9])
      expect(read?.snapshot).toBe(true)
    }
  })

  it('with numbers as texts, with exponents, and with fields that are new reads the same', () => {
    const plain = item({ id: 6 })
    const texts = item({ id: '"6"', price: '"83744.3"', qty: '"4.478e-4"' })
    const more = item({ id: 6, qty: '4.478E-4,"liquidity":"taker","fee":null' })
    const [first, ...others] = [plain, texts, more].map((each) => parsed(frame([each])).trades)
    expect(others).toEqual([first, first])
    expect(first).toHaveLength(1)
  })

  it('with a price on a coarse step is read', () => {
    const text = frame([item({ symbol: 'TICK/USD', price: '100.55' })])
    expect(frames.readSpelled(text)?.trades).toEqual(parsed(text).trades)
    expect(parsed(text).trades).toHaveLength(1)
  })

  it.each([
    ['a text that is no number', { price: '"83744.3 USD"' }, 'price_malformed'],
    ['a price of zero', { price: '0.0' }, 'price_malformed'],
    ['a price off the step', { price: '83744.35' }, 'decimal_malformed'],
    [
      'a price off a step that is coarser than the decimals',
      { symbol: 'TICK/USD', price: '100.52' },
      'price_malformed',
    ],
    ['a negative quantity', { qty: '-1.0' }, 'decimal_malformed'],
    ['a quantity of zero', { qty: '0.00000000' }, 'quantity_malformed'],
    ['a time before 1970', { timestamp: '1969-12-31T23:59:59.999999Z' }, 'trade_implausible'],
    ['a time ahead of the clock', { timestamp: '2026-09-25T17:54:26.844360Z' }, 'trade_implausible'],
    ['an id that no market reaches', { id: 10_000_000_001 }, 'trade_implausible'],
    ['no number', { qty: 'null' }, 'qty_malformed'],
    ['trade id 0', { id: 0 }, 'trade_id_malformed'],
    ['a market that was not asked for', { symbol: 'ETH/USD' }, 'symbol_malformed'],
    ['another side', { side: 'both' }, 'side_malformed'],
    ['another order type', { ordType: 'stop' }, 'order_type_malformed'],
    ['a day that does not exist', { timestamp: '2026-02-30T17:48:26.844359Z' }, 'time_malformed'],
    ['a local time', { timestamp: 'noon' }, 'time_malformed'],
  ])('with %s loses that trade, not those beside it', (_, fields, code) => {
    frames.believeUpTo(parseTime('2026-09-25T17:54:26.844359Z'))
    const text = frame([item({ id: 6 }), item(fields), item({ id: 8 })])
    expect(frames.readSpelled(text)).toBeUndefined()
    const { trades, rejected } = parsed(text)
    expect(trades.map(({ tradeId }) => tradeId)).toEqual([6, 8])
    expect(rejected).toMatchObject([{ raw: item(fields), code }])
  })

  it('after one with a day that does not exist is read like any other', () => {
    expect(frames.readSpelled(frame([item({ timestamp: '2026-13-01T00:00:00.000000Z' })]))).toBeUndefined()
    expect(frames.readSpelled(frame([item()]))?.trades[0]?.eventTime).toBe(1_790_358_506_844_359)
  })

  it('that does not end where it should is left to the parser', () => {
    for (const text of [`${frame([item()])} `, frame([item()]).slice(0, -1), `${frame([item()])}}`, frame([])]) {
      expect(frames.readSpelled(text)).toBeUndefined()
    }
  })

  it('without a list of trades, or of another type, is malformed', () => {
    expect(() => parsed('{"channel":"trade","type":"update","data":{}}')).toThrow(MalformedError)
    expect(() => parsed('{"channel":"trade","type":"delete","data":[]}')).toThrow(MalformedError)
    expect(parsed('{"channel":"trade","type":"update","data":[7]}').rejected).toMatchObject([{ raw: '7' }])
  })
})
