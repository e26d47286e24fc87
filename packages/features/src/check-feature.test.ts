import { UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { checkFeature } from './check-feature.ts'
import type { FeatureDefinition } from './definition.ts'

const sound: FeatureDefinition = {
  name: 'meanOf3',
  unit: 'quote',
  description: 'Mean close of three candles.',
  lookBack: 3,
  inputs: ['close'],
  role: 'input',
  compute: ({ close }, at) => ((close[at] as number) + (close[at - 1] as number) + (close[at - 2] as number)) / 3,
}

let calls = 0

const UNSOUND: [fact: string, change: Partial<FeatureDefinition>, code: string][] = [
  ['reads one candle too many', { lookBack: 2 }, 'feature_beyond_look_back'],
  [
    'reads far before its look-back',
    { compute: ({ close }, at) => close[at - 400] as number },
    'feature_beyond_look_back',
  ],
  ['reads before any candle', { compute: ({ close }, at) => (close[at - 4000] as number) / 2 }, 'feature_undetermined'],
  ['reads the future', { compute: ({ close }, at) => close[at + 1] as number }, 'feature_beyond_look_back'],
  [
    'hides what it reads in a comparison',
    { compute: ({ close }, at) => ((close[at - 3] as number) > 100 ? 1 : 0) },
    'feature_beyond_look_back',
  ],
  ['depends on where the columns start', { compute: (_, at) => at }, 'feature_beyond_look_back'],
  ['depends on their length', { compute: ({ close }) => close.length }, 'feature_beyond_look_back'],
  ['counts its calls', { compute: () => calls++ }, 'feature_not_repeatable'],
  ['reads an input it does not declare', { compute: ({ volume }, at) => volume[at] as number }, 'feature_failed'],
  [
    'throws',
    {
      compute: () => {
        throw new Error('no')
      },
    },
    'feature_failed',
  ],
  ['gives text', { compute: () => '1' as unknown as number }, 'feature_failed'],
  ['is never finite', { compute: () => Number.POSITIVE_INFINITY }, 'feature_undetermined'],
  ['writes into its columns', { compute: ({ close }, at) => (close[at] = 1) }, 'feature_changes_input'],
  ['has a name that is no column', { name: 'mean-of-3' }, 'feature_name'],
  ['has the name of another column', { name: 'eventTime' }, 'feature_name'],
  ['looks back 0 candles', { lookBack: 0 }, 'feature_look_back'],
  ['looks back half a candle', { lookBack: 1.5 }, 'feature_look_back'],
  ['looks back further than a grid is kept', { lookBack: 10_001 }, 'feature_look_back'],
  ['has an unknown input', { inputs: ['price' as 'close'] }, 'feature_input'],
]

describe('checkFeature', () => {
  it('accepts a feature that keeps what it declares', () => {
    expect(() => checkFeature(sound)).not.toThrow()
    expect(() => checkFeature({ ...sound, lookBack: 4 })).not.toThrow()
  })

  it.each(UNSOUND)('refuses one that %s', (_fact, change, code) => {
    const feature = { ...sound, ...change }
    const error = thrownBy(() => checkFeature(feature))
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({ code })
    expect((error as UsageError).message).toContain(`"${feature.name}"`)
  })
})

function thrownBy(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}
