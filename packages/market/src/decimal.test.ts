import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareDecimals,
  type DecimalText,
  decimalsOf,
  decimalText,
  fromUnits,
  toUnits,
  trimDecimal,
} from './decimal.ts'
import { InvariantError, MalformedError } from './errors.ts'

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength })
/** As venues write it: `007.50`, `7.`, `7`, `75e-1`. */
const written = fc.tuple(digits(1, 25), fc.option(digits(0, 25)), fc.option(fc.integer({ min: -30, max: 30 })))
const plain = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.nat({ max: 20 }))
  .map(([units, decimals]) => fromUnits(units, decimals))

/** Value times 10^80, by arithmetic on whole numbers only. */
function scaled(whole: string, fraction: string, exponent: number): bigint {
  return BigInt(whole + fraction) * 10n ** BigInt(80 + exponent - fraction.length)
}

function valueIn(text: DecimalText): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return scaled(whole, fraction, 0)
}

describe('decimalText', () => {
  it('keeps the value of anything a venue writes, without exponent or leading zeros', () => {
    fc.assert(
      fc.property(written, ([whole, fraction, exponent]) => {
        const point = fraction === null ? '' : `.${fraction}`
        const text = decimalText(`${whole}${point}${exponent === null ? '' : `e${exponent}`}`)
        expect(text).toMatch(/^(0|[1-9]\d*)(\.\d+)?$/)
        expect(valueIn(text)).toBe(scaled(whole, fraction ?? '', exponent ?? 0))
      }),
    )
  })

  it.each([
    ['1E-8', '0.00000001'],
    ['1.5e+3', '1500'],
    ['0.00044780', '0.00044780'],
    ['16535.', '16535'],
    ['000', '0'],
    ['0e5', '0'],
    ['12.34e1', '123.4'],
    ['12.34e-3', '0.01234'],
  ])('writes %s as %s', (text, plain) => {
    expect(decimalText(text)).toBe(plain)
  })

  it('adds zeros and cuts zeros to the asked number of decimals', () => {
    expect(decimalText('30243.4', 5)).toBe('30243.40000')
    expect(decimalText('30243.40000', 1)).toBe('30243.4')
    expect(decimalText('5000000.000', 0)).toBe('5000000')
    expect(decimalText('5E-5', 8)).toBe('0.00005000')
  })

  it('never cuts a digit that is not zero', () => {
    expect(() => decimalText('30243.41', 1)).toThrow(
      expect.objectContaining({ code: 'decimal_malformed', message: '"30243.41" is not at most 1 decimals.' }),
    )
  })

  it('gives exactly the asked decimals or refuses, as whole-number arithmetic says', () => {
    fc.assert(
      fc.property(plain, fc.nat({ max: 22 }), (text, decimals) => {
        const fits = valueIn(text) % 10n ** BigInt(80 - decimals) === 0n
        if (!fits) {
          expect(() => decimalText(text, decimals)).toThrow(MalformedError)
          return
        }
        const padded = decimalText(text, decimals)
        expect(decimalsOf(padded)).toBe(decimals)
        expect(valueIn(padded)).toBe(valueIn(text))
      }),
    )
  })

  it.each(['', '.', '.5', '-1', '+1', '1,5', ' 1', '1\n', '1e', '1e1000', 'NaN', 'Infinity', '0x10', '1.2.3', '١'])(
    'refuses %j and names it',
    (text) => {
      expect(() => decimalText(text)).toThrow(
        new MalformedError('decimal_malformed', `"${text}" is not a decimal number that is not negative.`, {
          details: { text },
        }),
      )
    },
  )
})

describe('units', () => {
  it('go to text and back for any count and any decimals', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.nat({ max: 20 }), (units, decimals) => {
        const text = fromUnits(units, decimals)
        expect(toUnits(text, decimals)).toBe(units)
        expect(decimalsOf(text)).toBe(decimals)
      }),
    )
  })

  it('write the same from a number as from a bigint', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat({ max: 12 }), (units, decimals) => {
        expect(fromUnits(units, decimals)).toBe(fromUnits(BigInt(units), decimals))
      }),
    )
  })

  it('are counted in the asked step', () => {
    expect(toUnits('0.00044780', 8)).toBe(44780n)
    expect(toUnits('3', 2)).toBe(300n)
    expect(() => toUnits('0.001', 2)).toThrow(MalformedError)
  })

  it.each([-1, -1n, 1.5, 1e21, Number.NaN])('that are no count are refused: %s', (units) => {
    expect(() => fromUnits(units, 2)).toThrow(InvariantError)
  })
})

describe('compareDecimals', () => {
  it('orders by value, whatever the number of decimals', () => {
    fc.assert(
      fc.property(plain, plain, (a, b) => {
        const [left, right] = [valueIn(a), valueIn(b)]
        expect(compareDecimals(a, b)).toBe(left < right ? -1 : left > right ? 1 : 0)
      }),
    )
  })

  it('takes 1.0 and 1 as equal, and 10 as more than 9', () => {
    expect(compareDecimals(decimalText('1.0'), decimalText('1'))).toBe(0)
    expect(compareDecimals(decimalText('10'), decimalText('9'))).toBe(1)
  })
})

describe('trimDecimal', () => {
  it('drops trailing zeros after the point and nothing else', () => {
    fc.assert(
      fc.property(plain, (text) => {
        const trimmed = trimDecimal(text)
        expect(valueIn(trimmed)).toBe(valueIn(text))
        expect(trimmed).not.toMatch(/\.\d*0$|\.$/)
      }),
    )
  })

  it.each([
    ['16535.9700', '16535.97'],
    ['122.0', '122'],
    ['100', '100'],
    ['100.00', '100'],
    ['0.00', '0'],
  ])('writes %s as %s', (text, trimmed) => {
    expect(trimDecimal(decimalText(text))).toBe(trimmed)
  })
})
