import { type IdSpace, marketSymbol, type Trade, tradesOf } from '@c1/market'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { malformedRow } from '../wire/malformed-row.ts'
import type { ArchiveLayout } from './layout.ts'
import { type RejectedLine, RowColumns } from './row-columns.ts'
import { type RowMarket, rowReader } from './rows.ts'

const THREE: ArchiveLayout = { header: false, columns: { time: 0, price: 1, volume: 2 }, count: 3 }
const SEVEN: ArchiveLayout = {
  header: false,
  columns: { price: 0, volume: 1, time: 2, side: 3, orderType: 4, tradeId: 6 },
  count: 7,
}

function market(priceDecimals?: number, quantityDecimals?: number): RowMarket {
  return { symbol: marketSymbol('BTC/USD'), priceDecimals, quantityDecimals }
}

type Read = { readonly trades: readonly Trade[]; readonly rejected: readonly RejectedLine[] }

function byColumns(lines: readonly string[], layout: ArchiveLayout, of: RowMarket, idSpace: IdSpace): Read {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const { columns, rejected } = new RowColumns(layout, of, idSpace).read(bytes, 0, bytes.length)
  return { trades: tradesOf(columns), rejected }
}

/** Line by line, with an object for each. */
function byRows(lines: readonly string[], layout: ArchiveLayout, of: RowMarket, idSpace: IdSpace): Read {
  const readRow = rowReader(layout, of, idSpace)
  const trades: Trade[] = []
  const rejected: RejectedLine[] = []
  let ordinal = 0
  for (const [index, text] of lines.entries()) {
    const line = text.replace(/\r$/, '')
    if (line === '') continue
    ordinal += 1
    try {
      trades.push(readRow(Buffer.from(line).toString('latin1'), ordinal))
    } catch (thrown) {
      rejected.push({ line: index + 1, ...malformedRow(line, thrown) })
    }
  }
  return { trades, rejected }
}

const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^\\d{${min},${max}}$`))
const decimal = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.nat(99_999), digits(1, 9)).map(([whole, part]) => `${whole}.${part}`) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(99), digits(0, 3)).map(([whole, part]) => `${whole}.${part}00000`) },
  { weight: 2, arbitrary: fc.nat(1_000_000_000).map(String) },
  fc.constantFrom('0', '0.0', '007', '00.5', '1.', '.5', '-1', '', '1e-7', '2.5E+3', '1e40', 'NaN', '1.2.3', ' 1', 'é'),
)
const time = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1_000_000_000, max: 1_999_999_999 }).map(String) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(1_999_999_999), digits(1, 9)).map(([whole, part]) => `${whole}.${part}`) },
  fc.constantFrom('', '0', '1.', '.5', '99999999999', '9999999999', '12345678901', '1e9', '-5'),
)
const side = fc.constantFrom('b', 's', 'b', 's', '', 'buy', 'sell', 'x', 'bb')
const orderType = fc.constantFrom('m', 'l', 'm', 'l', '', 'market', 'limit', 'stop', 'ml')
const id = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 200_000_000 }).map(String) },
  fc.constantFrom('', '0', '01', '123456789012345', '1234567890123456', '9999999999999999', '-1', 'x'),
)
const end = fc.constantFrom('', '', '', '', '\r', '\r\r', ',', ' ')
const decimals = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined })

it('columns hold what reading the lines one by one gives, good and bad ones', () => {
  const three = fc.tuple(time, decimal, decimal).map((fields) => fields.join(','))
  const seven = fc
    .tuple(decimal, decimal, time, side, orderType, fc.constantFrom('', 'x'), id)
    .map((fields) => fields.join(','))
  const lines = (row: fc.Arbitrary<string>) =>
    fc.array(fc.oneof({ weight: 9, arbitrary: fc.tuple(row, end).map((parts) => parts.join('')) }, fc.constant('')))
  const cases: [ArchiveLayout, fc.Arbitrary<string>, IdSpace][] = [
    [THREE, three, 'file:0123456789ab'],
    [SEVEN, seven, 'venue'],
  ]
  for (const [layout, row, idSpace] of cases) {
    const property = fc.property(lines(row), decimals, decimals, (texts, priceDecimals, quantityDecimals) => {
      const of = market(priceDecimals, quantityDecimals)
      expect(byColumns(texts, layout, of, idSpace)).toEqual(byRows(texts, layout, of, idSpace))
    })
    fc.assert(property, { numRuns: 500 })
  }
})

it('a number of any length of text has room beside the others', () => {
  const lines = ['1672531436,1e250,1', ...Array.from({ length: 30 }, () => '1672531437,90.5,1'), '1672531438,1e-250,1']
  const of = market(1, 8)
  const ids = 'file:0123456789ab'
  expect(byColumns(lines, THREE, of, ids)).toEqual(byRows(lines, THREE, of, ids))
})
