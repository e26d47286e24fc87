import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineFeatureSet, type FeatureDefinition, type FeatureSet, standardFeatures } from '@c1/features'
import { type MarketSymbol, UsageError } from '@c1/market'
import { checkModelKinds, type ModelKind, standardKinds } from '@c1/modeling'
import { type Configuration, createLogger, type Logger, resolveConfiguration, type Settings } from '@c1/service'
import type { UserConfig } from './define-config.ts'
import { asksForAll, symbolOf } from './symbols.ts'

/** What every command starts from. */
export interface Context {
  readonly settings: Settings
  readonly configuration: Configuration
  /** Settings' symbols in C1's spelling, as far as that is known without asking the venue; none for all of them. */
  readonly symbols: readonly MarketSymbol[]
  readonly features: FeatureSet
  readonly kinds: readonly ModelKind[]
  /** URL of `c1.config.ts`, when it brings models: a training thread loads them itself. */
  readonly kindsModule: string | undefined
  readonly logger: Logger
  /** Aborts on Ctrl-C or a request to stop. */
  readonly signal: AbortSignal
  /** A path as the user typed it, from where the user stands: npm runs scripts in the root of the repository. */
  readonly path: (typed: string) => string
}

const CONFIG_FILE = 'c1.config.ts'

/** @throws UsageError naming everything that is wrong with flags, environment and `c1.config.ts` */
export async function openContext(
  flags: Readonly<Partial<Record<keyof Settings, string>>>,
  signal: AbortSignal,
): Promise<Context> {
  const home = process.env.INIT_CWD ?? process.cwd()
  const path = (typed: string): string => resolve(home, typed)
  const { file, config } = await loadUserConfig(path(CONFIG_FILE))
  const { features: ownFeatures = [], models = [], featureGroup = {}, ...fileSettings } = config
  const configuration = resolveConfiguration({ flags, env: process.env, file: fileSettings })
  const { settings } = configuration
  const kinds = [...standardKinds, ...models]
  checkModelKinds(kinds)
  return {
    settings,
    configuration,
    symbols: asksForAll(settings.symbols) ? [] : settings.symbols.map(symbolOf),
    features: featureSet(settings, featureGroup, ownFeatures),
    kinds,
    kindsModule: models.length > 0 ? file : undefined,
    logger: createLogger(settings.logLevel),
    signal,
    path,
  }
}

async function loadUserConfig(path: string): Promise<{ file: string | undefined; config: UserConfig }> {
  if (!existsSync(path)) return { file: undefined, config: {} }
  const file = pathToFileURL(path).href
  try {
    const { default: config } = (await import(file)) as { default?: UserConfig }
    if (config === undefined || typeof config !== 'object') throw new Error('it has no default export')
    return { file, config }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError(
      'config_unreadable',
      `${path} cannot be used: ${reason}. It must say: export default defineConfig({ ... }).`,
      {
        cause,
      },
    )
  }
}

function featureSet(
  { intervals }: Settings,
  { name = 'candle_features', version = 1 }: NonNullable<UserConfig['featureGroup']>,
  own: readonly FeatureDefinition[],
): FeatureSet {
  const [interval = '1m'] = intervals
  return defineFeatureSet({ name, version, interval, features: [...standardFeatures, ...own] })
}
