import { UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { noChange } from './baselines.ts'
import { checkModelKinds, defineModel, standardKinds } from './define-model.ts'
import type { FittedModel, ModelKind } from './model.ts'

const constant = (value: number): FittedModel => ({ predict: () => value, toJSON: () => ({ value }) })
const own = defineModel({
  name: 'first-input',
  baseline: false,
  fit: () => ({ predict: ([first = Number.NaN]) => first * 1e-3, toJSON: () => null }),
  restore: () => ({ predict: ([first = Number.NaN]) => first * 1e-3, toJSON: () => null }),
})
const faultOf = (changes: Partial<ModelKind>) => () => checkModelKinds([noChange, { ...own, ...changes }])

describe('the check of model kinds', () => {
  it('passes the standard kinds and a sound one of the user', () => {
    expect(() => checkModelKinds([...standardKinds, own])).not.toThrow()
  })

  it.each(['', 'Own', 'own model', '-own', 'own-', '../own', '1st'])('refuses the name "%s"', (name) => {
    expect(faultOf({ name })).toThrow(UsageError)
    expect(faultOf({ name })).toThrow(`"${name}" is not a name`)
  })

  it('refuses a name that is there twice', () => {
    expect(() => checkModelKinds([...standardKinds, { ...own, name: 'elastic-net' }])).toThrow(
      '"elastic-net" is there twice',
    )
  })

  it('refuses a set without "no-change"', () => {
    expect(() => checkModelKinds([own])).toThrow('"no-change" is missing')
  })

  it('refuses a fit that throws, and says what it said', () => {
    const fit = () => {
      throw new Error('no GPU')
    }
    expect(faultOf({ fit })).toThrow('"first-input" fails on made rows: no GPU')
  })

  it('refuses predictions that are not finite', () => {
    expect(faultOf({ fit: () => constant(Number.NaN) })).toThrow('not finite')
  })

  it('refuses a fit that differs from time to time', () => {
    let calls = 0
    expect(faultOf({ fit: () => constant(calls++) })).toThrow('fits differently the second time')
  })

  it('refuses a model that JSON loses', () => {
    const bare = { ...constant(1), toJSON: () => undefined }
    expect(faultOf({ fit: () => bare })).toThrow('gives no JSON')
    expect(faultOf({ fit: () => constant(0.1), restore: () => constant(0.1 + 2 ** -55) })).toThrow(
      'differently after restore',
    )
  })

  it('names everything that is wrong at once', () => {
    const check = () =>
      checkModelKinds([
        { ...own, name: 'Own' },
        { ...own, fit: () => constant(Number.NaN) },
      ])
    expect(check).toThrow(/"Own" is not a name.*not finite.*"no-change" is missing/)
  })
})
