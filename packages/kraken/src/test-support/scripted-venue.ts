import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** A WebSocket server on loopback that does nothing but what a test tells it to. */
export class ScriptedVenue implements AsyncDisposable {
  readonly url: string
  readonly #server: WebSocketServer
  readonly #connections = new Arrivals<VenueConnection>()

  static async listen(): Promise<ScriptedVenue> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    return new ScriptedVenue(server)
  }

  private constructor(server: WebSocketServer) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v2`
    server.on('connection', (socket) => this.#connections.push(new VenueConnection(socket)))
  }

  /** The next connection that a client makes. */
  connection(): Promise<VenueConnection> {
    return this.#connections.next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The venue's end of one connection. */
export class VenueConnection {
  readonly socket: WebSocket
  readonly closed: Promise<unknown>
  readonly #requests = new Arrivals<Record<string, unknown>>()

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = once(socket, 'close')
    socket.on('message', (data) => this.#requests.push(JSON.parse(data.toString())))
  }

  send(frame: string | object): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next request with that method; others before it are skipped. */
  async request(method: string): Promise<Record<string, unknown>> {
    for (;;) {
      const request = await this.#requests.next()
      if (request.method === method) return request
    }
  }

  /** Confirms each symbol of a subscribe request. */
  confirm(request: Record<string, unknown>): void {
    const { symbol } = request.params as { symbol: readonly string[] }
    for (const each of symbol) {
      const result = { channel: 'trade', snapshot: true, symbol: each }
      this.send({ method: 'subscribe', result, success: true, req_id: request.req_id })
    }
  }
}

/** Values that arrive, each handed out once in order to whoever waits. */
export class Arrivals<T> {
  readonly #values: T[] = []
  readonly #waiting: ((value: T) => void)[] = []

  push(value: T): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#values.push(value)
    else waiting(value)
  }

  next(): Promise<T> {
    const value = this.#values.shift()
    return value === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(value)
  }
}
