import {
  type DecimalText,
  decimalText,
  type EpochMicros,
  type Instrument,
  MalformedError,
  type OrderType,
  parseTime,
  type Side,
  type Trade,
} from '@c1/market'
import { implausibility, implausible } from '../plausibility.ts'
import { asRecord, writeExact } from '../wire/exact-json.ts'
import {
  isZero,
  plainDecimal,
  positivePrice,
  positiveQuantity,
  readDecimal,
  readNumber,
  readOrderType,
  readSide,
  readText,
  readTradeId,
} from '../wire/fields.ts'
import { type MalformedRow, malformedRow } from '../wire/malformed-row.ts'

export interface TradeFrame {
  readonly trades: readonly Trade[]
  readonly rejected: readonly MalformedRow[]
  readonly snapshot: boolean
}

const UPDATE = '{"channel":"trade","type":"update","data":['
const SNAPSHOT = '{"channel":"trade","type":"snapshot","data":['
const NUMBER = '((?:0|[1-9]\\d*)(?:\\.\\d+)?)'
const TIMESTAMP = '"(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)\\.(\\d{6})Z"'
/** One trade as Kraken writes it, and what follows it. */
const TRADE = new RegExp(
  `\\{"symbol":"([^"\\\\]+)","side":"(buy|sell)","price":${NUMBER},"qty":${NUMBER},"ord_type":"(limit|market)",` +
    `"trade_id":([1-9]\\d{0,14}),"timestamp":${TIMESTAMP}\\}([,\\]])`,
  'y',
)

/** Reads frames of the `trade` channel, with every number's digits as they were written. */
export class TradeFrames {
  readonly #instruments: ReadonlyMap<string, Instrument>
  readonly #steps: ReadonlyMap<Instrument, number>
  #latest = Number.POSITIVE_INFINITY
  #second = ''
  #secondMicros = 0

  constructor(instruments: Iterable<Instrument>) {
    const listed = [...instruments]
    this.#instruments = new Map(listed.map((instrument) => [instrument.symbol, instrument]))
    this.#steps = new Map(listed.flatMap((instrument) => coarseStep(instrument)))
  }

  /** Trades after this time are refused from now on. */
  believeUpTo(latest: number): void {
    this.#latest = latest
  }

  /**
   * Reads a trade frame spelled exactly as Kraken spells them, whole and correct; undefined for any other text, which is to be
   * parsed. It reads the text itself because `JSON.parse` loses the digits, and its reviver is many times slower.
   */
  readSpelled(text: string): TradeFrame | undefined {
    const head = text.startsWith(UPDATE) ? UPDATE : text.startsWith(SNAPSHOT) ? SNAPSHOT : undefined
    if (head === undefined) return undefined
    const trades: Trade[] = []
    TRADE.lastIndex = head.length
    for (let end = ','; end === ','; ) {
      const match = TRADE.exec(text)
      const trade = match === null ? undefined : this.#tradeOf(match)
      if (match === null || trade === undefined) return undefined
      trades.push(trade)
      end = match[9] as string
      if (end === ']' && !(text.length === TRADE.lastIndex + 1 && text.endsWith('}'))) return undefined
    }
    return frame(trades, [], head === SNAPSHOT)
  }

  /** Reads a frame parsed by `parseExact`. A trade that cannot be read does not lose those beside it. @throws MalformedError */
  readParsed(message: Readonly<Record<string, unknown>>): TradeFrame {
    const { type, data } = message
    if (!Array.isArray(data) || (type !== 'update' && type !== 'snapshot')) {
      throw new MalformedError(
        'frame_malformed',
        'A frame of the trade channel is an update or a snapshot with a list of trades.',
      )
    }
    const trades: Trade[] = []
    const rejected: MalformedRow[] = []
    for (const item of data) {
      try {
        trades.push(this.#readItem(item))
      } catch (thrown) {
        rejected.push(malformedRow(writeExact(item), thrown))
      }
    }
    return frame(trades, rejected, type === 'snapshot')
  }

  #tradeOf(match: RegExpExecArray): Trade | undefined {
    const [, symbol, side, priceText, quantityText, orderType, id, second, fraction] = match as unknown as string[]
    const instrument = this.#instruments.get(symbol as string)
    if (instrument === undefined) return undefined
    const price = plainDecimal(priceText as string, instrument.priceDecimals)
    const quantity = plainDecimal(quantityText as string, instrument.quantityDecimals)
    if (price === undefined || quantity === undefined || isZero(price) || isZero(quantity)) return undefined
    if (!this.#isOnStep(instrument, price)) return undefined
    const eventTime = this.#timeOf(second as string, fraction as string)
    if (Number.isNaN(eventTime)) return undefined
    const read = trade(instrument, Number(id), eventTime, price, quantity, side as Side, orderType as OrderType)
    return implausibility(read, this.#latest) === undefined ? read : undefined
  }

  /** Most trades share their second with the one before, so the calendar is worked out once a second. NaN for none that exists. */
  #timeOf(second: string, fraction: string): EpochMicros {
    if (second !== this.#second) {
      this.#secondMicros = secondMicros(second)
      this.#second = second
    }
    return (this.#secondMicros + Number(fraction)) as EpochMicros
  }

  #readItem(item: unknown): Trade {
    const fields = asRecord(item)
    if (fields === undefined) throw new MalformedError('trade_malformed', 'A trade is an object.')
    const symbol = readText('symbol', fields.symbol)
    const instrument = this.#instruments.get(symbol)
    if (instrument === undefined) {
      throw new MalformedError('symbol_malformed', `"${symbol}" is not a market that was asked for.`)
    }
    const read = trade(
      instrument,
      readTradeId(readNumber('trade_id', fields.trade_id)),
      parseTime(readText('timestamp', fields.timestamp)),
      positivePrice(readDecimal(readNumber('price', fields.price), instrument.priceDecimals)),
      positiveQuantity(readDecimal(readNumber('qty', fields.qty), instrument.quantityDecimals)),
      readSide(fields.side),
      readOrderType(fields.ord_type),
    )
    if (!this.#isOnStep(instrument, read.price)) {
      throw new MalformedError('price_malformed', `price ${read.price} is no multiple of ${instrument.priceIncrement}.`)
    }
    const reason = implausibility(read, this.#latest)
    if (reason !== undefined) throw implausible(read, reason)
    return read
  }

  /** Only a step that is coarser than the last decimal is to be looked at: the others are kept by the decimals. */
  #isOnStep(instrument: Instrument, price: DecimalText): boolean {
    const step = this.#steps.size === 0 ? undefined : this.#steps.get(instrument)
    return step === undefined || inLastDecimals(price) % step === 0
  }
}

/** The step of the instrument's prices in units of their last decimal, where it is not one. */
function coarseStep(instrument: Instrument): (readonly [Instrument, number])[] {
  if (instrument.priceIncrement === undefined) return []
  const step = inLastDecimals(decimalText(instrument.priceIncrement, instrument.priceDecimals))
  return step > 1 ? [[instrument, step]] : []
}

/** Exact up to 2^53, which no price with a coarse step reaches. */
function inLastDecimals(text: DecimalText): number {
  return Number(text.replace('.', ''))
}

/** The order inside a snapshot is not promised; updates come in the order of the ids. */
function frame(trades: Trade[], rejected: readonly MalformedRow[], snapshot: boolean): TradeFrame {
  if (snapshot) trades.sort((a, b) => a.tradeId - b.tradeId)
  return { trades, rejected, snapshot }
}

function trade(
  { symbol }: Instrument,
  tradeId: number,
  eventTime: EpochMicros,
  price: DecimalText,
  quantity: DecimalText,
  side: Side,
  orderType: OrderType,
): Trade {
  return { symbol, idSpace: 'venue', tradeId, eventTime, price, quantity, side, orderType }
}

function secondMicros(second: string): number {
  try {
    return parseTime(`${second}Z`)
  } catch (thrown) {
    if (thrown instanceof MalformedError) return Number.NaN
    throw thrown
  }
}
