import type { Candle, EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineFeature } from './definition.ts'
import { defineFeatureSet } from './feature-set.ts'
import { historyFeatures } from './history.ts'
import { LiveFeatures } from './live.ts'
import type { FeatureRow } from './row.ts'
import { standardFeatures } from './standard-features.ts'
import { candle, type Shape } from './test-support/candles.ts'

const LOOK_BACK = 5
/** Sums in a fixed order: any other candle, order or start shows in the bits. */
const set = defineFeatureSet({
  name: 'test_features',
  version: 1,
  interval: '1m',
  features: [
    defineFeature({
      name: 'weightedClose',
      unit: 'quote',
      description: 'Weights fall from the newest.',
      lookBack: LOOK_BACK,
      inputs: ['close', 'volume', 'closeTime'],
      role: 'input',
      compute: ({ close, volume, closeTime }, at) => {
        let sum = 0
        for (let index = at - LOOK_BACK + 1; index <= at; index++) {
          sum =
            sum * 1.1 + (close[index] as number) * (1 + (volume[index] as number)) + (closeTime[index] as number) / 1e15
        }
        return sum
      },
    }),
    defineFeature({
      name: 'bought',
      unit: 'base',
      description: 'Bought volume of the newest candle.',
      lookBack: 1,
      inputs: ['buyVolume'],
      role: 'input',
      compute: ({ buyVolume }, at) => buyVolume[at] as number,
    }),
  ],
})
const standard = defineFeatureSet({ name: 'candle_features', version: 1, interval: '1m', features: standardFeatures })

const shape = fc.record({
  /** Mostly neighbours, some gaps inside the grid, some that start it anew. */
  steps: fc.oneof(
    { weight: 20, arbitrary: fc.constant(1) },
    { weight: 5, arbitrary: fc.integer({ min: 2, max: LOOK_BACK }) },
    { weight: 1, arbitrary: fc.integer({ min: LOOK_BACK + 1, max: LOOK_BACK + 3 }) },
  ),
  price: fc.integer({ min: 1000, max: 9_999_999 }),
  spread: fc.integer({ min: 1, max: 900 }),
  quantity: fc.double({ min: 0.001, max: 1000, noNaN: true }),
  bought: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined, freq: 8 }),
})

function sequence(maxLength: number): fc.Arbitrary<Candle[]> {
  return fc.array(shape, { minLength: 1, maxLength, size: 'max' }).map((shapes) => {
    let window = 0
    return shapes.map(({ steps, ...rest }) => {
      window += steps
      return candle({ window, ...rest })
    })
  })
}

function pushAll(live: LiveFeatures, candles: readonly Candle[]): FeatureRow[] {
  return candles.flatMap((each) => live.push(each) as readonly FeatureRow[])
}

/** `toEqual` takes NaN for NaN and tells -0 from 0, and the rest of a number by its bits. */
function expectEqualBits(rows: readonly FeatureRow[], expected: readonly FeatureRow[]): void {
  expect(rows).toStrictEqual(expected)
}

describe('live and history give equal bits', () => {
  it('for any candles, gaps included', () => {
    fc.assert(
      fc.property(sequence(120), (candles) => {
        expectEqualBits(pushAll(new LiveFeatures(set), candles), historyFeatures(set, candles))
      }),
    )
  })

  it('for longer than the live grid has room', () => {
    const candles = Array.from({ length: 500 }, (_, window) => candle({ window, price: 5000 + ((window * 37) % 100) }))
    const rows = pushAll(new LiveFeatures(set), candles)
    expect(rows).toHaveLength(500 - LOOK_BACK + 1)
    expectEqualBits(rows, historyFeatures(set, candles))
  })

  it('wherever history starts', () => {
    fc.assert(
      fc.property(sequence(60), fc.nat(59), (candles, start) => {
        const all = pushAll(new LiveFeatures(set), candles)
        const later = historyFeatures(set, candles.slice(start))
        expectEqualBits(later, all.slice(all.length - later.length))
      }),
    )
  })

  it('wherever live was restarted from its checkpoint', () => {
    fc.assert(
      fc.property(sequence(60), fc.nat(60), (candles, stop) => {
        const first = new LiveFeatures(set)
        const rows = pushAll(first, candles.slice(0, stop))
        const second = new LiveFeatures(set)
        second.restore(JSON.parse(JSON.stringify(first.checkpoint())))
        rows.push(...pushAll(second, candles.slice(stop)))
        expectEqualBits(rows, historyFeatures(set, candles))
        expect(second.checkpoint()).toEqual(undisturbed(candles).checkpoint())
      }),
    )
  })

  it('for the standard features', () => {
    fc.assert(
      fc.property(sequence(300), fc.nat(300), (candles, stop) => {
        const first = new LiveFeatures(standard)
        const rows = pushAll(first, candles.slice(0, stop))
        const second = new LiveFeatures(standard)
        second.restore(JSON.parse(JSON.stringify(first.checkpoint())))
        rows.push(...pushAll(second, candles.slice(stop)))
        expectEqualBits(rows, historyFeatures(standard, candles))
      }),
      { numRuns: 25 },
    )
  })

  function undisturbed(candles: readonly Candle[]): LiveFeatures {
    const live = new LiveFeatures(set)
    pushAll(live, candles)
    return live
  }
})

describe('rows', () => {
  const shapes = (windows: readonly number[]): Shape[] => windows.map((window) => ({ window, price: 5000 + window }))
  const live = (windows: readonly number[]) =>
    pushAll(
      new LiveFeatures(set),
      shapes(windows).map((each) => candle(each)),
    )
  const windowsOf = (rows: readonly FeatureRow[]) => rows.map(({ lastTradeId }) => lastTradeId / 10 - 1)

  it('exist for traded windows once the look-back is there since the first candle', () => {
    expect(windowsOf(live([0, 1, 2, 3, 4, 5]))).toEqual([4, 5])
    expect(windowsOf(live([0, 3, 4, 6]))).toEqual([4, 6])
  })

  it('warm up again after a silence of more than the look-back', () => {
    expect(windowsOf(live([0, 1, 2, 3, 4, 9, 10]))).toEqual([4, 9, 10])
    expect(windowsOf(live([0, 1, 2, 3, 4, 10, 11, 12, 13, 14]))).toEqual([4, 14])
  })

  it('carry close time, availability and the trade ids of their look-back', () => {
    const [row] = live([0, 1, 2, 3, 4])
    const newest = candle({ window: 4, price: 5004 })
    expect(row).toMatchObject({
      symbol: 'BTC/USD',
      eventTime: newest.closeTime,
      availableAt: newest.closeTime,
      revision: 1,
    })
    expect(row).toMatchObject({ firstTradeId: 1, lastTradeId: 50 })
  })

  it('count the trade whose price a look-back beginning in a silence repeats', () => {
    expect(live([0, 1, 4, 5, 6]).at(-1)).toMatchObject({ firstTradeId: 20, lastTradeId: 70 })
  })

  it('of one symbol do not depend on those of another', () => {
    const features = new LiveFeatures(set)
    const rows = [0, 1, 2, 3, 4, 5].flatMap((window) => {
      pushAll(features, [candle({ window: window * 2, price: 70 }, 'ETH/USD')])
      return pushAll(features, [candle({ window, price: 5000 + window })])
    })
    expectEqualBits(rows, live([0, 1, 2, 3, 4, 5]))
  })
})

describe('a corrected candle', () => {
  const at = (window: number, price: number, revision: number) => candle({ window, price, revision })
  const running = (windows: readonly number[]) => {
    const live = new LiveFeatures(set)
    pushAll(
      live,
      windows.map((window) => at(window, 5000 + window, 1)),
    )
    return live
  }
  const later = (window: number) => (candle({ window, price: 5000 }).closeTime + 7) as EpochMicros

  it('makes the next revision of every row that read it, available when the correction was known', () => {
    const live = running([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const rows = live.push(at(6, 6000, 2), later(8)) as readonly FeatureRow[]
    expect(rows.map(({ lastTradeId, revision }) => [lastTradeId, revision])).toEqual([
      [70, 2],
      [80, 2],
      [90, 2],
    ])
    expect(rows.every(({ availableAt }) => availableAt === later(8))).toBe(true)
    const again = live.push(at(7, 6000, 2), later(8)) as readonly FeatureRow[]
    expect(again.map(({ revision }) => revision)).toEqual([3, 3])
  })

  it('known before a row was made belongs to its first revision', () => {
    const live = running([0, 1, 2])
    expect(live.push(at(1, 6000, 2), later(2))).toEqual([])
    expect(pushAll(live, [at(3, 5003, 1), at(4, 5004, 1)]).map(({ revision }) => revision)).toEqual([1])
  })

  it('older than the look-back of the newest row changes nothing and says so', () => {
    const live = running([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const before = live.checkpoint()
    expect(live.push(at(3, 6000, 2), later(8))).toBe('before-grid')
    expect(live.checkpoint()).toEqual(before)
    expect(running([]).push(at(3, 6000, 2))).toEqual([])
  })

  it('that it has already gives nothing', () => {
    const live = running([0, 1, 2, 3, 4, 5])
    expect(live.push(at(4, 9999, 1))).toEqual([])
    expect(live.push(at(1, 9999, 1))).toEqual([])
  })

  it('in a window that was thought empty makes its first row, and corrects the flat windows after it', () => {
    const live = running([0, 1, 2, 3, 4, 8, 9])
    const rows = live.push(at(6, 7000, 1), later(9)) as readonly FeatureRow[]
    expect(rows.map(({ lastTradeId, revision }) => [lastTradeId, revision])).toEqual([
      [70, 1],
      [90, 2],
      [100, 2],
    ])
  })

  it('leaves the newest revisions equal to history over the corrected candles', () => {
    const corrections = fc.array(
      fc.record({ after: fc.nat(60), age: fc.nat(6), price: fc.integer({ min: 1000, max: 99_999 }) }),
      {
        maxLength: 12,
      },
    )
    fc.assert(
      fc.property(sequence(60), corrections, fc.nat(60), (candles, corrections, restart) => {
        let live = new LiveFeatures(set)
        const known = new Map<number, Candle>()
        const newest = new Map<number, FeatureRow>()
        for (const [index, each] of candles.entries()) {
          take(live, each, known, newest)
          for (const { age, price } of corrections.filter(({ after }) => after === index)) {
            correct(
              live,
              (each.openTime - candle({ window: 0, price: 5000 }).openTime) / 60e6 - age,
              price,
              known,
              newest,
            )
          }
          if (index !== restart) continue
          const restored = new LiveFeatures(set)
          restored.restore(JSON.parse(JSON.stringify(live.checkpoint())))
          live = restored
        }
      }),
    )
  })

  function correct(
    live: LiveFeatures,
    window: number,
    price: number,
    known: Map<number, Candle>,
    newest: Map<number, FeatureRow>,
  ): void {
    if (window < 0) return
    const revision = (known.get(candle({ window, price }).openTime)?.revision ?? 0) + 1
    take(live, candle({ window, price, revision }), known, newest)
  }

  /** Each row taken is one revision above the one before; what is not made again is still what history gives. */
  function take(live: LiveFeatures, next: Candle, known: Map<number, Candle>, newest: Map<number, FeatureRow>): void {
    const rows = live.push(next)
    if (rows === 'before-grid') return
    known.set(next.openTime, next)
    for (const row of rows) {
      expect(row.revision).toBe((newest.get(row.eventTime)?.revision ?? 0) + 1)
      newest.set(row.eventTime, row)
    }
    const candles = [...known.values()].sort((a, b) => a.openTime - b.openTime)
    const plain = (row: FeatureRow) => ({ ...row, revision: 1, availableAt: row.eventTime })
    expectEqualBits(
      historyFeatures(set, candles),
      [...newest.values()].sort((a, b) => a.eventTime - b.eventTime).map(plain),
    )
  }
})

describe('an unexpected candle', () => {
  const live = () => new LiveFeatures(set)

  it('of another interval, or provisional, is refused', () => {
    const hourly = candle({ window: 0, price: 100 }, 'BTC/USD', '1h')
    expect(() => live().push(hourly)).toThrow(/final 1h candle of BTC\/USD.*1m grid/)
    expect(() => live().push({ ...candle({ window: 0, price: 100 }), state: 'provisional' })).toThrow(/provisional/)
  })

  it('that does not ascend is refused by history', () => {
    const candles = [candle({ window: 1, price: 100 }), candle({ window: 1, price: 100 })]
    expect(() => historyFeatures(set, candles)).toThrow(/must ascend/)
    expect(() =>
      historyFeatures(set, [candle({ window: 9, price: 5000 }), candle({ window: 1, price: 5000 })]),
    ).toThrow(/must ascend/)
  })

  it('of another symbol is refused by history', () => {
    const candles = [candle({ window: 1, price: 100 }), candle({ window: 2, price: 100 }, 'ETH/USD')]
    expect(() => historyFeatures(set, candles)).toThrow(/ETH\/USD/)
  })
})
