import { type EpochMicros, formatTime } from '@c1/market'

/** What the load consists of; travels to the venue's process as JSON. */
export interface Load {
  readonly symbols: number
  /** Over all symbols. */
  readonly tradesPerSecond: number
}

/** Decimals of every price and quantity. */
export const PRICE_DECIMALS = 2
export const QUANTITY_DECIMALS = 8

/** `AAAA/USD`, `AAAB/USD`: of equal length, so that frames can be laid out beforehand. */
export function symbolName(at: number): string {
  const letters = [26 * 26 * 26, 26 * 26, 26, 1].map((place) => String.fromCharCode(65 + (Math.floor(at / place) % 26)))
  return `${letters.join('')}/USD`
}

/** The price of a trade in hundredths, always five digits before the point. */
export function priceOf(symbol: number, id: number): number {
  return 2_000_000 + symbol * 1000 + ((id * 7919) % 997)
}

/** The quantity of a trade in units of its last decimal, always seven digits with leading zeros: below 0.1. */
export function quantityOf(id: number): number {
  return 1 + ((id * 104_729) % 9_999_991)
}

export function sideOf(id: number): 'buy' | 'sell' {
  return id % 3 === 0 ? 'sell' : 'buy'
}

const HEAD = '{"channel":"trade","type":"update","data":['
const TAIL = ']}'
const ID_DIGITS = 9

/** One trade with places for its digits; ids are laid out with their own number of digits. */
interface Layout {
  readonly bytes: Buffer
  readonly priceAt: number
  readonly quantityAt: number
  readonly idAt: number
  readonly timeAt: number
}

/** Writes trades as Kraken's frames, WebSocket framing included, by filling digits into bytes laid out beforehand. */
export class FrameWriter {
  readonly #layouts: (Layout | undefined)[] = []
  readonly #out: Buffer = Buffer.allocUnsafe(8 * 1024 * 1024)
  #at = 0
  #second = Number.NaN
  #secondText: Buffer = Buffer.alloc(0)

  /** What was written since the last call, as a copy. */
  take(): Buffer {
    const taken = Buffer.from(this.#out.subarray(0, this.#at))
    this.#at = 0
    return taken
  }

  /** A frame of the trades with ids from `first` on, all of one time. */
  write(symbol: number, first: number, count: number, time: EpochMicros): void {
    const start = this.#at
    this.#at += 4
    this.#text(HEAD)
    for (let id = first; id < first + count; id += 1) {
      if (id > first) this.#out[this.#at++] = 44
      this.#trade(symbol, id, time)
    }
    this.#text(TAIL)
    this.#frameHeader(start)
  }

  /** A text frame of up to 65,535 bytes, the length always in 16 bits or, where that is not allowed, moved to 7. */
  #frameHeader(start: number): void {
    const length = this.#at - start - 4
    if (length < 126 || length > 0xffff) throw new Error(`A frame of ${length} bytes was not thought of.`)
    this.#out[start] = 0x81
    this.#out[start + 1] = 126
    this.#out.writeUInt16BE(length, start + 2)
  }

  #trade(symbol: number, id: number, time: EpochMicros): void {
    const layout = this.#layout(symbol, id)
    const at = this.#at
    layout.bytes.copy(this.#out, at)
    const price = priceOf(symbol, id)
    digits(this.#out, at + layout.priceAt, 5, Math.floor(price / 100))
    digits(this.#out, at + layout.priceAt + 6, 2, price % 100)
    digits(this.#out, at + layout.quantityAt, 7, quantityOf(id))
    digits(this.#out, at + layout.idAt, countDigits(id), id)
    this.#time(at + layout.timeAt, time)
    this.#at += layout.bytes.length
  }

  #time(at: number, time: EpochMicros): void {
    const second = Math.floor(time / 1e6)
    if (second !== this.#second) {
      this.#secondText = Buffer.from(formatTime((second * 1e6) as EpochMicros).slice(0, 20))
      this.#second = second
    }
    this.#secondText.copy(this.#out, at)
    digits(this.#out, at + 20, 6, time % 1e6)
  }

  #layout(symbol: number, id: number): Layout {
    const side = sideOf(id)
    const place = (symbol * ID_DIGITS + countDigits(id)) * 2 + (side === 'buy' ? 0 : 1)
    const layout = this.#layouts[place] ?? layoutOf(symbol, countDigits(id), side)
    this.#layouts[place] = layout
    return layout
  }

  #text(text: string): void {
    this.#at += this.#out.write(text, this.#at, 'latin1')
  }
}

function layoutOf(symbol: number, idDigits: number, side: string): Layout {
  if (idDigits >= ID_DIGITS) throw new Error(`Ids of ${idDigits} digits were not thought of.`)
  const parts = [
    `{"symbol":"${symbolName(symbol)}","side":"${side}","price":`,
    `00000.00,"qty":0.0`,
    `0000000,"ord_type":"limit","trade_id":`,
    `${'0'.repeat(idDigits)},"timestamp":"`,
    `2026-01-01T00:00:00.000000Z"}`,
  ]
  const starts = parts.map((_, at) => parts.slice(0, at).join('').length)
  const [, priceAt, quantityAt, idAt, timeAt] = starts as [number, number, number, number, number]
  return { bytes: Buffer.from(parts.join('')), priceAt, quantityAt, idAt, timeAt }
}

function countDigits(id: number): number {
  let count = 1
  for (let limit = 10; id >= limit; limit *= 10) count += 1
  return count
}

function digits(out: Buffer, at: number, count: number, value: number): void {
  let left = value
  for (let place = at + count - 1; place >= at; place -= 1) {
    const rest = Math.floor(left / 10)
    out[place] = 48 + left - rest * 10
    left = rest
  }
}
