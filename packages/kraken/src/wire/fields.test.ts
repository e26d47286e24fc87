import { decimalText, MalformedError, parseSeconds } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NumberText } from './exact-json.ts'
import {
  plainDecimal,
  positivePrice,
  positiveQuantity,
  readDecimal,
  readNumber,
  readOrderType,
  readSeconds,
  readSide,
  readTradeId,
} from './fields.ts'

/** Digits with a point and an exponent in any place, mostly numbers, sometimes not. */
const numberish = fc
  .tuple(
    fc.stringMatching(/^[0-9]{0,12}$/),
    fc.constantFrom('', '.', '..', '-'),
    fc.stringMatching(/^[0-9]{0,8}0{0,4}$/),
    fc.constantFrom('', '', '', 'e-3', 'E2', ' '),
  )
  .map((parts) => parts.join(''))
const decimals = fc.option(fc.nat(9), { nil: undefined })

const outcome = (read: () => unknown): unknown => {
  try {
    return read()
  } catch (thrown) {
    return thrown instanceof MalformedError ? thrown.code : thrown
  }
}

describe('numbers of the wire', () => {
  it('are read like decimalText reads them', () => {
    fc.assert(
      fc.property(numberish, decimals, (text, decimals) => {
        expect(outcome(() => readDecimal(text, decimals))).toEqual(outcome(() => decimalText(text, decimals)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('take the quick way where the venue pads or cuts zeros', () => {
    expect(plainDecimal('105433.60000', 1)).toBe('105433.6')
    expect(plainDecimal('0.5', 8)).toBe('0.50000000')
    expect(plainDecimal('83744', 2)).toBe('83744.00')
    expect(plainDecimal('83744', 0)).toBe('83744')
    expect(plainDecimal('105433.61', 1)).toBeUndefined()
    expect(plainDecimal('1E-8', 8)).toBeUndefined()
  })

  it('are lexemes, also where the venue writes them as texts', () => {
    expect(readNumber('price', new NumberText('1.50'))).toBe('1.50')
    expect(readNumber('price', '1.50')).toBe('1.50')
    expect(readNumber('increment', '1e-08')).toBe('1e-08')
    for (const text of ['', ' 1', '1.', '.5', '01', '0x10', 'NaN', 'Infinity', '1,5'])
      expect(() => readNumber('price', text)).toThrow(`price is "${text}"; expected a number`)
    expect(() => readNumber('price', undefined)).toThrow('price is absent')
  })
})

it('seconds are read like parseSeconds reads them', () => {
  fc.assert(
    fc.property(numberish, (text) => {
      expect(outcome(() => readSeconds(text))).toEqual(outcome(() => parseSeconds(text)))
    }),
    { numRuns: 2_000 },
  )
  expect(readSeconds('1762795433.9717445')).toBe(1_762_795_433_971_744)
  expect(readSeconds('1672531436')).toBe(1_672_531_436_000_000)
})

it('a trade id is a whole number from 1 that a number holds', () => {
  expect(readTradeId('109116693')).toBe(109_116_693)
  for (const text of ['0', '-1', '1.5', '', '1e3', '9007199254740993', '18125794168470749634']) {
    expect(() => readTradeId(text)).toThrow(MalformedError)
  }
})

it('a quantity is above zero', () => {
  expect(positiveQuantity(decimalText('0.00000001'))).toBe('0.00000001')
  expect(() => positiveQuantity(decimalText('0.00000000'))).toThrow('quantity is "0.00000000"; expected above zero')
})

it('a price is above zero', () => {
  expect(positivePrice(decimalText('0.01'))).toBe('0.01')
  expect(() => positivePrice(decimalText('0.00'))).toThrow('expected above zero')
})

it('sides and order types have a short and a long spelling', () => {
  expect(['b', 'buy', 's', 'sell'].map(readSide)).toEqual(['buy', 'buy', 'sell', 'sell'])
  expect(['m', 'market', 'l', 'limit'].map(readOrderType)).toEqual(['market', 'market', 'limit', 'limit'])
  expect(() => readSide('x')).toThrow('side is "x"')
  expect(() => readOrderType(undefined)).toThrow('order_type is absent')
})
