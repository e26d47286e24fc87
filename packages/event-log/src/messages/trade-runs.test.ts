import { type EpochMicros, type IdSpace, marketSymbol, ORDER_TYPES, SIDES, sliceColumns, tradesOf } from '@c1/market'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { recordsOf } from '../record-run.ts'
import { TradeRuns } from './trade-runs.ts'
import { tradesCodec } from './trades.ts'

const text = fc.oneof(
  fc.constantFrom('0', '0.00000001', '9000.1', '123456789012345678901234567890.5'),
  fc.nat().map(String),
)
const row = fc.record({
  id: fc.oneof(fc.constantFrom(1, 8, 9, 10, 98, 99, 100, 999_998, Number.MAX_SAFE_INTEGER - 5), fc.nat(2 ** 31)),
  /** How many trades of following ids there are. */
  repeated: fc.nat(3),
  time: fc.oneof(
    fc.integer({ min: 0, max: 2_000_000_000 }).map((seconds) => seconds * 1e6),
    fc.integer({ min: 0, max: 2_000_000_000_000_000 }),
  ),
  price: text,
  quantity: text,
  side: fc.nat(2),
  orderType: fc.nat(2),
})
const idSpace = fc.constantFrom<IdSpace>('venue', 'file:0123456789ab')

it('a run holds the records that the codec makes of each trade, byte for byte', () => {
  const runs = new TradeRuns('kraken')
  const codec = tradesCodec('kraken')
  const property = fc.property(fc.array(row, { maxLength: 20 }), idSpace, fc.nat(20), (rows, idSpace, skipped) => {
    const trades = rows.flatMap(({ id, repeated, ...rest }) =>
      Array.from({ length: repeated + 1 }, (_, index) => ({ ...rest, id: id + index })),
    )
    const texts = trades.flatMap(({ price, quantity }) => [price, quantity])
    const columns = {
      symbol: marketSymbol('BTC/USD'),
      idSpace,
      count: trades.length,
      ids: Float64Array.from(trades, ({ id }) => id),
      times: Float64Array.from(trades, ({ time }) => time as EpochMicros),
      texts: Buffer.from(texts.join('')),
      bounds: Uint32Array.from([0, ...texts.keys()], (_, index) => texts.slice(0, index).join('').length),
      sides: Uint8Array.from(trades, ({ side }) => side),
      orderTypes: Uint8Array.from(trades, ({ orderType }) => orderType),
    }
    const some = sliceColumns(columns, Math.min(skipped, trades.length), trades.length)
    const expected = tradesOf(some).map((trade) => codec.encode({ kind: 'trade', trade }))
    expect(tradesOf(some).map(({ side, orderType }) => [side, orderType])).toEqual(
      trades.slice(skipped).map(({ side, orderType }) => [SIDES[side], ORDER_TYPES[orderType]]),
    )
    expect(recordsOf(runs.encode(some)).map(readable)).toEqual(expected.map(readable))
  })
  fc.assert(property, { numRuns: 300 })
})

function readable<Record extends { readonly value: Uint8Array }>(
  record: Record,
): Omit<Record, 'value'> & { value: string } {
  return { ...record, value: Buffer.from(record.value).toString() }
}
