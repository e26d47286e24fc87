import { createHash } from 'node:crypto'
import { type Interval, UsageError } from '@c1/market'
import { checkFeature } from './check-feature.ts'
import type { FeatureDefinition } from './definition.ts'
import type { FeatureGroup } from './row.ts'

/** Features that are computed and stored together. */
export interface FeatureSet {
  readonly group: FeatureGroup
  /** In the order of the group's columns. */
  readonly features: readonly FeatureDefinition[]
  /** The longest look-back, in grid candles. A row needs as many since the first candle seen: the warm-up. */
  readonly maxLookBack: number
  /**
   * SHA-256 in hex of what the rows depend on: the group and of each feature its name, unit, look-back, inputs and the source
   * text of `compute`. What that calls is not part of it: a change there needs a new group version.
   */
  readonly digest: string
}

export interface FeatureSetOptions {
  /** Lower case, digits and underscores, 63 characters at most: the name of the feature group. */
  readonly name: string
  /** From 1; raise it when columns or their meaning change. */
  readonly version: number
  readonly interval: Interval
  readonly features: readonly FeatureDefinition[]
}

/**
 * Checks every feature (see `checkFeature`) and puts them together.
 *
 * @throws UsageError `feature_group_name`, `feature_group_version`, `feature_group_empty`, `feature_twice`, and those of `checkFeature`
 */
export function defineFeatureSet(options: FeatureSetOptions): FeatureSet {
  const { name, version, interval, features } = options
  checkGroup(options)
  for (const feature of features) checkFeature(feature)
  checkNames(features)
  const columns = features.map(({ name, unit, description, role }) => ({ name, unit, description, role }))
  return {
    group: { name, version, interval, features: columns },
    features,
    maxLookBack: Math.max(...features.map(({ lookBack }) => lookBack)),
    digest: digest(options),
  }
}

function checkGroup({ name, version, features }: FeatureSetOptions): void {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) {
    throw new UsageError(
      'feature_group_name',
      `"${name}" is not a name for a feature group: write it like candle_features (lower case, digits, underscores, at most 63).`,
    )
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new UsageError(
      'feature_group_version',
      `Feature group ${name} has version ${version}: use a whole number from 1.`,
    )
  }
  if (features.length === 0) {
    throw new UsageError('feature_group_empty', `Feature group ${name} has no features: give it at least one.`)
  }
}

/** Letter case does not tell columns apart in SQL. */
function checkNames(features: readonly FeatureDefinition[]): void {
  const seen = new Map<string, string>()
  for (const { name } of features) {
    const other = seen.get(name.toLowerCase())
    if (other !== undefined) {
      throw new UsageError('feature_twice', `Features "${other}" and "${name}" have one name: rename one of them.`)
    }
    seen.set(name.toLowerCase(), name)
  }
}

function digest({ name, version, interval, features }: FeatureSetOptions): string {
  const definitions = features.map(({ name, unit, lookBack, inputs, role, compute }) => {
    return { name, unit, lookBack, inputs, role, compute: String(compute).replace(/\s+/g, ' ') }
  })
  return createHash('sha256').update(JSON.stringify({ name, version, interval, definitions })).digest('hex')
}
