import { describe, expect, it } from 'vitest'
import type { ScoreRow } from '../src/wire.ts'
import { verdictOf } from './verdict.ts'

function score(changes: Partial<ScoreRow>): ScoreRow {
  const errors = { mse: 1, mae: 1, noChangeMse: 2, noChangeMae: 2 }
  const covered = { coverage: 0.8, targetCoverage: 0.8 }
  return { model: 'm', count: 500, ...errors, ...covered, skill: 0.05, skillStandardError: 0.02, ...changes }
}

describe('the verdict on a live score', () => {
  it('claims a difference only beyond two standard errors', () => {
    expect(verdictOf(score({})).tone).toBe('better')
    expect(verdictOf(score({ skill: -0.05 })).tone).toBe('worse')
    expect(verdictOf(score({ skillStandardError: 0.03 })).tone).toBe('even')
  })

  it('claims nothing of few outcomes, or without a standard error', () => {
    expect(verdictOf(score({ count: 29 })).tone).toBe('unknown')
    expect(verdictOf(score({ skillStandardError: null })).tone).toBe('unknown')
  })

  it('of the baseline itself is that it cannot differ', () => {
    expect(verdictOf(score({ skill: 0, mse: 2, skillStandardError: null })).words).toContain('itself')
  })
})
