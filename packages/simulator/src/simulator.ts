import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EpochMicros, type MarketSymbol, UsageError } from '@c1/market'
import { simulatedClock, systemWall, type Wall } from './clock.ts'
import type { Fault } from './faults/fault.ts'
import { randomFaults } from './faults/random-faults.ts'
import { readFaults } from './faults/read-faults.ts'
import { RestFaults } from './faults/rest-faults.ts'
import { FaultSchedule } from './faults/schedule.ts'
import { scriptedMarket } from './faults/scripted-tape.ts'
import { inFeed, onSocket } from './faults/trade-faults.ts'
import { type Market, syntheticMarket, tapeOf } from './market/market.ts'
import { replayMarket } from './market/replay-market.ts'
import { checkOptions, type SimulatorOptions, startTime } from './options.ts'
import { rateLimit } from './rest/rate-limit.ts'
import { serveRest } from './rest/routes.ts'
import type { SessionVenue } from './socket/session.ts'
import { TradeFeed } from './socket/trade-feed.ts'
import { Sockets } from './sockets.ts'
import { type TrueTrade, trueTrades } from './truth.ts'

/** A running simulator. */
export interface Simulator {
  /** Base of the REST addresses, without a path: `http://127.0.0.1:40123`. */
  readonly restUrl: string
  /** `ws://127.0.0.1:40123/v2` */
  readonly wsUrl: string
  readonly port: number
  /** The simulated time. */
  now(): EpochMicros
  /** Ends every WebSocket connection without a close frame. */
  dropConnections(): void
  /** Trades go on, but none is sent until `resumeFeed`, and then only newer ones: the feed has a hole. Heartbeats go on. */
  pauseFeed(): void
  resumeFeed(): void
  /** Sends a raw frame to every connection. */
  send(frame: string): void
  /**
   * The trades with ids from `first` to `last` as they happened, or will, whatever faults make of them on the wire. Without
   * `last` up to the newest one before now.
   *
   * @throws UsageError `symbol_unlisted`
   */
  truth(symbol: MarketSymbol, first: number, last?: number): TrueTrade[]
  /** Stops at once; open connections are cut. */
  close(): Promise<void>
}

/** How often new trades are sent, in wall milliseconds. The venue's frames come 30 to 120 ms after their trades. */
const FEED_INTERVAL_MS = 25
/**
 * Starts a server on loopback that speaks Kraken's REST and WebSocket v2 public market data: AssetPairs, Trades, OHLC,
 * Time and SystemStatus; the channels trade, instrument, status and heartbeat. The `ohlc` channel and all others are refused.
 *
 * @param wall the host's clock and timers
 * @throws UsageError `simulator_option`, `fault_entry`, `port_unavailable`, and for a replayed file what `readArchive` throws
 */
export async function startSimulator(options: SimulatorOptions = {}, wall: Wall = systemWall): Promise<Simulator> {
  checkOptions(options)
  const { market: calm, start } = await openMarket(options)
  const now = simulatedClock(start, options.speed ?? 1, wall)
  const script = scriptedFaults(options, calm, start)
  const faults = new FaultSchedule(script, now)
  const market = scriptedMarket(calm, script)
  const system = (): string => faults.inForce('status')?.system ?? 'online'
  const feed: TradeFeed = new TradeFeed(market, now, () => sockets.sessions(), {
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
  const sockets: Sockets = new Sockets(venue, faults)
  const server = createServer()
  serveHttp(server, venue, faults, options, wall)
  sockets.serve(server)
  const host = options.host ?? '127.0.0.1'
  const port = await listen(server, host, options.port ?? 0)
  const stopFeed = wall.every(FEED_INTERVAL_MS, () => {
    feed.advance()
    faults.passTime()
    sockets.passTime()
  })
  return {
    restUrl: `http://${urlHost(host)}:${port}`,
    wsUrl: `ws://${urlHost(host)}:${port}/v2`,
    port,
    now,
    dropConnections: () => sockets.terminate(),
    pauseFeed: () => feed.pause(),
    resumeFeed: () => feed.resume(),
    send: (frame) => sockets.send(frame),
    truth: (symbol, first, last = lastId(market, symbol, now())) => trueTrades(market, faults, symbol, first, last),
    close: () => {
      stopFeed()
      return stop(server, sockets)
    },
  }
}

async function openMarket(options: SimulatorOptions): Promise<{ market: Market; start: EpochMicros }> {
  if (options.replay !== undefined) {
    const { market, start } = await replayMarket(options.replay, options)
    return { market, start: startTime(options, market, start) }
  }
  const { kind = 'noise', seed = 1, activity = 1 } = options
  const market = syntheticMarket({ kind, seed, activity })
  return { market, start: startTime(options, market) }
}

/** @throws UsageError `fault_entry` */
function scriptedFaults({ faults = [] }: SimulatorOptions, market: Market, start: EpochMicros): Fault[] {
  const listed = market.pairs.map(({ symbol }) => symbol)
  return readFaults('seed' in faults ? randomFaults(faults, listed) : faults, { start, listed })
}

function lastId(market: Market, symbol: MarketSymbol, now: EpochMicros): number {
  const pair = market.pairs.find((pair) => pair.symbol === symbol)
  return pair === undefined ? 0 : tapeOf(market, pair).lastIdBefore(now)
}

function serveHttp(
  server: Server,
  { market, now, system }: SessionVenue,
  faults: FaultSchedule,
  options: SimulatorOptions,
  wall: Wall,
): void {
  const admit = rateLimit(options.restCallsPerSecond, wall)
  const sinceInclusive = options.sinceInclusive ?? true
  const venue = { market, now, system, admit, sinceInclusive, faults: new RestFaults(faults) }
  server.on('request', (request, response) => {
    // A fault of the simulator itself looks like one of the venue's front: an HTML page with a status of its own.
    serveRest(venue, request, response).catch((fault: unknown) => {
      if (!response.headersSent) response.writeHead(520, { 'content-type': 'text/html' })
      response.end(`<html><body>520: ${String(fault)}</body></html>`)
    })
  })
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(portUnavailable(host, port, cause)))
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function portUnavailable(host: string, port: number, cause: NodeJS.ErrnoException): UsageError {
  const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${cause.code ?? cause.message})`
  return new UsageError('port_unavailable', `Port ${port} of ${host} ${why}: choose another one, or 0 for any.`, {
    cause,
  })
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function stop(server: Server, sockets: Sockets): Promise<void> {
  sockets.terminate()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  return closed
}
