import type { EpochMicros, MarketSymbol } from '@c1/market'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LiveScores } from './live-score.ts'
import type { Outcome } from './prediction.ts'
import { mean, meanWithError } from './statistics.ts'

const outcomeOf = (value: number, outcome: number, changes: Partial<Outcome> = {}): Outcome => ({
  symbol: 'BTC/USD' as MarketSymbol,
  asOf: 0 as EpochMicros,
  horizon: 60,
  model: 'BTC-USD-return-1m',
  version: 1,
  outcome,
  error: value - outcome,
  covered: Math.abs(value - outcome) < 1,
  coverage: 0.9,
  late: false,
  ...changes,
})
const scoreOf = (scores: LiveScores) => scores.score('BTC-USD-return-1m')

describe('a live score', () => {
  it('stands beside that of "no change"', () => {
    const scores = new LiveScores(60)
    scores.add(outcomeOf(1, 3))
    scores.add(outcomeOf(0, -1))
    scores.add(outcomeOf(2, 1.5))
    expect(scoreOf(scores)).toMatchObject({
      count: 3,
      mse: (4 + 1 + 0.25) / 3,
      mae: (2 + 1 + 0.5) / 3,
      noChangeMse: (9 + 1 + 2.25) / 3,
      noChangeMae: (3 + 1 + 1.5) / 3,
      skill: 1 - 5.25 / 12.25,
      coverage: 1 / 3,
    })
    expect(scoreOf(scores)?.targetCoverage).toBeCloseTo(0.9, 12)
  })

  it('does not count late predictions', () => {
    const scores = new LiveScores(60)
    scores.add(outcomeOf(1, 3, { late: true }))
    expect(scoreOf(scores)).toBeUndefined()
    expect(scores.models()).toEqual([])
    scores.add(outcomeOf(1, 2))
    const before = scoreOf(scores)
    scores.add(outcomeOf(1, 300, { late: true }))
    expect(scoreOf(scores)).toEqual(before)
  })

  it('is kept apart by model name', () => {
    const scores = new LiveScores(60)
    scores.add(outcomeOf(1, 3, { model: 'ETH-USD-return-1m' }))
    scores.add(outcomeOf(1, 3))
    scores.add(outcomeOf(1, 3, { version: 2 }))
    expect(scores.models()).toEqual(['BTC-USD-return-1m', 'ETH-USD-return-1m'])
    expect(scores.models().map((model) => scores.score(model)?.count)).toEqual([2, 1])
  })

  it('has no standard error from one outcome, nor skill in a market that stands still', () => {
    const scores = new LiveScores(60)
    scores.add(outcomeOf(1, 3))
    expect(scoreOf(scores)?.skillStandardError).toBeUndefined()
    const still = new LiveScores(60)
    for (let count = 0; count < 3; count++) still.add(outcomeOf(0.5, 0))
    expect(scoreOf(still)).toMatchObject({ skill: 0, skillStandardError: undefined, mse: 0.25, noChangeMse: 0 })
  })

  const pair = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }))

  it('has the standard error of the whole series, overlap included', () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 6 }), (pairs, lag) => {
        const scores = new LiveScores(60)
        for (const [value, outcome] of pairs) scores.add(outcomeOf(value, outcome, { horizon: 60 * (lag + 1) }))
        const differences = pairs.map(([value, outcome]) => outcome ** 2 - (value - outcome) ** 2)
        const noChangeMse = mean(pairs.map(([, outcome]) => outcome ** 2))
        const { standardError } = meanWithError(differences, lag)
        fc.pre(noChangeMse > 0 && Number.isFinite(standardError))
        expect(Math.abs((scoreOf(scores)?.skillStandardError as number) - standardError / noChangeMse)).toBeLessThan(
          1e-6,
        )
      }),
    )
  })

  it('goes on from a checkpoint as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 30 }), fc.nat({ max: 30 }), (pairs, cut) => {
        const outcomes = pairs.map(([value, outcome]) => outcomeOf(value, outcome, { horizon: 180 }))
        const whole = new LiveScores(60)
        for (const outcome of outcomes) whole.add(outcome)
        const first = new LiveScores(60)
        for (const outcome of outcomes.slice(0, cut)) first.add(outcome)
        const second = new LiveScores(60, JSON.parse(JSON.stringify(first.checkpoint())))
        for (const outcome of outcomes.slice(cut)) second.add(outcome)
        expect(second.checkpoint()).toEqual(whole.checkpoint())
        expect(scoreOf(second)).toEqual(scoreOf(whole))
      }),
    )
  })

  it('gives a checkpoint that later outcomes do not change', () => {
    const scores = new LiveScores(60)
    scores.add(outcomeOf(1, 3))
    const checkpoint = scores.checkpoint()
    const text = JSON.stringify(checkpoint)
    scores.add(outcomeOf(1, 3))
    expect(JSON.stringify(checkpoint)).toBe(text)
  })
})
