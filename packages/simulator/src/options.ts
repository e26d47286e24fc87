import { type EpochMicros, formatTime, systemTime, UsageError } from '@c1/market'
import type { FaultEntry } from './faults/fault.ts'
import type { RandomFaults } from './faults/random-faults.ts'
import type { Market } from './market/market.ts'
import { MARKET_KINDS, type MarketKind } from './market/signal.ts'

/** What a simulated venue is, and what goes wrong with it. */
export interface VenueOptions {
  /** Which synthetic market; default `noise`. */
  readonly kind?: MarketKind
  /** A file of real trades to serve instead of a synthetic market: anything that `readArchive` of @c1/kraken reads. */
  readonly replay?: string
  /** The market of a replayed file; default: read from the file's name, `XBTUSD.csv` is BTC/USD. */
  readonly symbol?: string
  /** Microseconds of a replayed file that have already happened at the start; default 12 hours, or half of a shorter file. */
  readonly history?: number
  /** Picks one of the synthetic markets; default 1. Equal seeds give equal trades, whenever they are asked for. */
  readonly seed?: number
  /** Multiplies the number of synthetic trades; default 1, about three trades a second over all pairs. */
  readonly activity?: number
  /** Simulated time at the start; default: the host's, or for a replay the end of its history. */
  readonly start?: EpochMicros
  /** Simulated seconds a second; default 1. */
  readonly speed?: number
  /** Whether REST `Trades` pages start at the very nanosecond of `since`; default true. Both are seen of the venue. */
  readonly sinceInclusive?: boolean
  /** REST calls a second before `EAPI:Rate limit exceeded`; default unlimited. */
  readonly restCallsPerSecond?: number
  /** What goes wrong and when, listed or drawn by seed; default nothing. */
  readonly faults?: readonly FaultEntry[] | RandomFaults
  /** How often new trades are sent and time passes, in wall milliseconds; default 25. */
  readonly feedIntervalMs?: number
  /** The market itself, instead of one drawn or replayed: it can be shared by venues. */
  readonly market?: Market
}

/** How to run a simulator. */
export interface SimulatorOptions extends VenueOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0, which takes any free port. */
  readonly port?: number
}

/** @throws UsageError for the first option that is wrong */
export function checkOptions(options: SimulatorOptions): void {
  const { kind, replay, seed, activity, speed, history, port, restCallsPerSecond, feedIntervalMs, faults } = options
  if (kind !== undefined && !MARKET_KINDS.includes(kind)) {
    throw refused('kind', kind, `choose from ${MARKET_KINDS.join(', ')}`)
  }
  for (const name of ['kind', 'seed', 'activity'] as const) {
    if (replay !== undefined && options[name] !== undefined) throw refused(name, options[name], 'a replay has none')
  }
  for (const name of ['symbol', 'history'] as const) {
    if (replay === undefined && options[name] !== undefined) throw refused(name, options[name], 'only a replay has one')
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw refused('seed', seed, 'give a whole number')
  if (faults !== undefined && 'seed' in faults && !Number.isSafeInteger(faults.seed))
    throw refused('faults', `random:${faults.seed}`, 'give a whole number as its seed')
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw refused('port', port, 'give a whole number from 0 to 65535')
  for (const [name, value] of Object.entries({ activity, speed, history, restCallsPerSecond, feedIntervalMs })) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value)))
      throw refused(name, value, 'give a number above 0')
  }
}

/** The simulated time at the start. @throws UsageError when it is before the market's first day or trade */
export function startTime(options: SimulatorOptions, market: Market, usual: EpochMicros = systemTime()): EpochMicros {
  const start = options.start ?? usual
  if (start < market.birth)
    throw refused('start', formatTime(start), `the market begins at ${formatTime(market.birth)}`)
  return start
}

function refused(option: string, value: unknown, remedy: string): UsageError {
  return new UsageError('simulator_option', `Simulator option ${option} was ${String(value)}: ${remedy}.`, {
    details: { option, value },
  })
}
