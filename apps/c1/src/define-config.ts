import type { FeatureDefinition } from '@c1/features'
import type { ModelKind } from '@c1/modeling'
import type { Settings } from '@c1/service'

/** What `c1.config.ts` may say. Settings are written as on the command line: `horizon: '5m'`, `symbols: ['BTC/USD']`. */
export interface UserConfig extends Partial<Record<keyof Settings, string | number | readonly string[]>> {
  /** Computed and stored beside the standard features, and given to the models. */
  readonly features?: readonly FeatureDefinition[]
  /** Ways to learn that compete with the standard ones. */
  readonly models?: readonly ModelKind[]
  /** Raise the version whenever `features` changes: rows of different columns are different groups. */
  readonly featureGroup?: { readonly name?: string; readonly version?: number }
}

/** Gives `c1.config.ts` its type. */
export function defineConfig(config: UserConfig): UserConfig {
  return config
}
