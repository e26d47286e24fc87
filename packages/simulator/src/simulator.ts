import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type EpochMicros, UsageError } from '@c1/market'
import { type WebSocket, WebSocketServer } from 'ws'
import { simulatedClock, systemWall, type Wall } from './clock.ts'
import { type Market, syntheticMarket } from './market/market.ts'
import { replayMarket } from './market/replay-market.ts'
import { checkOptions, type SimulatorOptions, startTime } from './options.ts'
import { rateLimit } from './rest/rate-limit.ts'
import { serveRest } from './rest/routes.ts'
import { ConnectionLimit } from './socket/connection-limit.ts'
import { Session, type SessionVenue } from './socket/session.ts'
import { TradeFeed } from './socket/trade-feed.ts'

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
  /** Stops at once; open connections are cut. */
  close(): Promise<void>
}

/** How often new trades are sent, in wall milliseconds. The venue's frames come 30 to 120 ms after their trades. */
const FEED_INTERVAL_MS = 25
/** A client that leaves this much unread is cut off. */
const MOST_BUFFERED_BYTES = 64 * 1024 * 1024
const MOST_REQUEST_BYTES = 1024 * 1024

/**
 * Starts a server on loopback that speaks Kraken's REST and WebSocket v2 public market data: AssetPairs, Trades, OHLC,
 * Time and SystemStatus; the channels trade, instrument, status and heartbeat. The `ohlc` channel and all others are refused.
 *
 * @param wall the host's clock and timers
 * @throws UsageError `simulator_option`, `port_unavailable`, and for a replayed file what `readArchive` throws
 */
export async function startSimulator(options: SimulatorOptions = {}, wall: Wall = systemWall): Promise<Simulator> {
  checkOptions(options)
  const { market, start } = await openMarket(options)
  const now = simulatedClock(start, options.speed ?? 1, wall)
  const sessions = new Map<Session, WebSocket>()
  const feed = new TradeFeed(market, now, () => sessions.keys())
  const server = createServer()
  serveHttp(server, market, now, options, wall)
  const venue = {
    market,
    now,
    wallNow: () => wall.now(),
    snapshot: (pair) => feed.snapshot(pair),
  } satisfies SessionVenue
  const sockets = serveSockets(server, venue, sessions)
  const host = options.host ?? '127.0.0.1'
  const port = await listen(server, host, options.port ?? 0)
  const stopFeed = wall.every(FEED_INTERVAL_MS, () => {
    feed.advance()
    for (const session of sessions.keys()) session.passTime()
  })
  return {
    restUrl: `http://${urlHost(host)}:${port}`,
    wsUrl: `ws://${urlHost(host)}:${port}/v2`,
    port,
    now,
    dropConnections: () => {
      for (const socket of sessions.values()) socket.terminate()
    },
    pauseFeed: () => feed.pause(),
    resumeFeed: () => feed.resume(),
    send: (frame) => {
      for (const socket of sessions.values()) socket.send(frame)
    },
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

function serveHttp(
  server: Server,
  market: Market,
  now: () => EpochMicros,
  options: SimulatorOptions,
  wall: Wall,
): void {
  const admit = rateLimit(options.restCallsPerSecond, wall)
  const venue = { market, now, admit, sinceInclusive: options.sinceInclusive ?? true }
  server.on('request', (request, response) => {
    // A fault of the simulator itself looks like one of the venue's front: an HTML page with a status of its own.
    serveRest(venue, request, response).catch((fault: unknown) => {
      if (!response.headersSent) response.writeHead(520, { 'content-type': 'text/html' })
      response.end(`<html><body>520: ${String(fault)}</body></html>`)
    })
  })
}

function serveSockets(server: Server, venue: SessionVenue, sessions: Map<Session, WebSocket>): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_REQUEST_BYTES })
  const limit = new ConnectionLimit(venue.wallNow)
  let ordinal = 0
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    if (new URL(request.url ?? '/', 'http://simulator').pathname !== '/v2') return refuse(stream, '404 Not Found')
    if (!limit.admit()) return refuse(stream, '429 Too Many Requests')
    ;(stream as Socket).setNoDelay(true)
    sockets.handleUpgrade(request, stream, head, (socket) => {
      open(socket, venue, sessions, ordinal)
      ordinal += 1
    })
  })
  return sockets
}

function open(socket: WebSocket, venue: SessionVenue, sessions: Map<Session, WebSocket>, ordinal: number): void {
  const link = {
    send: (frame: string) => {
      if (socket.bufferedAmount > MOST_BUFFERED_BYTES) socket.terminate()
      else socket.send(frame)
    },
    close: (code: number, reason: string) => socket.close(code, reason),
  }
  const session = new Session(venue, link, ordinal)
  sessions.set(session, socket)
  socket.on('message', (data) => session.receive(String(data)))
  socket.on('close', () => sessions.delete(session))
  // A broken frame or a reset connection: `close` follows.
  socket.on('error', () => socket.terminate())
}

function refuse(stream: Duplex, status: string): void {
  const body = `<html><body>${status}</body></html>`
  stream.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
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

function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.terminate()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  return closed
}
