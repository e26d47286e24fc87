import { C1Error, formatSpan, intervalMicros, UsageError } from '@c1/market'
import { SETTINGS, type Setting, type Settings } from './settings.ts'

/** Where an effective value came from. */
export type Origin = 'flag' | 'environment' | 'c1.config.ts' | 'default'

export interface Configuration {
  readonly settings: Settings
  readonly origins: Readonly<Record<keyof Settings, Origin>>
}

export interface ConfigurationSources {
  /** By setting key, as typed. */
  readonly flags: Readonly<Partial<Record<keyof Settings, string>>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** What `c1.config.ts` gave for settings: text, numbers or lists. */
  readonly file: Readonly<Record<string, unknown>>
}

/**
 * The effective settings: flags over environment over `c1.config.ts` over defaults.
 *
 * @throws UsageError `configuration_invalid`, naming every bad value and unknown key at once
 */
export function resolveConfiguration({ flags, env, file }: ConfigurationSources): Configuration {
  const problems: string[] = [...unknownKeys(env, file)]
  const settings: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const setting of SETTINGS) {
    const { text, origin, name } = pick(setting, flags, env, file)
    origins[setting.key] = origin
    try {
      settings[setting.key] = setting.parse(text)
    } catch (error) {
      if (!(error instanceof C1Error)) throw error
      problems.push(`${name} "${text}": ${error.message}`)
    }
  }
  if (problems.length === 0) problems.push(...contradictions(settings as unknown as Settings))
  if (problems.length > 0) throw invalid(problems)
  return { settings: Object.freeze(settings) as unknown as Settings, origins: origins as Configuration['origins'] }
}

function pick(
  { key, env: variable, flag, default: fallback }: Setting,
  flags: ConfigurationSources['flags'],
  env: ConfigurationSources['env'],
  file: ConfigurationSources['file'],
): { text: string; origin: Origin; name: string } {
  const fromFlag = flags[key]
  if (fromFlag !== undefined) return { text: fromFlag, origin: 'flag', name: `--${flag}` }
  const fromEnv = env[variable]
  if (fromEnv !== undefined && fromEnv !== '') return { text: fromEnv, origin: 'environment', name: variable }
  const fromFile = file[key]
  if (fromFile !== undefined) {
    return {
      text: Array.isArray(fromFile) ? fromFile.join(',') : String(fromFile),
      origin: 'c1.config.ts',
      name: `c1.config.ts ${key}`,
    }
  }
  return { text: fallback, origin: 'default', name: key }
}

function unknownKeys(env: ConfigurationSources['env'], file: ConfigurationSources['file']): string[] {
  const variables = new Set(SETTINGS.map(({ env }) => env))
  const keys = new Set<string>(SETTINGS.map(({ key }) => key))
  const strayVariables = Object.keys(env).filter((name) => name.startsWith('C1_') && !variables.has(name))
  const strayKeys = Object.keys(file).filter((key) => !keys.has(key))
  return [
    ...strayVariables.map((name) => `${name}: no such setting. ${nearest(name, [...variables])}`),
    ...strayKeys.map((key) => `c1.config.ts ${key}: no such setting. ${nearest(key, [...keys])}`),
  ]
}

function nearest(name: string, known: readonly string[]): string {
  const shared = (candidate: string): number => {
    let length = 0
    while (length < name.length && candidate[length] === name[length]) length += 1
    return length
  }
  const [best = ''] = known.toSorted((a, b) => shared(b) - shared(a))
  return `Did you mean ${best}?`
}

function contradictions({ horizon, intervals, trainEvery }: Settings): string[] {
  const [shortest = '1m'] = intervals
  const length = intervalMicros(shortest)
  const problems: string[] = []
  if (horizon < length)
    problems.push(`horizon ${formatSpan(horizon)} is shorter than the candle it is predicted from (${shortest})`)
  if (trainEvery < length) problems.push(`trainEvery ${formatSpan(trainEvery)} is shorter than a candle (${shortest})`)
  return problems
}

function invalid(problems: readonly string[]): UsageError {
  return new UsageError(
    'configuration_invalid',
    `The configuration is not valid:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
  )
}
