import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EpochMicros, type MarketSymbol, UsageError } from '@c1/market'
import type { ArchiveFormat } from './archive.ts'
import { systemWall, type Wall } from './clock.ts'
import type { SimulatorOptions } from './options.ts'
import { serveRest } from './rest/routes.ts'
import { Sockets } from './sockets.ts'
import type { TrueTrade } from './truth.ts'
import { Venue } from './venue.ts'

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
  /** Id of the newest trade before `time`, by default now; 0 when there is none. */
  lastId(symbol: MarketSymbol, time?: EpochMicros): number
  /**
   * The lines of an archive file, without line ends: the trades of the half-open time `[from, to)` as Kraken's downloadable files
   * have them. Of trades that are the same in every column both stand there, one line after the other.
   *
   * @throws UsageError `symbol_unlisted`
   */
  archive(symbol: MarketSymbol, format: ArchiveFormat, from: EpochMicros, to: EpochMicros): Iterable<string>
  /** Stops at once; open connections are cut. */
  close(): Promise<void>
}

/**
 * Starts a server on loopback that speaks Kraken's REST and WebSocket v2 public market data: AssetPairs, Trades, OHLC,
 * Time and SystemStatus; the channels trade, instrument, status and heartbeat. The `ohlc` channel and all others are refused.
 *
 * @param wall the host's clock and timers
 * @throws UsageError `simulator_option`, `fault_entry`, `port_unavailable`, and for a replayed file what `readArchive` throws
 */
export async function startSimulator(options: SimulatorOptions = {}, wall: Wall = systemWall): Promise<Simulator> {
  const venue = await Venue.open(options, wall)
  const server = createServer()
  const sockets = new Sockets(venue.connections)
  serveHttp(server, venue)
  sockets.serve(server)
  const host = options.host ?? '127.0.0.1'
  const port = await listen(server, host, options.port ?? 0).catch((error: unknown) => {
    venue.close()
    throw error
  })
  return {
    restUrl: `http://${urlHost(host)}:${port}`,
    wsUrl: `ws://${urlHost(host)}:${port}/v2`,
    port,
    now: () => venue.now(),
    dropConnections: () => venue.connections.terminate(),
    pauseFeed: () => venue.pauseFeed(),
    resumeFeed: () => venue.resumeFeed(),
    send: (frame) => venue.connections.send(frame),
    truth: (symbol, first, last) => venue.truth(symbol, first, last),
    lastId: (symbol, time) => venue.lastId(symbol, time),
    archive: (symbol, format, from, to) => venue.archive(symbol, format, from, to),
    close: () => {
      venue.close()
      return stop(server, sockets)
    },
  }
}

function serveHttp(server: Server, { rest }: Venue): void {
  server.on('request', (request, response) => {
    // A fault of the simulator itself looks like one of the venue's front: an HTML page with a status of its own.
    serveRest(rest, request, response).catch((fault: unknown) => {
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
