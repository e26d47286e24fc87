import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addId, addRange, countIds, hasId, type IdRange, type IdRanges, NO_IDS, withoutRange } from './trade-ids.ts'

/** Few ids, so that ranges overlap, touch and leave holes often. */
const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.nat({ max: 8 }))
  .map(([first, length]): IdRange => ({ first, last: first + length }))
const additions = fc.array(range, { maxLength: 20 })

const addAll = (ranges: readonly IdRange[]): IdRanges => ranges.reduce(addRange, NO_IDS)
const idsOf = ({ first, last }: IdRange): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)
const naive = (ranges: readonly IdRange[]): Set<number> => new Set(ranges.flatMap(idsOf))
const ascending = (ids: Iterable<number>): number[] => [...ids].toSorted((a, b) => a - b)

describe('a set of trade ids', () => {
  it('holds exactly the ids that were added, in any order', () => {
    fc.assert(
      fc.property(additions, (ranges) => {
        const set = addAll(ranges)
        const oracle = naive(ranges)
        expect(set.flatMap(idsOf)).toStrictEqual(ascending(oracle))
        expect(countIds(set)).toBe(oracle.size)
        for (let id = 0; id <= 70; id += 1) expect(hasId(set, id)).toBe(oracle.has(id))
      }),
    )
  })

  it('is the fewest ranges: ascending, disjoint and never touching', () => {
    fc.assert(
      fc.property(additions, (ranges) => {
        const set = addAll(ranges)
        expect(set.filter(({ first, last }) => first > last)).toStrictEqual([])
        expect(
          set.filter(({ first }, index) => index > 0 && first <= (set[index - 1] as IdRange).last + 1),
        ).toStrictEqual([])
      }),
    )
  })

  it('is the same for single ids as for ranges', () => {
    fc.assert(
      fc.property(additions, (ranges) => {
        expect(ranges.flatMap(idsOf).reduce(addId, NO_IDS)).toStrictEqual(addAll(ranges))
      }),
    )
  })

  it('lacks what was taken out of the naive set', () => {
    fc.assert(
      fc.property(additions, range, (ranges, less) => {
        const left = withoutRange(addAll(ranges), less)
        const oracle = [...naive(ranges)].filter((id) => id < less.first || id > less.last).sort((a, b) => a - b)
        expect(left.flatMap(idsOf)).toStrictEqual(oracle)
        expect(left).toStrictEqual(left.reduce(addRange, NO_IDS))
      }),
    )
  })

  it('is not changed by an addition', () => {
    fc.assert(
      fc.property(additions, range, (ranges, more) => {
        const set = addAll(ranges)
        const copy = structuredClone(set)
        addRange(set, more)
        expect(set).toStrictEqual(copy)
      }),
    )
  })

  it('is itself when the id was there already', () => {
    const set = addRange(NO_IDS, { first: 5, last: 9 })
    expect(addId(set, 7)).toBe(set)
    expect(addId(set, 10)).toStrictEqual([{ first: 5, last: 10 }])
    expect(addId(set, 11)).toStrictEqual([
      { first: 5, last: 9 },
      { first: 11, last: 11 },
    ])
  })

  it('is empty at first', () => {
    expect([countIds(NO_IDS), hasId(NO_IDS, 1)]).toStrictEqual([0, false])
  })
})
