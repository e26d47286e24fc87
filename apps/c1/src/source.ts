import { basename } from 'node:path'
import { KrakenRest } from '@c1/kraken'
import { UsageError } from '@c1/market'
import type { Settings } from '@c1/service'

/** Where the market's trades come from. Its folder is part of its identity: nothing of one source ever touches another. */
export type MarketSource =
  | { readonly kind: 'kraken'; readonly folder: 'kraken' }
  | { readonly kind: 'simulator'; readonly folder: 'simulator' }
  | { readonly kind: 'replay'; readonly folder: string; readonly file: string }

export function pinnedSource({ source }: Settings, path: (typed: string) => string): MarketSource | undefined {
  if (source === 'kraken' || source === 'simulator') return { kind: source, folder: source } as MarketSource
  if (source === 'auto') return undefined
  const file = path(source.slice('replay:'.length))
  return { kind: 'replay', folder: `replay-${basename(file).replace(/\.(csv|gz|zip|json)/g, '')}`, file }
}

/** Whether prices of the source are made up. */
export function isSimulated({ kind }: MarketSource): boolean {
  return kind === 'simulator'
}

const REACH_TIMEOUT_MS = 3000

/** The pinned source; else Kraken where it answers, and the simulator, with a word about it, where it does not. */
export async function reachableSource(
  settings: Settings,
  path: (typed: string) => string,
  tell: (line: string) => void,
): Promise<MarketSource> {
  const pinned = pinnedSource(settings, path)
  if (pinned !== undefined) return pinned
  const rest = new KrakenRest({ baseUrl: settings.krakenRestUrl, attempts: 1, timeoutMs: REACH_TIMEOUT_MS })
  try {
    await rest.systemStatus()
    return { kind: 'kraken', folder: 'kraken' }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    tell(`Kraken cannot be reached (${reason.replace(/\.$/, '')}).`)
    tell('Going on with the simulator: every price below is SIMULATED. Pin a source with --source kraken.')
    return { kind: 'simulator', folder: 'simulator' }
  }
}

/** For commands that read what is there: the pinned source, or the only one in the data directory. */
export function storedSource(settings: Settings, path: (typed: string) => string, folders: readonly string[]): string {
  const pinned = pinnedSource(settings, path)
  if (pinned !== undefined && folders.includes(pinned.folder)) return pinned.folder
  if (pinned !== undefined) {
    throw new UsageError(
      'data_missing',
      `${settings.dataDir} holds no data of ${pinned.folder}: start with "c1 up" or "c1 import".`,
    )
  }
  if (folders.length === 1) return folders[0] as string
  if (folders.length === 0) {
    throw new UsageError('data_missing', `${settings.dataDir} holds no data yet: start with "c1 up" or "c1 import".`)
  }
  throw new UsageError(
    'source_ambiguous',
    `${settings.dataDir} holds data of ${folders.join(', ')}: choose one with --source.`,
  )
}
