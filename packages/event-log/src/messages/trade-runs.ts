import {
  type EpochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  ORDER_TYPES,
  SIDES,
  type TradeColumns,
} from '@c1/market'
import type { RecordRun } from '../event-log.ts'
import type { Envelope } from './codec.ts'
import { optionalText, timeText } from './row.ts'
import { idsHeader, tradesEnvelope } from './trades.ts'

const ZERO = 48
/** `2025-11-10T`, what all times of one day begin with. */
const DAY_TEXT = 11
const CLOCK_TEXT = '13:00:00'.length
/** Texts are written eight bytes at a time, so up to seven bytes beyond their end are written over. */
const SPILL = 8
/** Longest trade id: 2^53 has 16 digits. */
const ID_DIGITS = 16

/** A text that is the same in many records, as the 64-bit words to write it with. */
class Piece {
  readonly length: number
  readonly words: Float64Array

  constructor(text: string) {
    const bytes = Buffer.from(text)
    this.length = bytes.length
    // As doubles the words are only moved, and no text in UTF-8 has the bits of a NaN, which might not survive that.
    const padded = Buffer.alloc(Math.ceil(bytes.length / 8) * 8)
    bytes.copy(padded)
    this.words = Float64Array.from({ length: padded.length / 8 }, (_, word) => padded.readDoubleLE(8 * word))
  }
}

/** Trades in columns as the records that `tradesCodec` makes of them one by one, byte for byte. */
export class TradeRuns {
  readonly #envelope: Envelope<'trade' | 'heartbeat' | 'outage'>
  #values = Buffer.alloc(0)
  #view = new DataView(this.#values.buffer)
  #lengths = new Uint32Array(0)
  #day = Number.NaN
  #beforeHour = new Piece('')

  constructor(source: string) {
    this.#envelope = tradesEnvelope(source)
  }

  /** The run is valid until the next call, and as long as the columns are. */
  encode(trades: TradeColumns): RecordRun {
    const { bounds, count, idSpace, symbol, times } = trades
    const pieces = piecesOf(symbol)
    const texts = (bounds[2 * count] as number) - (bounds[0] as number)
    this.#makeRoom(count, texts + count * (pieces.bytes + ID_DIGITS))
    const end = this.#write(trades, pieces)
    return {
      key: symbol,
      headers: this.#envelope.headersOf('trade', idsHeader(idSpace)),
      count,
      timestamps: times.subarray(0, count),
      values: this.#values.subarray(0, end),
      lengths: this.#lengths.subarray(0, count),
    }
  }

  /** One long function on purpose: a record is some twenty writes of eight bytes. */
  #write({ bounds, count, ids, orderTypes, sides, texts, times }: TradeColumns, pieces: Pieces): number {
    const values = this.#values
    const view = this.#view
    const lengths = this.#lengths
    const { afterSeconds, beforeId, beforeQuantity, ends, wholeSecond } = pieces
    const id = new IdText()
    let minute = Number.NaN
    let minuteEnd = Number.NaN
    let beforeHour = this.#beforeHour
    let minuteOfDay = 0
    let at = 0
    for (let index = 0; index < count; index += 1) {
      const start = at
      at = put(view, at, beforeId)
      at = id.write(ids[index] as number, values, at)
      const time = times[index] as number
      if (!(time >= minute && time < minuteEnd)) {
        minute = Math.floor(time / MICROS_PER_MINUTE) * MICROS_PER_MINUTE
        minuteEnd = minute + MICROS_PER_MINUTE
        const day = Math.floor(time / MICROS_PER_DAY) * MICROS_PER_DAY
        if (day !== this.#day) this.#beginDay(day)
        beforeHour = this.#beforeHour
        minuteOfDay = ((minute - day) / MICROS_PER_MINUTE) | 0
      }
      at = put(view, at, beforeHour)
      at = putClock(values, at, minuteOfDay, ((time - minute) / MICROS_PER_SECOND) | 0)
      let fraction = (time - minute) % MICROS_PER_SECOND
      if (fraction === 0) at = put(view, at, wholeSecond)
      else {
        values[at] = POINT
        for (let digit = 6; digit > 0; digit -= 1) {
          const rest = (fraction / 10) | 0
          values[at + digit] = ZERO + fraction - 10 * rest
          fraction = rest
        }
        at = put(view, at + 7, afterSeconds)
      }
      let text = bounds[2 * index] as number
      const priceEnd = bounds[2 * index + 1] as number
      while (text < priceEnd) values[at++] = texts[text++] as number
      at = put(view, at, beforeQuantity)
      const quantityEnd = bounds[2 * index + 2] as number
      while (text < quantityEnd) values[at++] = texts[text++] as number
      at = put(view, at, ends[3 * (sides[index] as number) + (orderTypes[index] as number)] as Piece)
      lengths[index] = at - start
    }
    return at
  }

  #beginDay(day: number): void {
    this.#day = day
    this.#beforeHour = new Piece(`,"eventTime":"${timeText(day as EpochMicros).slice(0, DAY_TEXT)}`)
  }

  #makeRoom(count: number, bytes: number): void {
    if (this.#lengths.length < count) this.#lengths = new Uint32Array(count)
    if (this.#values.length >= bytes + SPILL) return
    this.#values = Buffer.allocUnsafeSlow(bytes + SPILL)
    this.#view = new DataView(this.#values.buffer)
  }
}

const POINT = 46
const COLON = 58

interface Pieces {
  readonly beforeId: Piece
  /** After the seconds of a time that is a whole second, and of one that is not behind its fraction. */
  readonly wholeSecond: Piece
  readonly afterSeconds: Piece
  readonly beforeQuantity: Piece
  /** By side and order type. */
  readonly ends: readonly Piece[]
  /** At most in one record, without the id, the price and the quantity. */
  readonly bytes: number
}

function piecesOf(symbol: string): Pieces {
  const beforeId = new Piece(`{"symbol":${JSON.stringify(symbol)},"tradeId":`)
  const wholeSecond = new Piece('.000000Z","price":"')
  const afterSeconds = new Piece('Z","price":"')
  const beforeQuantity = new Piece('","quantity":"')
  const ends = SIDES.flatMap((side) =>
    ORDER_TYPES.map((type) => new Piece(`","side":${optionalText(side)},"orderType":${optionalText(type)}}`)),
  )
  const longestEnd = Math.max(...ends.map(({ length }) => length))
  const time = ',"eventTime":"'.length + DAY_TEXT + CLOCK_TEXT
  const bytes = beforeId.length + time + wholeSecond.length + beforeQuantity.length + longestEnd
  return { beforeId, wholeSecond, afterSeconds, beforeQuantity, ends, bytes }
}

function put(view: DataView, at: number, { length, words }: Piece): number {
  for (let word = 0; word < words.length; word += 1) view.setFloat64(at + 8 * word, words[word] as number, true)
  return at + length
}

/** Writes `hh:mm:ss`. */
function putClock(values: Buffer, at: number, minuteOfDay: number, second: number): number {
  const hour = (minuteOfDay / 60) | 0
  putTwo(values, at, hour)
  values[at + 2] = COLON
  putTwo(values, at + 3, minuteOfDay - 60 * hour)
  values[at + 5] = COLON
  putTwo(values, at + 6, second)
  return at + CLOCK_TEXT
}

function putTwo(values: Buffer, at: number, number: number): void {
  const tens = (number / 10) | 0
  values[at] = ZERO + tens
  values[at + 1] = ZERO + number - 10 * tens
}

/** Ids as decimal digits, quick where each is one more than the one before. */
class IdText {
  readonly #digits = new Uint8Array(ID_DIGITS)
  /** Where the digits begin: they end with the array. */
  #first = ID_DIGITS
  #id = Number.NaN

  write(id: number, values: Uint8Array, at: number): number {
    const digits = this.#digits
    if (id === this.#id + 1) this.#increment()
    else this.#set(id)
    this.#id = id
    let to = at
    for (let digit = this.#first; digit < ID_DIGITS; digit += 1) values[to++] = digits[digit] as number
    return to
  }

  #increment(): void {
    const digits = this.#digits
    let digit = ID_DIGITS - 1
    while (digit >= this.#first && digits[digit] === ZERO + 9) digits[digit--] = ZERO
    if (digit < this.#first) {
      this.#first = digit
      digits[digit] = ZERO
    }
    digits[digit] = (digits[digit] as number) + 1
  }

  #set(id: number): void {
    const text = String(id)
    this.#first = ID_DIGITS - text.length
    for (let at = 0; at < text.length; at += 1) this.#digits[this.#first + at] = text.charCodeAt(at)
  }
}
