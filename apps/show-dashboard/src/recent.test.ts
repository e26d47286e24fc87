import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Recent } from './recent.ts'

interface Entry {
  readonly time: number
  readonly key: string
  readonly value: number
}

const entries = fc.array(
  fc.record({ time: fc.integer({ min: 0, max: 30 }), key: fc.constantFrom('a', 'b'), value: fc.integer() }),
)

function make(limit: number): Recent<Entry> {
  return new Recent<Entry>(
    limit,
    ({ time }) => time,
    (a, b) => a.key === b.key,
  )
}

/** The newest of each (time, key), in order of time. */
function naive(all: readonly Entry[]): Entry[] {
  const newest = new Map(all.map((entry) => [`${entry.time} ${entry.key}`, entry]))
  return [...newest.values()].sort((a, b) => a.time - b.time)
}

describe('the newest entries by time', () => {
  it('are the newest of each key in order of time, whatever order they came in', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 31 }), (all, from, to) => {
        const recent = make(1000)
        for (const entry of all) recent.put(entry)
        const expected = naive(all).filter(({ time }) => from <= time && time < to)
        expect(recent.range(from, to)).toEqual(expected)
        expect(recent.newest()).toEqual(naive(all).at(-1))
        for (const entry of all) expect(recent.find(entry)?.key).toBe(entry.key)
      }),
    )
  })

  it('are never more than the limit, and the oldest go', () => {
    const recent = make(3)
    for (const time of [5, 1, 4, 2, 3]) recent.put({ time, key: 'a', value: 0 })
    expect(recent.range(0, 100).map(({ time }) => time)).toEqual([3, 4, 5])
    expect(recent.find({ time: 2, key: 'a', value: 0 })).toBeUndefined()
  })
})
