import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KrakenRest, VenueClock } from '@c1/kraken'
import { type EpochMicros, type Instrument, type MarketSymbol, systemTime } from '@c1/market'
import { type Simulator, startSimulator } from '@c1/simulator'
import type { Context } from './context.ts'
import type { MarketSource } from './source.ts'
import { describeMarket, readIdentity, type SourceIdentity, writeIdentity } from './source-identity.ts'
import { asksForAll, listedInstruments, onlineSymbols } from './symbols.ts'

/** The market that trades come from, ready to be asked. */
export interface Venue {
  readonly rest: KrakenRest
  readonly wsUrl: string
  readonly instruments: readonly Instrument[]
  readonly clock: VenueClock
  readonly identity: SourceIdentity
  /** How often the venue's clock is asked for. */
  readonly pingIntervalMs: number
  close(): Promise<void>
}

const INSTRUMENTS_FILE = 'instruments.json'
const KRAKEN_PING_MS = 10_000
/** On loopback nobody minds, and a market that runs fast needs its clock compared often. */
const LOCAL_PING_MS = 500

/**
 * Starts the simulator where the source is one, and asks the venue for its markets.
 *
 * @throws UsageError `symbol_unknown`, `source_mixed`; C1Error `kraken_*` when the venue does not answer
 */
export async function openVenue(context: Context, source: MarketSource, directory: string): Promise<Venue> {
  const { settings, signal } = context
  const market = describeMarket(source, settings)
  const stored = readIdentity(directory, market)
  const simulator = await openSimulator(context, source, stored)
  try {
    const local = simulator !== undefined || isLoopback(settings.krakenRestUrl)
    const rest = new KrakenRest({
      baseUrl: simulator?.restUrl ?? settings.krakenRestUrl,
      // A server of one's own mostly has no limit; one that has is asked more slowly from its first refusal on.
      ...(local && { minIntervalMs: 0 }),
    })
    const listed = await rest.instruments(signal)
    const instruments = listedInstruments(listed, wantedSymbols(context, source, listed))
    saveInstruments(directory, listed)
    const identity = stored ?? writeIdentity(directory, market, await marketTime(rest, simulator, local, signal))
    const clock = new VenueClock(systemTime)
    clock.observe(await marketTime(rest, simulator, local, signal), systemTime())
    return {
      rest,
      wsUrl: simulator?.wsUrl ?? settings.krakenWsUrl,
      instruments,
      clock,
      identity,
      pingIntervalMs: local ? LOCAL_PING_MS : KRAKEN_PING_MS,
      close: async () => simulator?.close(),
    }
  } catch (error) {
    await simulator?.close()
    throw error
  }
}

/** The markets to follow, by the venue's list of the last start where all are asked for. */
export function followedSymbols({ settings, symbols }: Context, directory: string): readonly MarketSymbol[] {
  return asksForAll(settings.symbols) ? onlineSymbols(savedInstruments(directory)) : symbols
}

/** A replayed file has one market: it is followed, whatever the default symbols are. */
function wantedSymbols(
  { configuration, settings }: Context,
  source: MarketSource,
  listed: readonly Instrument[],
): readonly string[] {
  if (asksForAll(settings.symbols)) return onlineSymbols(listed)
  if (source.kind !== 'replay' || configuration.origins.symbols !== 'default') return settings.symbols
  return listed.map(({ symbol }) => symbol)
}

/** A simulated market goes on while nobody watches: after a restart its clock is where it would have been. */
function openSimulator(
  context: Context,
  source: MarketSource,
  stored: SourceIdentity | undefined,
): Promise<Simulator | undefined> {
  const { simulatorKind: kind, simulatorSeed: seed, simulatorSpeed: speed } = context.settings
  if (source.kind === 'kraken') return Promise.resolve(undefined)
  const elapsed = stored === undefined ? 0 : (systemTime() - stored.startedWall) * speed
  const start = stored === undefined ? {} : { start: Math.floor(stored.startedAt + elapsed) as EpochMicros }
  if (source.kind === 'simulator') return startSimulator({ kind, seed, speed, ...start })
  return startSimulator({ replay: source.file, speed, ...start })
}

/** The venue's time: to the second from a distance, exact from a simulator of our own. */
async function marketTime(
  rest: KrakenRest,
  simulator: Simulator | undefined,
  local: boolean,
  signal: AbortSignal,
): Promise<EpochMicros> {
  if (simulator !== undefined) return simulator.now()
  return local ? rest.time(signal) : systemTime()
}

export function isLoopback(url: string): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)
}

function saveInstruments(directory: string, instruments: readonly Instrument[]): void {
  const path = join(directory, INSTRUMENTS_FILE)
  writeFileSync(`${path}.new`, JSON.stringify(instruments))
  renameSync(`${path}.new`, path)
}

/** The instruments that the venue listed the last time, for commands that do not ask it. */
export function savedInstruments(directory: string): readonly Instrument[] {
  try {
    return JSON.parse(readFileSync(join(directory, INSTRUMENTS_FILE), 'utf8'))
  } catch {
    return []
  }
}
