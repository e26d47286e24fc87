import { describe, expect, it } from 'vitest'
import { promote } from './promote.ts'
import { scoreCandidates } from './scores.ts'

const ROWS = 200
/** Outcomes of size 1 whose sign no simple rule tells. */
const outcomes = Array.from({ length: ROWS }, (_, row) => (Math.sin(row * row) > 0 ? 1 : -1))
const noise = Array.from({ length: ROWS }, (_, row) => Math.cos(row * row * 3))

const baseline = (kind: string, predictions: readonly number[]) => ({ kind, baseline: true, predictions })
const model = (kind: string, predictions: readonly number[]) => ({ kind, baseline: false, predictions })
const NO_CHANGE = baseline(
  'no-change',
  outcomes.map(() => 0),
)
const good = (share: number) => outcomes.map((outcome, row) => share * outcome + 0.1 * (noise[row] as number))
const promoted = (...candidates: ReturnType<typeof model>[]) =>
  promote(scoreCandidates([NO_CHANGE, ...candidates], outcomes, 0))

describe('scores', () => {
  it('count errors of the log return', () => {
    const [score] = scoreCandidates([baseline('no-change', [0, 0])], [3, -1], 0)
    expect(score).toMatchObject({
      kind: 'no-change',
      baseline: true,
      count: 2,
      mse: 5,
      mae: 2,
      skill: 0,
      tStatistic: 0,
    })
  })

  it('compare every candidate with the baseline that errs least', () => {
    const outcomes = [2, 3, 4, 3]
    const always = (value: number) => outcomes.map(() => value)
    const scores = scoreCandidates(
      [baseline('no-change', always(0)), baseline('mean', always(3)), model('own', [2, 3, 4, 2])],
      outcomes,
      0,
    )
    expect(scores.map(({ mse }) => mse)).toEqual([9.5, 0.5, 0.25])
    expect(scores.map(({ mseDifference }) => mseDifference)).toEqual([-9, 0, 0.25])
    expect(scores.map(({ skill }) => skill)).toEqual([0, 1 - 0.5 / 9.5, 1 - 0.25 / 9.5])
    // Differences 1, 0, 1, -1 against the mean: s^2 = 2.75 / 3.
    expect(scores[2]?.mseDifferenceStandardError).toBeCloseTo(Math.sqrt(2.75 / 3 / 4), 12)
    expect(scores[2]?.tStatistic).toBeCloseTo(0.25 / Math.sqrt(2.75 / 3 / 4), 12)
  })

  it('have wider errors where labels overlap', () => {
    const slow = outcomes.map((_, row) => Math.sin(row / 10))
    const score = (lag: number) =>
      scoreCandidates(
        [
          NO_CHANGE,
          model(
            'own',
            slow.map((value) => value / 2),
          ),
        ],
        slow,
        lag,
      )[1]?.skillStandardError as number
    expect(score(9)).toBeGreaterThan(2 * score(0))
  })
})

describe('promotion', () => {
  it('goes to the model that beats the best baseline by two standard errors', () => {
    expect(promoted(model('own', good(0.2)))).toEqual({
      kind: 'own',
      reason: expect.stringMatching(
        /^own beats the best baseline: skill \d+\.\d\d %, t \d+\.\d\d over 200 out-of-sample rows\.$/,
      ),
    })
  })

  it('goes to the one with the least error of several', () => {
    expect(promoted(model('fair', good(0.2)), model('better', good(0.5)), model('fairer', good(0.3))).kind).toBe(
      'better',
    )
  })

  it('goes to no change where a model is better by chance only', () => {
    const lucky = outcomes.map((outcome, row) => (row < 2 ? outcome : 0))
    const { kind, reason } = promoted(model('lucky', lucky))
    expect(kind).toBe('no-change')
    expect(reason).toMatch(/No model beats the best baseline by two standard errors \(lucky: skill 1\.00 %, t 1\.4/)
  })

  it('goes to no change where another baseline is better by chance only', () => {
    expect(
      promoted(
        baseline(
          'mean',
          outcomes.map((outcome, row) => (row < 2 ? outcome : 0)),
        ),
      ).kind,
    ).toBe('no-change')
  })

  it('goes to another baseline that beats no change by two standard errors', () => {
    const { kind, reason } = promoted(baseline('mean', good(0.2)), model('same', good(0.2)))
    expect(kind).toBe('mean')
    expect(reason).toMatch(/\(same: skill .*, t 0\.00 over 200 out-of-sample rows\): the baseline mean serves\.$/)
  })

  it('says when no model took part', () => {
    expect(promoted()).toEqual({
      kind: 'no-change',
      reason: 'Only baselines took part: the baseline no-change serves.',
    })
  })
})
