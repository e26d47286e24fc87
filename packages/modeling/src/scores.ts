import type { CandidateScore } from './model-version.ts'
import { type Estimate, mean, meanWithError, tStatistic } from './statistics.ts'

/** What a kind said out of sample: `predictions[i]` of `outcomes[i]`, the same rows for every candidate. */
export interface Candidate {
  readonly kind: string
  readonly baseline: boolean
  readonly predictions: readonly number[]
}

/** Scores candidates on the same rows, in event-time order; `lag` is how many following labels one overlaps with. */
export function scoreCandidates(
  candidates: readonly Candidate[],
  outcomes: readonly number[],
  lag: number,
): readonly CandidateScore[] {
  const noChange = outcomes.map((outcome) => outcome ** 2)
  const squared = candidates.map(({ predictions }) => squaredErrors(predictions, outcomes))
  const best = squared
    .filter((_, at) => candidates[at]?.baseline)
    .reduce((best, next) => (mean(next) < mean(best) ? next : best), noChange)
  return candidates.map(({ kind, baseline, predictions }, at) => {
    const own = squared[at] as readonly number[]
    const difference = gain(best, own, lag)
    return {
      kind,
      baseline,
      count: outcomes.length,
      mse: mean(own),
      mae: mean(predictions.map((prediction, row) => Math.abs((outcomes[row] as number) - prediction))),
      skill: 1 - mean(own) / mean(noChange),
      skillStandardError: gain(noChange, own, lag).standardError / mean(noChange),
      mseDifference: difference.mean,
      mseDifferenceStandardError: difference.standardError,
      tStatistic: tStatistic(difference),
    }
  })
}

function squaredErrors(predictions: readonly number[], outcomes: readonly number[]): readonly number[] {
  return predictions.map((prediction, row) => ((outcomes[row] as number) - prediction) ** 2)
}

/** By how much `own` squared errors are smaller than `others`, on average. */
function gain(others: readonly number[], own: readonly number[], lag: number): Estimate {
  return meanWithError(
    others.map((other, row) => other - (own[row] as number)),
    lag,
  )
}
