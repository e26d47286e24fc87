import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UsageError } from './errors.ts'
import { findInstrument, type Instrument, marketSymbol, symbolSlug } from './instrument.ts'

const instrument = (text: string, ...aliases: string[]): Instrument => {
  const symbol = marketSymbol(text)
  const [base = '', quote = ''] = symbol.split('/')
  return { symbol, base, quote, priceDecimals: 1, quantityDecimals: 8, status: 'online', aliases }
}

const BTC_USD = instrument('BTC/USD', 'XBTUSD', 'XXBTZUSD', 'XBT/USD')
const LISTED = [
  instrument('ETH/USD', 'ETHUSD', 'XETHZUSD'),
  BTC_USD,
  instrument('BTC/EUR', 'XBTEUR', 'XXBTZEUR', 'XBT/EUR'),
  instrument('BTC/USDT', 'XBTUSDT', 'XBT/USDT'),
]

describe('findInstrument', () => {
  it.each(['BTC/USD', 'BTCUSD', 'BTC-USD', 'XBTUSD', 'XXBTZUSD', 'XBT/USD', 'XBT-USD'])(
    'knows %s in any letter case',
    (text) => {
      const letterCases = fc.tuple(...[...text].map((letter) => fc.constantFrom(letter, letter.toLowerCase())))
      fc.assert(fc.property(letterCases, (letters) => findInstrument(LISTED, letters.join('')) === BTC_USD))
    },
  )

  it('tells apart markets that read alike without the slash', () => {
    const alike = [instrument('ABC/D'), instrument('AB/CD')]
    expect(findInstrument(alike, 'AB/CD')).toBe(alike[1])
    expect(findInstrument(alike, 'ab-cd')).toBe(alike[1])
    expect(findInstrument(alike, 'ABC/D')).toBe(alike[0])
  })

  it('reads what can be iterated only once', () => {
    expect(findInstrument(LISTED.values(), 'xbtusd')).toBe(BTC_USD)
  })

  it('names markets of the same base for one that is not listed', () => {
    expect(() => findInstrument(LISTED, 'BTC/GBP')).toThrow(
      new UsageError(
        'symbol_unknown',
        'The venue lists no market "BTC/GBP". Did you mean BTC/USD, BTC/EUR, BTC/USDT?',
        { details: { spelling: 'BTC/GBP' } },
      ),
    )
  })

  it('names five at most', () => {
    const listed = ['USD', 'EUR', 'GBP', 'CHF', 'JPY', 'CAD'].map((quote) => instrument(`SOL/${quote}`))
    expect(() => findInstrument(listed, 'SOL/AUD')).toThrow(/SOL\/JPY\?$/)
    expect(() => findInstrument(listed, 'SOL/AUD')).not.toThrow('SOL/CAD')
  })

  it('shows how to write a symbol where nothing is near', () => {
    expect(() => findInstrument(LISTED, 'bitcoin')).toThrow(
      'The venue lists no market "bitcoin". Write it like BTC/USD.',
    )
    expect(() => findInstrument([], '')).toThrow('The venue lists no market "". Write it like BTC/USD.')
  })
})

describe('marketSymbol', () => {
  it.each(['BTC/USD', 'ETH2.S/ETH', '1INCH/EUR'])('takes %s', (text) => {
    expect(marketSymbol(text)).toBe(text)
  })

  it.each(['', 'BTC', 'BTCUSD', 'btc/usd', 'BTC-USD', 'BTC/USD/EUR', '/USD', 'BTC/', '../USD/..', 'BTC/USD\n'])(
    'refuses %j',
    (text) => {
      expect(() => marketSymbol(text)).toThrow(
        new UsageError('symbol_malformed', `"${text}" is not a symbol: write base and quote like BTC/USD.`),
      )
    },
  )
})

describe('symbolSlug', () => {
  it('is a path segment that no other symbol has, and is understood as a spelling', () => {
    const name = fc.string({ unit: fc.constantFrom(...'AB1.'), minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(name, name, name, name, (base, quote, otherBase, otherQuote) => {
        const [one, other] = [instrument(`${base}/${quote}`), instrument(`${otherBase}/${otherQuote}`)]
        expect(symbolSlug(one.symbol)).toMatch(/^[A-Z0-9.]+-[A-Z0-9.]+$/)
        expect(symbolSlug(one.symbol) === symbolSlug(other.symbol)).toBe(one.symbol === other.symbol)
        expect(findInstrument([other, one], symbolSlug(one.symbol)).symbol).toBe(one.symbol)
      }),
    )
  })
})
