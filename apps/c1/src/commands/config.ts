import { formatSpan } from '@c1/market'
import { SETTINGS, shownText } from '@c1/service'
import type { Context } from '../context.ts'

const SPANS = new Set<string>(['horizon', 'backfill', 'trainEvery', 'trainWindow', 'retentionAge'])

/** The effective settings with where each came from. Secrets are masked. */
export function showConfig(
  { configuration: { origins, settings } }: Context,
  { json }: { readonly json: boolean },
): void {
  const rows = SETTINGS.map((setting) => {
    const { env, key } = setting
    return { key, value: shownText(setting, text(key, settings[key])), origin: origins[key], env }
  })
  if (json) process.stdout.write(`${JSON.stringify(rows)}\n`)
  else
    for (const { key, value, origin, env } of rows)
      process.stdout.write(`${key.padEnd(21)} ${value.padEnd(36)} ${origin.padEnd(12)} ${env}\n`)
}

function text(key: string, value: unknown): string {
  if (SPANS.has(key)) return formatSpan(value as number)
  return Array.isArray(value) ? value.join(',') : String(value)
}
