/**
 * An inclusive range of trade ids.
 *
 * Kraken numbers the trades of a symbol densely, so a set of trades is a few ranges, and a hole between two is lost data.
 */
export interface IdRange {
  readonly first: number
  readonly last: number
}

/** A set of trade ids: disjoint ranges, ascending, never touching. */
export type IdRanges = readonly IdRange[]

export const NO_IDS: IdRanges = []

/** The set with `range` added. The given set is not changed. */
export function addRange(ranges: IdRanges, range: IdRange): IdRanges {
  const before = ranges.filter(({ last }) => last < range.first - 1)
  const after = ranges.filter(({ first }) => first > range.last + 1)
  const touched = ranges.slice(before.length, ranges.length - after.length)
  const merged = {
    first: Math.min(range.first, touched[0]?.first ?? range.first),
    last: Math.max(range.last, touched.at(-1)?.last ?? range.last),
  }
  return [...before, merged, ...after]
}

/** The set without the ids of `range`. The given set is not changed. */
export function withoutRange(ranges: IdRanges, range: IdRange): IdRanges {
  return ranges.flatMap(({ first, last }) =>
    [
      { first, last: Math.min(last, range.first - 1) },
      { first: Math.max(first, range.last + 1), last },
    ].filter((part) => part.first <= part.last),
  )
}

/** The set with one id added; the set itself when it was there already. */
export function addId(ranges: IdRanges, id: number): IdRanges {
  return hasId(ranges, id) ? ranges : addRange(ranges, { first: id, last: id })
}

export function hasId(ranges: IdRanges, id: number): boolean {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = ranges[middle] as IdRange
    if (id < range.first) high = middle - 1
    else if (id > range.last) low = middle + 1
    else return true
  }
  return false
}

/** How many ids the set holds. */
export function countIds(ranges: IdRanges): number {
  return ranges.reduce((count, { first, last }) => count + last - first + 1, 0)
}
