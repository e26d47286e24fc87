/** The venue of the latency benchmark, in a process of its own: Kraken's REST and WebSocket v2 over generated trades. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EpochMicros, formatTime, MICROS_PER_SECOND } from '@c1/market'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Load, LoadSeries, tradeFrame, tradeRow } from './market.ts'

const PAGE_ROWS = 1000
const HEARTBEAT_MS = 1000

const load: Load = JSON.parse(process.argv[2] as string)
const series = new Map(load.symbols.map((symbol) => [symbol, new LoadSeries(load, symbol)]))
const startedAt = performance.now()
/** Per symbol, the id of the newest trade that was sent. */
const sent = new Map([...series].map(([symbol, trades]) => [symbol, trades.lastIdBefore(now())]))
const clients = new Map<WebSocket, Set<string>>()

function now(): EpochMicros {
  return Math.floor(load.start + (performance.now() - startedAt) * 1000 * load.speed) as EpochMicros
}

function restName(symbol: string): string {
  return symbol.replace('/', '')
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://venue')
  answer(url.pathname.split('/').at(-1) ?? '', url.searchParams, response)
})

function answer(endpoint: string, parameters: URLSearchParams, response: ServerResponse): void {
  const result = { AssetPairs, Time, SystemStatus, Trades }[endpoint]?.(parameters)
  response.setHeader('content-type', 'application/json')
  response.end(result === undefined ? '{"error":["EGeneral:Unknown method"]}' : `{"error":[],"result":${result}}`)
}

function AssetPairs(): string {
  const pairs = load.symbols.map((symbol) => {
    const [base, quote] = symbol.split('/')
    return [
      restName(symbol),
      { altname: restName(symbol), wsname: symbol, base, quote, pair_decimals: 4, lot_decimals: 8, status: 'online' },
    ]
  })
  return JSON.stringify(Object.fromEntries(pairs))
}

function Time(): string {
  return `{"unixtime":${Math.floor(now() / MICROS_PER_SECOND)}}`
}

function SystemStatus(): string {
  return `{"status":"online","timestamp":"${formatTime(now())}"}`
}

function Trades(parameters: URLSearchParams): string {
  const name = parameters.get('pair')
  const symbol = load.symbols.find((symbol) => restName(symbol) === name) as string
  const trades = series.get(symbol) as LoadSeries
  const since = Number(BigInt(parameters.get('since') ?? '0') / 1000n)
  const first = trades.lastIdBefore(since as EpochMicros) + 1
  const last = Math.min(first + PAGE_ROWS - 1, trades.lastIdBefore(now()))
  const rows = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => trades.trade(first + at))
  const end = rows.at(-1)?.time ?? since
  return `{"${name}":[${rows.map(tradeRow).join(',')}],"last":"${BigInt(end) * 1000n}"}`
}

new WebSocketServer({ server, path: '/v2' }).on('connection', (socket) => {
  clients.set(socket, new Set())
  socket.on('message', (data) => receive(socket, JSON.parse(String(data))))
  socket.on('close', () => clients.delete(socket))
  socket.send(
    '{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":1}]}',
  )
})

interface Request {
  readonly method: string
  readonly params?: { readonly symbol: readonly string[] }
  readonly req_id?: number
}

function receive(socket: WebSocket, { method, params, req_id }: Request): void {
  const time = formatTime(now())
  const times = { time_in: time, time_out: time, req_id }
  if (method === 'ping') socket.send(JSON.stringify({ method: 'pong', ...times }))
  for (const symbol of params?.symbol ?? []) {
    clients.get(socket)?.add(symbol)
    const result = { channel: 'trade', snapshot: true, symbol }
    socket.send(JSON.stringify({ method: 'subscribe', result, success: true, ...times }))
    socket.send('{"channel":"trade","type":"snapshot","data":[]}')
  }
}

/** Every trade that happened since the last look, in a frame of its own, by time. */
function sendTrades(): void {
  const time = now()
  const due = [...series].flatMap(([symbol, trades]) => {
    const found: { readonly symbol: string; readonly time: number; readonly frame: string }[] = []
    for (let id = (sent.get(symbol) as number) + 1; ; id += 1) {
      const trade = trades.trade(id)
      if (trade.time >= time) return found
      sent.set(symbol, id)
      found.push({ symbol, time: trade.time, frame: tradeFrame(symbol, trade) })
    }
  })
  for (const { symbol, frame } of due.sort((a, b) => a.time - b.time)) {
    for (const [socket, symbols] of clients) if (symbols.has(symbol)) socket.send(frame)
  }
  setTimeout(sendTrades, 1)
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ restUrl: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}/v2` })
  setInterval(() => {
    for (const socket of clients.keys()) socket.send('{"channel":"heartbeat"}')
  }, HEARTBEAT_MS)
  sendTrades()
})
process.on('disconnect', () => process.exit())
