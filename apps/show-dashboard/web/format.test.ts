import { describe, expect, it } from 'vitest'
import { age, basisPoints, completeness, price, signedPercent } from './format.ts'

describe('what the page writes', () => {
  it('groups the digits of a price and keeps its decimals', () => {
    expect(['65123.40', '1234567', '999.9', '0.00044780'].map(price)).toEqual([
      '65,123.40',
      '1,234,567',
      '999.9',
      '0.00044780',
    ])
  })

  it('signs basis points and per cent, but not a zero', () => {
    expect([0.00012, -0.00012, 0, -0.0000001].map((value) => basisPoints(value))).toEqual([
      '+1.20',
      '\u22121.20',
      '0.00',
      '0.00',
    ])
    expect(signedPercent(0.0883)).toBe('+8.83 %')
  })

  it('says in one line what is complete', () => {
    const lines = [
      { completeToId: 90_838_327, holes: 0, exceptions: 0 },
      { completeToId: 7, holes: 1, exceptions: 2 },
      { completeToId: null, holes: 0, exceptions: 0 },
      { completeToId: 7, holes: 1, exceptions: 0, outage: true, backfill: 0.456, backfillSecondsLeft: 754 },
      { completeToId: null, holes: 0, exceptions: 0, backfill: 0 },
    ].map((facts) => completeness({ outage: false, backfill: 1, backfillSecondsLeft: null, ...facts }))
    expect(lines).toEqual([
      'complete to trade 90,838,327 · no holes',
      'complete to trade 7 · 1 hole · 2 exceptions',
      'no trade ids yet',
      'complete to trade 7 · 1 hole · outage not yet repaired · history 45 %, 13 min left',
      'no trade ids yet · history 0 %',
    ])
  })

  it('says an age in the unit that a reader would use', () => {
    expect([0.44, 42, 300, 7200, 259_200].map(age)).toEqual(['0.4 s', '42 s', '5 min', '2 h', '3 days'])
  })
})
