import type { ScoreRow } from '../src/wire.ts'
import { count } from './format.ts'

/** Below this many outcomes a standard error is itself a guess. */
const ENOUGH = 30

export interface Verdict {
  readonly tone: 'unknown' | 'even' | 'better' | 'worse'
  readonly words: string
}

/** What a live score allows to say, in plain words. */
export function verdictOf(score: ScoreRow): Verdict {
  const { skill, skillStandardError, count: outcomes } = score
  if (score.mse === score.noChangeMse && skill === 0) {
    return { tone: 'even', words: 'It says "no change" itself, so it cannot differ from the baseline.' }
  }
  if (skillStandardError === null || outcomes < ENOUGH) {
    return { tone: 'unknown', words: `Too few outcomes to say: ${count(outcomes)} of the ${ENOUGH} it takes at least.` }
  }
  if (Math.abs(skill) < 2 * skillStandardError) {
    return { tone: 'even', words: 'Within two standard errors of the baseline: no difference can be told.' }
  }
  return skill > 0
    ? { tone: 'better', words: 'Better than the baseline by more than two standard errors.' }
    : { tone: 'worse', words: 'Worse than the baseline by more than two standard errors.' }
}
