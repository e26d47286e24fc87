import { describe, expect, it } from 'vitest'
import { defineFeature, type FeatureDefinition } from './definition.ts'
import { defineFeatureSet, type FeatureSetOptions } from './feature-set.ts'

const close = defineFeature({
  name: 'close',
  unit: 'quote',
  description: 'Close.',
  lookBack: 1,
  inputs: ['close'],
  role: 'label',
  compute: ({ close }, at) => close[at] as number,
})
const change: FeatureDefinition = {
  ...close,
  name: 'change',
  lookBack: 8,
  role: 'input',
  compute: ({ close }, at) => (close[at] as number) - (close[at - 7] as number),
}
const options: FeatureSetOptions = { name: 'my_features', version: 1, interval: '5m', features: [close, change] }

describe('defineFeatureSet', () => {
  it('gives the columns of the group in order and the longest look-back', () => {
    const set = defineFeatureSet(options)
    expect(set.maxLookBack).toBe(8)
    expect(set.group).toEqual({
      name: 'my_features',
      version: 1,
      interval: '5m',
      features: [
        { name: 'close', unit: 'quote', description: 'Close.', role: 'label' },
        { name: 'change', unit: 'quote', description: 'Close.', role: 'input' },
      ],
    })
  })

  it('has a digest that changes with every part of a definition', () => {
    const digests = [
      options,
      { ...options, version: 2 },
      { ...options, interval: '1m' as const },
      { ...options, features: [change, close] },
      { ...options, features: [close, { ...change, lookBack: 9 }] },
      { ...options, features: [close, { ...change, unit: 'percent' }] },
      { ...options, features: [close, { ...change, compute: close.compute }] },
    ].map((each) => defineFeatureSet(each).digest)
    expect(new Set(digests).size).toBe(digests.length)
    expect(defineFeatureSet(options).digest).toBe(digests[0])
  })

  it.each([
    ['a name that is no group', { name: 'My-Features' }, /"My-Features".*candle_features/],
    ['version 0', { version: 0 }, /version 0.*from 1/],
    ['no feature', { features: [] }, /at least one/],
    ['a feature twice', { features: [close, change, close] }, /"close" and "close".*rename/],
    [
      'names that differ in letter case only',
      { features: [change, { ...change, name: 'chAnge' }] },
      /"change" and "chAnge"/,
    ],
    ['an unsound feature', { features: [{ ...change, lookBack: 7 }] }, /"change" reads beyond its look-back of 7/],
  ])('refuses %s', (_fact, wrong, message) => {
    expect(() => defineFeatureSet({ ...options, ...wrong })).toThrow(message)
  })

  it('compute sees the declared inputs only', () => {
    defineFeature({
      ...close,
      // @ts-expect-error `volume` is not among the inputs
      compute: ({ volume }, at) => volume[at] as number,
    })
    expect(close.inputs).toEqual(['close'])
  })
})
