import { inspect } from 'node:util'
import { C1Error, formatSpan, intervalMicros, UsageError } from '@c1/market'
import { SETTINGS, type Setting, type Settings, shownText } from './settings.ts'

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
  const problems: string[] = [...unknownKeys(env, file), ...unusableValues(file)]
  const settings: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const setting of SETTINGS) {
    const { text, origin, name } = pick(setting, flags, env, file)
    origins[setting.key] = origin
    try {
      settings[setting.key] = setting.parse(text)
    } catch (error) {
      if (!(error instanceof C1Error)) throw error
      problems.push(`${name} "${shownText(setting, text)}": ${error.message}`)
    }
  }
  if (problems.length === 0) followIntervals(settings as unknown as Settings, origins)
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
  if (isUsable(fromFile)) {
    return { text: [fromFile].flat().join(','), origin: 'c1.config.ts', name: `c1.config.ts ${key}` }
  }
  return { text: fallback, origin: 'default', name: key }
}

/** What was not set is never shorter than the candle that predictions are made on. */
function followIntervals(
  settings: { -readonly [Key in keyof Settings]: Settings[Key] },
  origins: Record<string, Origin>,
): void {
  const [shortest = '1m'] = settings.intervals
  for (const key of ['horizon', 'trainEvery'] as const) {
    if (origins[key] === 'default') settings[key] = Math.max(settings[key], intervalMicros(shortest))
  }
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

/** Text, a number or a list of them: what a user could have typed as a flag. */
function isUsable(value: unknown): value is Scalar | readonly Scalar[] {
  const scalar = (item: unknown): boolean => typeof item === 'string' || typeof item === 'number'
  return Array.isArray(value) ? value.every(scalar) : scalar(value)
}

type Scalar = string | number

function unusableValues(file: ConfigurationSources['file']): string[] {
  return SETTINGS.filter(({ key }) => file[key] !== undefined && !isUsable(file[key])).map(
    ({ key, default: example }) =>
      `c1.config.ts ${key} ${inspect(file[key])}: must be text, a number or a list, like '${example}'`,
  )
}

function nearest(name: string, known: readonly string[]): string {
  const [best = ''] = known.toSorted((a, b) => editDistance(a, name) - editDistance(b, name))
  return `Did you mean ${best}?`
}

/** Fewest letters to insert, delete or replace to make `a` into `b` (Levenshtein), one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const [diagonal = 0, above = 0] = row.slice(j, j + 2)
      next.push(Math.min(diagonal + (letter === other ? 0 : 1), above + 1, (next[j] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

function contradictions(settings: Settings): string[] {
  return [...contradictingTimes(settings), ...contradictingLogin(settings)]
}

function contradictingTimes({ horizon, intervals, trainEvery }: Settings): string[] {
  const [shortest = '1m'] = intervals
  const length = intervalMicros(shortest)
  const problems: string[] = []
  if (horizon < length || horizon % length !== 0) {
    const remedy = `predictions are made on ${shortest} candles, so it must be ${shortest} or a whole multiple of it`
    problems.push(`horizon ${formatSpan(horizon)}: ${remedy}`)
  }
  if (trainEvery < length) {
    problems.push(`trainEvery ${formatSpan(trainEvery)}: must not be shorter than the shortest candle, ${shortest}`)
  }
  return problems
}

/** Half a login would be refused by the broker, with less to go by. */
function contradictingLogin(settings: Settings): string[] {
  const { kafkaSaslMechanism, kafkaSaslPassword, kafkaSaslPasswordFile, kafkaSaslUsername } = settings
  const passwords = [kafkaSaslPassword, kafkaSaslPasswordFile].filter((text) => text !== '').length
  const problems: string[] = []
  if (passwords === 2) problems.push('kafkaSaslPassword and kafkaSaslPasswordFile: give one of them')
  const given = [kafkaSaslMechanism, kafkaSaslUsername].filter((text) => text !== '').length + Math.min(passwords, 1)
  if (given !== 0 && given !== 3) {
    problems.push('kafkaSaslMechanism, kafkaSaslUsername and a password: a login needs all three')
  }
  if ((settings.kafkaTlsCertFile === '') !== (settings.kafkaTlsKeyFile === '')) {
    problems.push('kafkaTlsCertFile and kafkaTlsKeyFile: a certificate needs its key, and a key its certificate')
  }
  return problems
}

function invalid(problems: readonly string[]): UsageError {
  return new UsageError(
    'configuration_invalid',
    `The configuration is not valid:\n${problems.map((line) => `  - ${line}`).join('\n')}`,
  )
}
