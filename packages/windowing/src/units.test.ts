import { type DecimalText, decimalsOf, fromUnits, toUnits } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactUnits, textOfUnits } from './units.ts'

describe('exactUnits', () => {
  it('reads decimal text of up to fifteen digits as an integer', () => {
    const digits = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), fc.nat({ max: 14 }))
    const property = fc.property(digits, ([units, decimals]) => {
      const text = units.toString().padStart(decimals + 1, '0')
      const decimal = decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
      expect(exactUnits(decimal, decimals)).toBe(Number(toUnits(decimal, decimals)))
      expect(decimalsOf(decimal as DecimalText)).toBe(decimals)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it.each([
    ['1.5', 0],
    ['1.50', 1],
    ['1.5', 2],
    ['15', 1],
    ['5', 3],
    ['1234567.5', 0],
    ['1234567890123456', 0],
    ['1234567890.123456', 6],
  ])('leaves %s with %i decimals to others', (text, decimals) => {
    expect(exactUnits(text, decimals)).toBe(-1)
  })
})

describe('textOfUnits', () => {
  const near = fc.tuple(fc.nat({ max: 9_007_199 }), fc.integer({ min: -2, max: 2 }))
  const units = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(),
    near.map(([whole, by]) => Math.max(0, whole * 1e9 + by)),
    fc.nat({ max: 1000 }).map((below) => Number.MAX_SAFE_INTEGER - below),
  )

  it('writes what fromUnits writes', () => {
    const property = fc.property(units, fc.nat({ max: 14 }), (units, decimals) => {
      expect(textOfUnits(units, decimals)).toBe(fromUnits(units, decimals))
      expect(textOfUnits(BigInt(units), decimals)).toBe(fromUnits(units, decimals))
    })
    fc.assert(property, { numRuns: 1000 })
  })
})
