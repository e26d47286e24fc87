import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type EpochMicros, formatTime, systemTime } from '@c1/market'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  FrameWriter,
  type Load,
  PRICE_DECIMALS,
  priceOf,
  QUANTITY_DECIMALS,
  quantityOf,
  sideOf,
  symbolName,
} from './generator.ts'

/** What the venue has sent when it ends. */
export interface Sent {
  /** Of each symbol the number of its trades, which are its ids from 1. */
  readonly trades: readonly number[]
  /** Trades, and symbols that traded, of each minute since 1970. */
  readonly minutes: readonly { readonly minute: number; readonly trades: number; readonly symbols: number }[]
  readonly cpuSeconds: number
  /** Most bytes that waited for the reader on any of the connections. */
  readonly backlogBytes: number
}

/** The venue batches what happens within some milliseconds, like Kraken. */
const TICK_MS = 20
/** Symbols trade unequally: the first much, the last a hundredth of it. */
const FLATNESS = 15
/** Rows of an answer of REST. */
const PAGE_ROWS = 1000

interface Frames {
  readonly firsts: number[]
  readonly times: number[]
}

interface Follower {
  readonly socket: WebSocket
  readonly raw: Duplex
  readonly symbols: number[]
}

/**
 * A venue on loopback that sends trades of many symbols as fast as asked for, once all of them are subscribed. It speaks
 * as much of Kraken as an ingestion needs: AssetPairs, Time and Trades over REST; ping, subscribe, acks, heartbeats and the
 * trade channel over WebSocket v2. Its trades are a function of symbol and id, so what arrived can be checked.
 */
class LoadVenue {
  readonly #load: Load
  readonly #indexes: ReadonlyMap<string, number>
  readonly #weights: readonly number[]
  readonly #credits: number[]
  readonly #lastIds: number[]
  /** Of each symbol its frames: the first id in each, and the time of its trades. */
  readonly #frames: Frames[]
  readonly #writer = new FrameWriter()
  readonly #followers: Follower[] = []
  readonly #minutes = new Map<number, { trades: number; readonly symbols: Set<number> }>()
  #subscribed = 0
  #backlogBytes = 0
  #tickedAt = 0
  #isOver = false

  constructor(load: Load) {
    this.#load = load
    const all = Array.from({ length: load.symbols }, (_, at) => at)
    this.#indexes = new Map(all.map((at) => [symbolName(at), at]))
    const weights = all.map((at) => 1 / (at + FLATNESS))
    const sum = weights.reduce((a, b) => a + b, 0)
    this.#weights = weights.map((weight) => weight / sum)
    this.#credits = all.map((at) => ((at * 7919) % 997) / 997)
    this.#lastIds = all.map(() => 0)
    this.#frames = all.map(() => ({ firsts: [], times: [] }))
  }

  follow(socket: WebSocket, raw: Duplex): void {
    const follower = { socket, raw, symbols: [] }
    this.#followers.push(follower)
    socket.on('message', (data) => this.#answer(follower, JSON.parse(data.toString())))
    socket.on('close', () => this.#followers.splice(this.#followers.indexOf(follower), 1))
    socket.send(
      '{"channel":"status","type":"update","data":[{"system":"online","api_version":"v2","version":"2.0.0"}]}',
    )
  }

  serve({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, 'http://venue')
    const result = this.#result(pathname.split('/').at(-1), searchParams)
    response.end(`{"error":[],"result":${result}}`)
  }

  start(): void {
    setInterval(() => this.#beat(), 1000)
    setInterval(() => this.#tick(), TICK_MS)
  }

  /** No trade follows. */
  stop(): Sent {
    this.#isOver = true
    const { system, user } = process.cpuUsage()
    return {
      trades: this.#lastIds,
      minutes: [...this.#minutes].map(([minute, { symbols, trades }]) => ({ minute, trades, symbols: symbols.size })),
      cpuSeconds: (system + user) / 1e6,
      backlogBytes: this.#backlogBytes,
    }
  }

  #answer(follower: Follower, request: { method: string; req_id?: number; params?: { symbol: string[] } }): void {
    const stamp = `"time_in":"${formatTime(systemTime())}","time_out":"${formatTime(systemTime())}"`
    const id = request.req_id === undefined ? '' : `,"req_id":${request.req_id}`
    if (request.method === 'ping') follower.socket.send(`{"method":"pong",${stamp}${id}}`)
    if (request.method !== 'subscribe') return
    for (const symbol of request.params?.symbol ?? []) {
      const result = `{"channel":"trade","snapshot":true,"symbol":"${symbol}"}`
      follower.socket.send(`{"method":"subscribe","result":${result},"success":true,${stamp}${id}}`)
      follower.symbols.push(this.#indexes.get(symbol) as number)
      this.#subscribed += 1
    }
  }

  #result(endpoint: string | undefined, search: URLSearchParams): string {
    if (endpoint === 'AssetPairs') return `{${[...this.#indexes.keys()].map(pairJson).join()}}`
    if (endpoint === 'Trades') return this.#tradesJson(search.get('pair') ?? '', Number(search.get('since')) / 1000)
    return `{"unixtime":${Math.floor(Date.now() / 1000)}}`
  }

  #tradesJson(pair: string, since: number): string {
    const symbol = this.#indexes.get(`${pair.slice(0, 4)}/${pair.slice(4)}`) as number
    const { firsts, times } = this.#frames[symbol] as Frames
    const rows: string[] = []
    let newest = since
    for (let at = firstFrom(times, since); at < times.length && rows.length < PAGE_ROWS; at += 1) {
      const end = firsts[at + 1] ?? (this.#lastIds[symbol] as number) + 1
      newest = times[at] as number
      for (let id = firsts[at] as number; id < end && rows.length < PAGE_ROWS; id += 1) {
        const price = (priceOf(symbol, id) / 100).toFixed(PRICE_DECIMALS)
        const quantity = (quantityOf(id) / 1e8).toFixed(QUANTITY_DECIMALS)
        rows.push(`["${price}","${quantity}",${(newest / 1e6).toFixed(6)},"${sideOf(id)[0]}","l","",${id}]`)
      }
    }
    return `{"${pair}":[${rows.join()}],"last":"${Math.floor(newest)}000"}`
  }

  #beat(): void {
    for (const { socket, symbols } of this.#followers) if (symbols.length > 0) socket.send('{"channel":"heartbeat"}')
  }

  /** What is due since the last tick, each symbol's trades in one frame. */
  #tick(): void {
    const now = performance.now()
    const elapsed = Math.min(now - this.#tickedAt, 1000) / 1000
    this.#tickedAt = now
    if (this.#isOver || this.#subscribed < this.#load.symbols) return
    const time = systemTime()
    const minute = this.#minuteOf(time)
    for (const { raw, symbols } of this.#followers) {
      for (const symbol of symbols) minute.trades += this.#trade(symbol, elapsed, time, minute.symbols)
      raw.write(this.#writer.take())
      this.#backlogBytes = Math.max(this.#backlogBytes, raw.writableLength)
    }
  }

  #trade(symbol: number, elapsed: number, time: EpochMicros, traded: Set<number>): number {
    const due =
      (this.#credits[symbol] as number) + (this.#weights[symbol] as number) * this.#load.tradesPerSecond * elapsed
    const count = Math.floor(due)
    this.#credits[symbol] = due - count
    if (count === 0) return 0
    const first = (this.#lastIds[symbol] as number) + 1
    this.#lastIds[symbol] = first + count - 1
    this.#writer.write(symbol, first, count, time)
    this.#frames[symbol]?.firsts.push(first)
    this.#frames[symbol]?.times.push(time)
    traded.add(symbol)
    return count
  }

  #minuteOf(time: EpochMicros): { trades: number; readonly symbols: Set<number> } {
    const minute = Math.floor(time / 60e6)
    const known = this.#minutes.get(minute) ?? { trades: 0, symbols: new Set<number>() }
    this.#minutes.set(minute, known)
    return known
  }
}

/** The place of the first time that is not before `since`. */
function firstFrom(times: readonly number[], since: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] as number) < since) low = middle + 1
    else high = middle
  }
  return low
}

function pairJson(symbol: string): string {
  const name = symbol.replace('/', '')
  return (
    `"${name}":{"altname":"${name}","wsname":"${symbol}","pair_decimals":${PRICE_DECIMALS},` +
    `"lot_decimals":${QUANTITY_DECIMALS},"status":"online"}`
  )
}

const venue = new LoadVenue(JSON.parse(process.argv[2] as string) as Load)
const server = createServer((request, response) => venue.serve(request, response))
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
server.on('upgrade', (request, raw, head) =>
  sockets.handleUpgrade(request, raw, head, (socket) => venue.follow(socket, raw)),
)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  venue.start()
  process.send?.({ restUrl: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}/v2` })
})
process.on('message', () => process.send?.(venue.stop()))
process.on('disconnect', () => process.exit())
