import { type EpochMicros, type MarketSymbol, marketSymbol, parseTime } from '@c1/market'
import { type FaultEntry, randomFaults } from '@c1/simulator'
import { Random } from './random.ts'

/** What is left of the ledger's checkpoint when a process dies: the newest, an older one, or none. A power cut also takes the end of the log. */
export type Remains = 'newest' | 'older' | 'none' | 'power-cut'

export interface Crash {
  /** Milliseconds after the start. */
  readonly at: number
  readonly downMs: number
  readonly remains: Remains
}

/** Everything that one run is made of: equal seeds make equal runs. */
export interface Schedule {
  readonly seed: number
  /** Multiplies the usual number of trades. */
  readonly activity: number
  readonly start: EpochMicros
  readonly symbols: readonly MarketSymbol[]
  /** Microseconds of history. */
  readonly backfill: number
  readonly sinceInclusive: boolean
  readonly restCallsPerSecond: number | undefined
  /** How far the clock of C1's host is ahead, in milliseconds. */
  readonly skewMs: number
  /** The longest that an append to the log takes but rarely. */
  readonly diskMs: number
  /** How often the venue sends what is new. */
  readonly feedIntervalMs: number
  readonly minutes: number
  readonly faults: readonly FaultEntry[]
  readonly crashes: readonly Crash[]
}

/** An hour of one day, so that the markets are drawn only once. */
const HOUR = parseTime('2026-03-04T10:00:00Z')
const HOUR_MICROS = 3_600_000_000
const MINUTE_MS = 60_000
/** BTC/USD has a trade a second at activity 1, KAVA/USD one in five minutes. */
const BUSY = marketSymbol('BTC/USD')
const OTHERS = ['ETH/BTC', 'DOGE/USD', 'BTC/USDT'].map(marketSymbol)
const SILENT = marketSymbol('KAVA/USD')
/**
 * How busy, with how many minutes of the hour having passed at most, so that history has a few pages, and how many trades may
 * happen at once: they are those of the next minutes, so that none comes for some time, and before one comes nothing can show
 * that the venue does not serve what is missing of them.
 */
const MARKETS = [
  { activity: 1, latestMinute: 30, bursts: [5, 40, 51] },
  { activity: 1, latestMinute: 30, bursts: [5, 40, 51] },
  { activity: 1, latestMinute: 5, bursts: [5, 40, 51] },
  { activity: 4, latestMinute: 8, bursts: [50, 999, 1001] },
  { activity: 10, latestMinute: 3, bursts: [999, 1000, 1001, 1700] },
] as const
/** A page of history. */
const PAGE_ROWS = 1000

/** The schedule of a seed: faults singly or mixed, and crashes of the process among them. */
export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed)
  const { activity, bursts, latestMinute } = random.one(MARKETS)
  const symbols = [BUSY, random.one(OTHERS), SILENT].slice(0, random.whole(1, 3))
  const minutes = random.whole(1, 3)
  return {
    seed,
    activity,
    start: (HOUR + random.whole(1000, latestMinute * MINUTE_MS) * 1000) as EpochMicros,
    symbols: random.oneIn(2) ? symbols : symbols.toReversed(),
    backfill: random.one([0, 0, 1, 1, 1, 1, activity === 1 ? HOUR_MICROS : 1]),
    sinceInclusive: !random.oneIn(3),
    restCallsPerSecond: random.one([undefined, undefined, 1, 0.5]),
    skewMs: random.one([0, 0, 0, random.whole(-5_000, 5_000), random.whole(-3_600_000, 3_600_000)]),
    diskMs: random.one([2, 2, 2, 50, 1_500]),
    feedIntervalMs: random.one([100, 200, 250]),
    minutes,
    faults: [...usualFaults(random, seed, symbols, minutes), ...burstOf(random, bursts, minutes)],
    crashes: crashes(random, minutes),
  }
}

/** Of one kind, of all kinds, or three times as dense. */
function usualFaults(
  random: Random,
  seed: number,
  symbols: readonly MarketSymbol[],
  minutes: number,
): readonly FaultEntry[] {
  const unserved = random.oneIn(3)
  const drawn = (seed: number, minutes: number): readonly FaultEntry[] =>
    randomFaults({ seed, unserved, minutes }, symbols).filter(({ trades = 0 }) => trades <= PAGE_ROWS)
  const mixture = random.one(['single', 'single', 'mixed', 'mixed', 'mixed', 'dense'] as const)
  if (mixture === 'single') return ofOneKind(random, drawn(seed, 20), minutes)
  return mixture === 'mixed' ? drawn(seed, minutes) : [0, 1, 2].flatMap((part) => drawn(seed + part / 4, minutes))
}

/** The faults of one kind, from a longer time moved into these minutes. */
function ofOneKind(random: Random, faults: readonly FaultEntry[], minutes: number): readonly FaultEntry[] {
  const { fault } = random.one(faults)
  const moved = (at: string): string => `+${Number.parseInt(at.slice(1), 10) % (minutes * MINUTE_MS)}ms`
  return faults.filter((entry) => entry.fault === fault).map((entry) => ({ ...entry, at: moved(entry.at) }))
}

/** More trades at one instant than a snapshot or a page of history holds, or just as many. */
function burstOf(random: Random, sizes: readonly number[], minutes: number): readonly FaultEntry[] {
  if (!random.oneIn(5)) return []
  const at = `+${random.whole(0, minutes * MINUTE_MS)}ms`
  return [{ at, fault: 'burst', symbols: [BUSY], trades: random.one(sizes) }]
}

/** Few, or one after the other. */
function crashes(random: Random, minutes: number): readonly Crash[] {
  const isStorm = random.oneIn(10)
  const count = isStorm ? random.whole(8, 20) : random.one([0, 0, 1, 1, 2, 4])
  const [first, longest] = isStorm ? [random.whole(50, 20_000), 200] : [50, 30_000]
  const latest = isStorm ? first + count * 2_500 : minutes * MINUTE_MS
  const drawn = Array.from({ length: count }, () => ({
    at: random.whole(first, latest),
    downMs: random.oneIn(2) ? random.whole(1, 500) : random.whole(Math.min(500, longest), longest),
    remains: random.one(['newest', 'newest', 'newest', 'older', 'none', 'power-cut'] as const),
  }))
  return drawn.sort((a, b) => a.at - b.at)
}
