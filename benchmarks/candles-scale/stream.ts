import { type StoredRecord, type TradesCodec, tradesCodec } from '@c1/event-log'
import {
  type DecimalText,
  type EpochMicros,
  emptyUnitTrade,
  INTERVALS,
  type MarketSymbol,
  type Trade,
} from '@c1/market'
import { CandleWindows } from '@c1/windowing'
import { walk } from '../market.ts'

/** Trades that are made beforehand; a stream of any length takes them in turn, each time at a later time and id. */
const POOL = 4096
const PER_MINUTE_OF_A_SYMBOL = 15_000
const ID_DIGITS = 12
const START = 1_672_531_200_000_000
/** Where in a record's bytes its id and its time stand, behind the symbol. */
const ID_FROM = '{"symbol":"AAA/USD","tradeId":'.length
const TIME_FROM = ID_FROM + ID_DIGITS + ',"eventTime":"'.length
const LOWEST_ID = 10 ** (ID_DIGITS - 1)

/**
 * Trades of many symbols in turn, as the bytes of log records, through the reader and the windows. No more of them is in memory than a
 * pool: each is written over with the next id of its symbol and the next time before it is read.
 */
export class TradeStream {
  readonly windows: CandleWindows = new CandleWindows({ intervals: INTERVALS })
  readonly #codec: TradesCodec = tradesCodec('simulator')
  readonly #records: readonly StoredRecord[]
  readonly #keys: readonly MarketSymbol[]
  readonly #ids: Float64Array
  readonly #trade = emptyUnitTrade()
  readonly #step: number
  #time = START
  #count = 0
  #events = 0

  constructor(symbols: number) {
    this.#keys = Array.from({ length: symbols }, (_, at) => symbolOf(at))
    this.#ids = new Float64Array(symbols).fill(LOWEST_ID)
    this.#records = [...walk(POOL, PER_MINUTE_OF_A_SYMBOL, 3)].map(({ price, quantity, side }, offset) => {
      const trade: Trade = {
        symbol: symbolOf(0),
        idSpace: 'venue',
        tradeId: LOWEST_ID,
        eventTime: START as EpochMicros,
        price: price.toFixed(1) as DecimalText,
        quantity: quantity.toFixed(8) as DecimalText,
        side,
        orderType: 'limit',
      }
      return { ...this.#codec.encode({ kind: 'trade', trade }), partition: 0, offset }
    })
    this.#step = 60_000_000 / PER_MINUTE_OF_A_SYMBOL / symbols
  }

  /** Candles and heartbeats so far. */
  get events(): number {
    return this.#events
  }

  run(trades: number): void {
    for (let left = trades; left > 0; left--) this.#next()
  }

  #next(): void {
    const record = this.#records[this.#count % POOL] as StoredRecord & { key: string }
    // A step that has no common divisor with the number of symbols: neighbours in memory are not neighbours in time.
    const symbol = (this.#count * 769) % this.#keys.length
    this.#count++
    this.#time += this.#step
    record.key = this.#keys[symbol] as MarketSymbol
    const id = (this.#ids[symbol] as number) + 1
    this.#ids[symbol] = id
    writeRecord(record.value, record.key, id, Math.floor(this.#time))
    if (!this.#codec.readTrade(record, this.#trade)) throw new Error('A record was left unread.')
    this.#events += this.windows.addTrade(this.#trade).length
  }
}

/** `AAA/USD`, `AAB/USD`, ... */
function symbolOf(at: number): MarketSymbol {
  const letters = [Math.floor(at / 676), Math.floor(at / 26), at].map((digit) => String.fromCharCode(65 + (digit % 26)))
  return `${letters.join('')}/USD` as MarketSymbol
}

let prefix = ''
let prefixMinute = -1

function writeRecord(bytes: Uint8Array, key: string, id: number, time: number): void {
  for (let at = 0; at < 3; at++) bytes[11 + at] = key.charCodeAt(at)
  writeDigits(bytes, ID_FROM, ID_DIGITS, id)
  const minute = Math.floor(time / 60_000_000)
  if (minute !== prefixMinute) {
    prefixMinute = minute
    prefix = new Date(minute * 60_000).toISOString().slice(0, 17)
  }
  for (let at = 0; at < prefix.length; at++) bytes[TIME_FROM + at] = prefix.charCodeAt(at)
  const micros = time - minute * 60_000_000
  const seconds = Math.floor(micros / 1_000_000)
  writeDigits(bytes, TIME_FROM + 17, 2, seconds)
  writeDigits(bytes, TIME_FROM + 20, 6, micros - seconds * 1_000_000)
}

function writeDigits(bytes: Uint8Array, from: number, count: number, value: number): void {
  let [rest, at] = [value, from + count]
  while (at-- > from) {
    const upper = Math.floor(rest / 10)
    bytes[at] = 48 + rest - upper * 10
    rest = upper
  }
}
