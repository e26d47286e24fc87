import { decimalText, type EpochMicros, formatTime, type MarketSymbol, MICROS_PER_SECOND, type Trade } from '@c1/market'
import type { Connection, Wire } from '@c1/simulator'
import type { NetworkVenue } from './network.ts'
import type { VirtualTime } from './virtual-time.ts'

/** How this venue does what the protocol leaves open. Each default is another choice than the simulator's. */
export interface Habits {
  /** The key of `result` in answers about trades. */
  readonly resultKey: string
  /** Whether a page begins at the very instant of `since`. */
  readonly sinceInclusive: boolean
  /** Rows of a page at most, whatever is asked for. */
  readonly pageRows: number
  /** How `last` is given, if it is. */
  readonly last: 'text' | 'number' | 'absent'
  /** Which trades share a frame: all of a moment, one each, or those of all markets together. */
  readonly frames: 'market' | 'single' | 'mixed'
  /** Whether an answer names its request, and tells times. */
  readonly isTerse: boolean
  /** Whether data comes before the answer to the subscription. */
  readonly isEager: boolean
  /** A snapshot goes from the newest to the oldest. */
  readonly isReversed: boolean
  /** Digits after the second in times. */
  readonly timeDigits: 0 | 3 | 6 | 9
  /** Whether it sends heartbeats and a status. */
  readonly isSilent: boolean
}

const USUAL_HABITS: Habits = {
  resultKey: 'X-BTC-Z-USD',
  sinceInclusive: false,
  pageRows: 1000,
  last: 'text',
  frames: 'mixed',
  isTerse: true,
  isEager: true,
  isReversed: true,
  timeDigits: 9,
  isSilent: true,
}

const SNAPSHOT_TRADES = 50
const FEED_INTERVAL_MS = 400

interface Client {
  readonly wire: Wire
  readonly symbols: Set<string>
  /** The newest id that was sent, by symbol. */
  readonly sent: Map<string, number>
}

/**
 * A venue of a few lines that shares nothing with the simulator. Trade `n` of a market happens `n` periods after the start of
 * time, and its facts follow from `n`; several share an instant.
 */
export class OtherVenue implements NetworkVenue {
  readonly #time: VirtualTime
  readonly #habits: Habits
  /** Microseconds from one instant with trades to the next. */
  readonly #periods: ReadonlyMap<MarketSymbol, number>
  readonly #clients = new Set<Client>()

  constructor(time: VirtualTime, periods: ReadonlyMap<MarketSymbol, number>, habits: Partial<Habits> = {}) {
    this.#time = time
    this.#habits = { ...USUAL_HABITS, ...habits }
    this.#periods = periods
    time.every(FEED_INTERVAL_MS, () => this.#publish())
  }

  /** Id of the newest trade before `time`. */
  lastId(symbol: MarketSymbol, time: EpochMicros = this.#time.now()): number {
    return Math.ceil(time / this.#period(symbol) - ORIGIN / this.#period(symbol)) * TRADES_AT_ONCE
  }

  trade(symbol: MarketSymbol, tradeId: number): Trade {
    const instant = Math.floor((tradeId - 1) / TRADES_AT_ONCE)
    return {
      symbol,
      idSpace: 'venue',
      tradeId,
      eventTime: (ORIGIN + instant * this.#period(symbol)) as EpochMicros,
      price: decimalText(`${60_000 + (tradeId % 997)}.${tradeId % 10}`),
      quantity: decimalText(`0.0${1 + (tradeId % 9)}00000${tradeId % 10}`),
      side: tradeId % 3 === 0 ? 'sell' : 'buy',
      orderType: tradeId % 5 === 0 ? 'market' : 'limit',
    }
  }

  /** Ends every connection. */
  hangUp(): void {
    for (const { wire } of [...this.#clients]) wire.terminate()
  }

  connect(wire: Wire): Connection {
    const client: Client = { wire, symbols: new Set(), sent: new Map() }
    this.#clients.add(client)
    if (!this.#habits.isSilent) wire.send('{"data":[{"system":"online"}],"type":"update","channel":"status"}')
    return {
      receive: (request) => this.#answer(client, JSON.parse(request)),
      ended: () => this.#clients.delete(client),
    }
  }

  async get(path: string, parameters: URLSearchParams): Promise<{ status: number; body: string }> {
    if (!path.endsWith('/Trades')) return { status: 404, body: 'nothing here' }
    const symbol = [...this.#periods.keys()].find((symbol) => namesOf(symbol).includes(parameters.get('pair') ?? ''))
    if (symbol === undefined) return { status: 200, body: '{"error":["EQuery:Unknown asset pair"]}' }
    return { status: 200, body: this.#page(symbol, BigInt(parameters.get('since') ?? '0')) }
  }

  #page(symbol: MarketSymbol, since: bigint): string {
    const { last, pageRows, resultKey, sinceInclusive } = this.#habits
    const from = sinceInclusive ? since : since + 1n
    const first = this.lastId(symbol, Number((from + 999n) / 1000n) as EpochMicros) + 1
    const end = Math.min(first + pageRows - 1, this.lastId(symbol))
    const trades = this.#range(symbol, Math.max(1, first), end)
    const newest = trades.at(-1)
    const cursor = newest === undefined ? String(since) : `${newest.eventTime}000`
    const told = last === 'absent' ? [] : [`"last": ${last === 'text' ? `"${cursor}"` : cursor}`]
    const rows = trades.map(
      ({ eventTime, orderType, price, quantity, side, tradeId }) =>
        `[ "${price}0", "${quantity}", ${eventTime / MICROS_PER_SECOND}, "${side?.[0]}", "${orderType?.[0]}", "", ${tradeId}, "more" ]`,
    )
    return `{ "result": { ${[...told, `"${resultKey}": [${rows.join()}]`].join(', ')} }, "error": [] }`
  }

  #answer(client: Client, request: { method: string; req_id?: number; params?: { symbol?: string[] } }): void {
    const { isEager, isTerse } = this.#habits
    const times = isTerse ? '' : `,"time_out":"${this.#text(this.#time.now())}"`
    const id = isTerse || request.req_id === undefined ? '' : `,"req_id":${request.req_id}`
    if (request.method === 'ping') client.wire.send(`{"method":"pong"${times}${id}}`)
    if (request.method !== 'subscribe') return
    for (const symbol of request.params?.symbol ?? []) {
      const answer = `{"success":true${times}${id},"result":{"symbol":"${symbol}","channel":"trade","news":[]},"method":"subscribe"}`
      if (!isEager) client.wire.send(answer)
      this.#follow(client, symbol as MarketSymbol)
      if (isEager) client.wire.send(answer)
    }
  }

  #follow(client: Client, symbol: MarketSymbol): void {
    if (client.symbols.has(symbol)) return
    const newest = this.lastId(symbol)
    const trades = this.#range(symbol, Math.max(1, newest - SNAPSHOT_TRADES + 1), newest)
    client.symbols.add(symbol)
    client.sent.set(symbol, newest)
    client.wire.send(this.#frame('snapshot', this.#habits.isReversed ? trades.toReversed() : trades))
  }

  #publish(): void {
    for (const client of this.#clients) {
      const all = [...client.symbols].map((symbol) => this.#unsent(client, symbol as MarketSymbol))
      for (const trades of this.#shares(all)) if (trades.length > 0) client.wire.send(this.#frame('update', trades))
      if (!this.#habits.isSilent && all.flat().length === 0) client.wire.send('{ "channel" : "heartbeat" }')
    }
  }

  #shares(all: readonly Trade[][]): readonly (readonly Trade[])[] {
    if (this.#habits.frames === 'market') return all
    return this.#habits.frames === 'mixed' ? [all.flat()] : all.flat().map((trade) => [trade])
  }

  #unsent(client: Client, symbol: MarketSymbol): Trade[] {
    const newest = this.lastId(symbol)
    const trades = this.#range(symbol, (client.sent.get(symbol) ?? newest) + 1, newest)
    client.sent.set(symbol, newest)
    return trades
  }

  #frame(type: string, trades: readonly Trade[]): string {
    const items = trades.map(
      ({ eventTime, orderType, price, quantity, side, symbol, tradeId }) =>
        `{ "trade_id": ${tradeId}, "timestamp": "${this.#text(eventTime)}", "qty": ${quantity}, "price": ${price}, "ord_type": "${orderType}", "side": "${side}", "symbol": "${symbol}", "venue": null }`,
    )
    return `{ "data": [ ${items.join(' , ')} ], "type": "${type}", "channel": "trade" }\n`
  }

  #text(time: EpochMicros): string {
    const { timeDigits } = this.#habits
    const fraction = `${formatTime(time).slice(20, 26)}000`.slice(0, timeDigits)
    return `${formatTime(time).slice(0, 19)}${timeDigits === 0 ? '' : `.${fraction}`}Z`
  }

  #range(symbol: MarketSymbol, first: number, last: number): Trade[] {
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => this.trade(symbol, first + index))
  }

  #period(symbol: MarketSymbol): number {
    return this.#periods.get(symbol) as number
  }
}

/** When trade 1 of each market happened: 2026-03-04T09:40:00Z. */
const ORIGIN = 1_772_617_200_000_000
const TRADES_AT_ONCE = 3

function namesOf(symbol: MarketSymbol): string[] {
  const altname = symbol.replace('BTC', 'XBT').replace('DOGE', 'XDG').replace('/', '')
  return [symbol, altname]
}
