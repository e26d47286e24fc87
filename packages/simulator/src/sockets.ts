import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { html } from './faults/rest-faults.ts'
import type { Connections } from './socket/connections.ts'

/** A client that leaves this much unread is cut off. */
const MOST_BUFFERED_BYTES = 64 * 1024 * 1024
const MOST_REQUEST_BYTES = 1024 * 1024

/** The connections of a simulator over WebSocket. */
export class Sockets {
  readonly #connections: Connections
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MOST_REQUEST_BYTES })

  constructor(connections: Connections) {
    this.#connections = connections
  }

  /** Takes the upgrades of an HTTP server. */
  serve(server: Server): void {
    server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head))
  }

  /** Cuts every connection, those that say goodbye included. */
  terminate(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refused = this.#refusal(request)
    if (refused === undefined) this.#accept(request, stream, head)
    else if (refused === 'hang-up') stream.destroy()
    else refuse(stream, refused)
  }

  #refusal(request: IncomingMessage): number | 'hang-up' | undefined {
    if (new URL(request.url ?? '/', 'http://simulator').pathname !== '/v2') return 404
    return this.#connections.refusal()
  }

  #accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    ;(stream as Socket).setNoDelay(true)
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#open(socket))
  }

  #open(socket: WebSocket): void {
    const connection = this.#connections.open({
      send: (frame: string) => {
        if (socket.bufferedAmount > MOST_BUFFERED_BYTES) socket.terminate()
        else socket.send(frame)
      },
      close: (code: number, reason: string) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      listen: (listening: boolean) => (listening ? socket.resume() : socket.pause()),
    })
    socket.on('message', (data) => connection.receive(String(data)))
    socket.on('close', () => connection.ended())
    // A broken frame or a reset connection: `close` follows.
    socket.on('error', () => socket.terminate())
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
