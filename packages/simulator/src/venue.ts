import type { EpochMicros, MarketSymbol } from '@c1/market'
import { type ArchiveFormat, archiveLines } from './archive.ts'
import { simulatedClock, systemWall, type Wall } from './clock.ts'
import type { Fault } from './faults/fault.ts'
import type { Wire } from './faults/faulty-link.ts'
import { randomFaults } from './faults/random-faults.ts'
import { readFaults } from './faults/read-faults.ts'
import { type RestAnswer, RestFaults } from './faults/rest-faults.ts'
import { FaultSchedule } from './faults/schedule.ts'
import { scriptedMarket } from './faults/scripted-tape.ts'
import { inFeed, onSocket } from './faults/trade-faults.ts'
import { type Market, syntheticMarket, tapeOf } from './market/market.ts'
import { replayMarket } from './market/replay-market.ts'
import { checkOptions, startTime, type VenueOptions } from './options.ts'
import { rateLimit } from './rest/rate-limit.ts'
import { answerCall, type RestVenue } from './rest/routes.ts'
import { type Connection, Connections } from './socket/connections.ts'
import type { SessionVenue } from './socket/session.ts'
import { TradeFeed } from './socket/trade-feed.ts'
import { listedPair, type TrueTrade, trueTrades } from './truth.ts'

/** How often new trades are sent, in wall milliseconds. The venue's frames come 30 to 120 ms after their trades. */
const FEED_INTERVAL_MS = 25

/** A simulated venue without its servers: what it says over any wire, and when. */
export class Venue {
  readonly connections: Connections
  readonly rest: RestVenue
  readonly #market: Market
  readonly #faults: FaultSchedule
  readonly #feed: TradeFeed
  readonly #stopTime: () => void

  /** @throws UsageError `simulator_option`, `fault_entry`, and for a replayed file what `readArchive` throws */
  static async open(options: VenueOptions = {}, wall: Wall = systemWall): Promise<Venue> {
    checkOptions(options)
    return new Venue(options, await openMarket(options), wall)
  }

  private constructor(options: VenueOptions, { market: calm, start }: OpenedMarket, wall: Wall) {
    const now = simulatedClock(start, options.speed ?? 1, wall)
    const script = scriptedFaults(options, calm, start)
    const faults = new FaultSchedule(script, now)
    const market = scriptedMarket(calm, script)
    const system = (): string => faults.inForce('status')?.system ?? 'online'
    const feed: TradeFeed = new TradeFeed(market, now, () => this.connections.sessions(), {
      inFeed: (pair, trade) => inFeed(faults, pair, trade),
      inSnapshot: (pair, trade) => onSocket(faults, pair, trade),
    })
    const venue = {
      market,
      now,
      wallNow: () => wall.now(),
      snapshot: (pair) => feed.snapshot(pair),
      offers: ({ symbol }) => faults.inForce('refuse-symbol', symbol) === undefined,
      system,
    } satisfies SessionVenue
    this.#market = market
    this.#faults = faults
    this.#feed = feed
    this.connections = new Connections(venue, faults)
    const admit = rateLimit(options.restCallsPerSecond, wall)
    const sinceInclusive = options.sinceInclusive ?? true
    this.rest = { market, now, system, admit, sinceInclusive, faults: new RestFaults(faults) }
    this.#stopTime = wall.every(options.feedIntervalMs ?? FEED_INTERVAL_MS, () => this.#passTime())
  }

  /** The simulated time. */
  now(): EpochMicros {
    return this.rest.now()
  }

  /** The answer to a GET; `hang-up` where the line is cut instead. */
  get(path: string, parameters: URLSearchParams): Promise<RestAnswer | 'hang-up'> {
    return answerCall(this.rest, path, parameters)
  }

  /** Connects a wire, or tells the HTTP status of its refusal, or `hang-up` where the line is cut. */
  connect(wire: Wire): Connection | number | 'hang-up' {
    return this.connections.refusal() ?? this.connections.open(wire)
  }

  pauseFeed(): void {
    this.#feed.pause()
  }

  resumeFeed(): void {
    this.#feed.resume()
  }

  /** As `Simulator.truth`. */
  truth(symbol: MarketSymbol, first: number, last: number = this.lastId(symbol)): TrueTrade[] {
    return trueTrades(this.#market, this.#faults, symbol, first, last)
  }

  /** Id of the newest trade before `time`, by default now; 0 when there is none. */
  lastId(symbol: MarketSymbol, time: EpochMicros = this.now()): number {
    const pair = this.#market.pairs.find((pair) => pair.symbol === symbol)
    return pair === undefined ? 0 : tapeOf(this.#market, pair).lastIdBefore(time)
  }

  /** As `Simulator.archive`. */
  archive(symbol: MarketSymbol, format: ArchiveFormat, from: EpochMicros, to: EpochMicros): Iterable<string> {
    const pair = listedPair(this.#market, symbol)
    return archiveLines(tapeOf(this.#market, pair), pair, { format, from, to })
  }

  /** Time passes no more. */
  close(): void {
    this.#stopTime()
  }

  #passTime(): void {
    this.#feed.advance()
    this.#faults.passTime()
    this.connections.passTime()
  }
}

interface OpenedMarket {
  readonly market: Market
  readonly start: EpochMicros
}

async function openMarket(options: VenueOptions): Promise<OpenedMarket> {
  if (options.market !== undefined) return { market: options.market, start: startTime(options, options.market) }
  if (options.replay !== undefined) {
    const { market, start } = await replayMarket(options.replay, options)
    return { market, start: startTime(options, market, start) }
  }
  const { kind = 'noise', seed = 1, activity = 1 } = options
  const market = syntheticMarket({ kind, seed, activity })
  return { market, start: startTime(options, market) }
}

/** @throws UsageError `fault_entry` */
function scriptedFaults({ faults = [] }: VenueOptions, market: Market, start: EpochMicros): Fault[] {
  const listed = market.pairs.map(({ symbol }) => symbol)
  return readFaults('seed' in faults ? randomFaults(faults, listed) : faults, { start, listed })
}
