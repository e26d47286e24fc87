import { noChange } from './baselines.ts'
import type { CandidateScore } from './model-version.ts'
import { tStatistic } from './statistics.ts'

/** Skill is claimed from this t statistic on: by chance it is reached about once in 40 times. */
export const CLAIM_T_STATISTIC = 2

export interface Promotion {
  readonly kind: string
  readonly reason: string
}

/**
 * Decides which kind serves.
 *
 * Skill is claimed for a kind whose squared error is below the best baseline's by at least two standard errors; of
 * several the one with the least squared error. Where none is, a baseline serves: "no change", unless another baseline
 * beats it in the same way.
 */
export function promote(scores: readonly CandidateScore[]): Promotion {
  const claimed = scores.filter((score) => !score.baseline && score.tStatistic >= CLAIM_T_STATISTIC)
  const champion = leastMse(claimed)
  if (champion !== undefined) {
    return { kind: champion.kind, reason: `${champion.kind} beats the best baseline: ${evidence(champion)}.` }
  }
  const baseline = servingBaseline(scores)
  return { kind: baseline, reason: `${withoutSkill(scores)}: the baseline ${baseline} serves.` }
}

function servingBaseline(scores: readonly CandidateScore[]): string {
  const better = scores.filter((score) => score.baseline && skillT(score) >= CLAIM_T_STATISTIC)
  return leastMse(better)?.kind ?? noChange.name
}

function skillT({ skill, skillStandardError }: CandidateScore): number {
  return tStatistic({ mean: skill, standardError: skillStandardError })
}

function leastMse(scores: readonly CandidateScore[]): CandidateScore | undefined {
  return scores.toSorted((a, b) => a.mse - b.mse)[0]
}

function withoutSkill(scores: readonly CandidateScore[]): string {
  const models = scores.filter(({ baseline }) => !baseline)
  if (models.length === 0) return 'Only baselines took part'
  const list = models.map((score) => `${score.kind}: ${evidence(score)}`).join('; ')
  return `No model beats the best baseline by two standard errors (${list})`
}

function evidence({ skill, tStatistic, count }: CandidateScore): string {
  return `skill ${(skill * 100).toFixed(2)} %, t ${tStatistic.toFixed(2)} over ${count} out-of-sample rows`
}
