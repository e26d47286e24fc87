import fc from 'fast-check'
import { expect, it } from 'vitest'
import { marketSymbol } from './instrument.ts'
import { gatherColumns, sliceColumns, stretchesOf, type TradeColumns, tradesOf } from './trade-columns.ts'

function columnsOf(ids: readonly number[]): TradeColumns {
  const texts = ids.flatMap((id) => [`${id}.5`, `0.${id}`])
  return {
    symbol: marketSymbol('BTC/USD'),
    idSpace: 'venue',
    count: ids.length,
    ids: Float64Array.from(ids),
    times: Float64Array.from(ids, (id) => id * 1e6),
    texts: Buffer.from(texts.join('')),
    bounds: Uint32Array.from([0, ...texts.keys()], (_, index) => texts.slice(0, index).join('').length),
    sides: new Uint8Array(ids.length),
    orderTypes: new Uint8Array(ids.length),
  }
}

it('a part of columns holds the trades of that part, and so does a part of a part', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), fc.nat(20), fc.nat(20), fc.nat(20), (ids, a, b, c) => {
      const columns = columnsOf(ids)
      const [from = 0, to = 0] = [a, b].map((at) => Math.min(at, ids.length)).toSorted((x, y) => x - y)
      const part = sliceColumns(columns, from, to)
      expect(tradesOf(part)).toEqual(tradesOf(columns).slice(from, to))
      const begin = Math.min(c, part.count)
      expect(tradesOf(sliceColumns(part, begin, part.count))).toEqual(tradesOf(columns).slice(from + begin, to))
    }),
  )
})

it('stretches are cut wherever an id does not follow the one before', () => {
  expect(stretchesOf(columnsOf([]))).toEqual([])
  expect(stretchesOf(columnsOf([5]))).toEqual([{ from: 0, to: 1 }])
  expect(stretchesOf(columnsOf([5, 6, 7, 9, 10, 10, 3]))).toEqual([
    { from: 0, to: 3 },
    { from: 3, to: 5 },
    { from: 5, to: 6 },
    { from: 6, to: 7 },
  ])
})

it('gathered stretches hold their trades and no others', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1 }), fc.array(fc.nat(50), { maxLength: 8 }), (ids, cuts) => {
      const columns = columnsOf(ids)
      const at = cuts.map((cut) => Math.min(cut, ids.length)).toSorted((a, b) => a - b)
      const stretches = at.slice(1).flatMap((to, index) => (index % 2 ? [] : [{ from: at[index] as number, to }]))
      const expected = stretches.flatMap(({ from, to }) => tradesOf(columns).slice(from, to))
      expect(tradesOf(gatherColumns(columns, stretches))).toEqual(expected)
    }),
  )
})
