import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EpochMicros, formatTime, parseTime, systemTime, UsageError } from '@c1/market'
import type { Settings } from '@c1/service'
import type { MarketSource } from './source.ts'

/** What a source's folder was first used with. Another market under the same name would mix with it. */
export interface SourceIdentity {
  /** Kraken itself or another address; the seed and kind of a simulated market; the file of a replay. */
  readonly market: string
  /** The market's time at the first start. */
  readonly startedAt: EpochMicros
  /** The host's time then: with `startedAt` it says what time it is in a market of another speed. */
  readonly startedWall: EpochMicros
}

const FILE = 'source.json'

export function describeMarket(source: MarketSource, settings: Settings): string {
  const { krakenRestUrl, krakenWsUrl, simulatorKind, simulatorSeed, simulatorSpeed } = settings
  if (source.kind === 'simulator') return `${simulatorKind} seed ${simulatorSeed} speed ${simulatorSpeed}`
  if (source.kind === 'replay') return `${source.file} speed ${simulatorSpeed}`
  const own = [krakenRestUrl, krakenWsUrl].every((url) => new URL(url).hostname.endsWith('.kraken.com'))
  return own ? 'kraken.com' : 'another address'
}

/** @throws UsageError `source_mixed` when the folder was first used with another market */
export function readIdentity(directory: string, market: string): SourceIdentity | undefined {
  const path = join(directory, FILE)
  if (!existsSync(path)) return undefined
  const stored = parseIdentity(path)
  if (stored.market === market) return stored
  throw new UsageError(
    'source_mixed',
    `${directory} holds data of "${stored.market}" and cannot take "${market}": use another --data-dir.`,
  )
}

/** Written once, when the market's time is known. */
export function writeIdentity(directory: string, market: string, startedAt: EpochMicros): SourceIdentity {
  const identity = { market, startedAt, startedWall: systemTime() }
  const path = join(directory, FILE)
  const text = { ...identity, startedAt: formatTime(identity.startedAt), startedWall: formatTime(identity.startedWall) }
  writeFileSync(`${path}.new`, `${JSON.stringify(text, null, 2)}\n`)
  renameSync(`${path}.new`, path)
  return identity
}

function parseIdentity(path: string): SourceIdentity {
  try {
    const { market, startedAt, startedWall } = JSON.parse(readFileSync(path, 'utf8'))
    return { market: String(market), startedAt: parseTime(startedAt), startedWall: parseTime(startedWall) }
  } catch (cause) {
    throw new UsageError('source_damaged', `${path} cannot be read: restore it, or use another --data-dir.`, { cause })
  }
}
