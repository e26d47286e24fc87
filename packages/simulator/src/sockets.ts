import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { concerns, type Fault } from './faults/fault.ts'
import { FaultyLink } from './faults/faulty-link.ts'
import { html } from './faults/rest-faults.ts'
import type { FaultSchedule } from './faults/schedule.ts'
import { exceededRate, refusedUpgrade } from './faults/socket-faults.ts'
import { ConnectionLimit } from './socket/connection-limit.ts'
import { Session, type SessionVenue } from './socket/session.ts'

/** A client that leaves this much unread is cut off. */
const MOST_BUFFERED_BYTES = 64 * 1024 * 1024
const MOST_REQUEST_BYTES = 1024 * 1024

interface Connection {
  readonly socket: WebSocket
  readonly link: FaultyLink
}

/** The WebSocket connections of a simulator. */
export class Sockets {
  readonly #venue: SessionVenue
  readonly #faults: FaultSchedule
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MOST_REQUEST_BYTES })
  readonly #connections = new Map<Session, Connection>()
  readonly #limit: ConnectionLimit
  #ordinal = 0

  constructor(venue: SessionVenue, faults: FaultSchedule) {
    this.#venue = venue
    this.#faults = faults
    this.#limit = new ConnectionLimit(venue.wallNow)
  }

  /** Takes the upgrades of an HTTP server. */
  serve(server: Server): void {
    server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head))
  }

  sessions(): Iterable<Session> {
    return this.#connections.keys()
  }

  /** Sends a raw frame to every connection. */
  send(frame: string): void {
    for (const { socket } of this.#connections.values()) socket.send(frame)
  }

  /** Ends every connection without a close frame. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  passTime(): void {
    for (const fault of this.#faults.begun()) this.#begin(fault)
    for (const [session, { link }] of this.#connections) {
      link.passTime()
      session.passTime()
    }
  }

  /** What a fault does at its first moment. */
  #begin(fault: Fault): void {
    if (fault.kind === 'drop') this.terminate()
    for (const [session, { link }] of this.#connections) {
      if (fault.kind === 'close') link.close(fault.code, fault.reason)
      if (fault.kind === 'repeat-snapshot') session.repeatSnapshots(({ symbol }) => concerns(fault, symbol))
    }
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refused = this.#refusal(request)
    if (refused === undefined) this.#accept(request, stream, head)
    else if (refused === 'hang-up') stream.destroy()
    else refuse(stream, refused)
  }

  #refusal(request: IncomingMessage): number | 'hang-up' | undefined {
    if (new URL(request.url ?? '/', 'http://simulator').pathname !== '/v2') return 404
    return this.#limit.admit() ? refusedUpgrade(this.#faults) : 429
  }

  #accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    ;(stream as Socket).setNoDelay(true)
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#open(socket))
  }

  #open(socket: WebSocket): void {
    const wire = {
      send: (frame: string) => {
        if (socket.bufferedAmount > MOST_BUFFERED_BYTES) socket.terminate()
        else socket.send(frame)
      },
      close: (code: number, reason: string) => socket.close(code, reason),
      listen: (listening: boolean) => (listening ? socket.resume() : socket.pause()),
    }
    const link = new FaultyLink(this.#faults, wire, this.#venue.market, this.#venue.now())
    const session = new Session(this.#venue, link, this.#ordinal)
    this.#ordinal += 1
    this.#connections.set(session, { socket, link })
    socket.on('message', (data) => this.#receive(session, wire.send, String(data)))
    socket.on('close', () => this.#connections.delete(session))
    // A broken frame or a reset connection: `close` follows.
    socket.on('error', () => socket.terminate())
  }

  #receive(session: Session, send: (frame: string) => void, request: string): void {
    const refusal = exceededRate(this.#faults, request)
    if (refusal === undefined) session.receive(request)
    else send(refusal)
  }
}

const REASONS: Readonly<Record<number, string>> = { 404: 'Not Found', 429: 'Too Many Requests' }

function refuse(stream: Duplex, status: number): void {
  const { body, contentType } = html(status)
  stream.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Unavailable'}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
