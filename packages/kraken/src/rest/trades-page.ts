import { type EpochMicros, type Instrument, MalformedError, type Trade } from '@c1/market'
import { implausibility, implausible, outOfPlace } from '../plausibility.ts'
import { asRecord, NumberText, writeExact } from '../wire/exact-json.ts'
import {
  positivePrice,
  positiveQuantity,
  readHistoric,
  readNumber,
  readOrderType,
  readSeconds,
  readSide,
  readTradeId,
} from '../wire/fields.ts'
import { type MalformedRow, malformedRow } from '../wire/malformed-row.ts'
import { type Cursor, cursorAt, cursorAtLast } from './cursor.ts'

/** Rows asked for; Kraken's maximum. */
export const PAGE_ROWS = 1000

export interface TradesPage {
  /** Ascending by trade id. */
  readonly trades: readonly Trade[]
  readonly rejected: readonly MalformedRow[]
  /** Rejected rows before the first trade: trades that there are but that cannot be told. */
  readonly rejectedBefore: number
  /** Where to go on: `last` as the venue wrote it. It may repeat the page's last instant, so drop the trades whose id is known. */
  readonly next: Cursor
  /** Whether there may be more: the page holds as many rows as were asked for. */
  readonly full: boolean
}

/**
 * A `Trades` result that was asked for with `since`, parsed by `parseExact`.
 *
 * A row that cannot be a trade (another type, negative, zero, with a time or an id that the others contradict) is rejected, the others are kept. Rows without id
 * (six elements, or 0 as Kraken once answered) have one where the ids of the rows around them leave just as many; others are rejected.
 * Prices and quantities have the market's decimals, or more where they were traded at a finer step of the past.
 *
 * @throws MalformedError `trades_malformed` when it has no list of rows
 */
export function readTradesPage(result: unknown, instrument: Instrument, since: Cursor | undefined): TradesPage {
  const { last, rows } = readTradesResult(result, [instrument.symbol, ...instrument.aliases])
  const read = new Map<Trade, unknown>()
  const rejected: MalformedRow[] = []
  const ids = inferredIds(rows)
  let rejectedBefore = 0
  for (const [at, row] of rows.entries()) {
    try {
      read.set(readRow(row, instrument, ids.get(at)), row)
    } catch (thrown) {
      rejected.push(malformedRow(writeExact(row), thrown))
      if (read.size === 0) rejectedBefore += 1
    }
  }
  const ascending = [...read.keys()].sort((a, b) => a.tradeId - b.tradeId)
  const misplaced = outOfPlace(ascending)
  for (const trade of misplaced) {
    const thrown = implausible(trade, 'its id and its time are not those of the rows around it')
    rejected.push(malformedRow(writeExact(read.get(trade)), thrown))
  }
  const trades = misplaced.size === 0 ? ascending : ascending.filter((trade) => !misplaced.has(trade))
  const next = last === undefined ? cursorBeforeEnd(trades, since) : cursorAtLast(last)
  return { trades, rejected, rejectedBefore, next, full: rows.length >= PAGE_ROWS }
}

/** The ids of rows without one, by place: rows ascend and ids are dense, so as many ids as rows between two known ones are theirs. */
function inferredIds(rows: readonly unknown[]): ReadonlyMap<number, number> {
  const inferred = new Map<number, number>()
  let known: { readonly at: number; readonly id: number } | undefined
  for (const [at, row] of rows.entries()) {
    const id = givenId(row)
    if (id === undefined) continue
    if (known !== undefined && id - known.id === at - known.at) {
      for (let between = known.at + 1; between < at; between++) inferred.set(between, known.id + between - known.at)
    }
    known = { at, id }
  }
  return inferred
}

/** The id of a row, undefined where it has none. A malformed one gives NaN, which proves nothing of its neighbours. */
function givenId(row: unknown): number | undefined {
  const id = Array.isArray(row) ? row[6] : Number.NaN
  if (isNoId(id)) return undefined
  return id instanceof NumberText && /^[1-9]\d{0,15}$/.test(id.text) ? Number(id.text) : Number.NaN
}

function isNoId(id: unknown): boolean {
  return id === undefined || id === null || (id instanceof NumberText && id.text === '0')
}

/**
 * The rows and the cursor of a `Trades` result. The market's key is not always the name asked for: it is one of the names if there
 * is one, else the first that holds a list.
 */
export function readTradesResult(
  result: unknown,
  names: readonly string[] = [],
): {
  readonly last: string | undefined
  readonly rows: readonly unknown[]
} {
  const { last, ...markets } = asRecord(result) ?? {}
  const rows = [...names.map((name) => markets[name]), ...Object.values(markets)].find(Array.isArray)
  if (rows === undefined) throw new MalformedError('trades_malformed', 'The answer (Trades) holds no list of trades.')
  const text = last instanceof NumberText ? last.text : last
  return { last: typeof text === 'string' && /^\d{1,19}$/.test(text) ? text : undefined, rows }
}

/**
 * `last` was seen missing now and then. The time of a row is a float, up to 0.12 us off, and is cut to microseconds here: one
 * microsecond earlier is never after the row.
 */
function cursorBeforeEnd(trades: readonly Trade[], since: Cursor | undefined): Cursor {
  const newest = trades.at(-1)
  return newest === undefined ? (since ?? cursorAt(0 as EpochMicros)) : cursorAt((newest.eventTime - 1) as EpochMicros)
}

function readRow(row: unknown, instrument: Instrument, inferredId: number | undefined): Trade {
  if (!Array.isArray(row) || row.length < 6) {
    throw new MalformedError(
      'trade_malformed',
      'A trade is a list of price, volume, time, side, order type, misc and id.',
    )
  }
  const [price, volume, time, side, orderType, , id] = row
  if (isNoId(id) && inferredId === undefined) {
    throw new MalformedError('trade_id_malformed', 'The trade has no id, and its neighbours do not tell it.')
  }
  const trade: Trade = {
    symbol: instrument.symbol,
    idSpace: 'venue',
    tradeId: inferredId ?? readTradeId(readNumber('trade_id', id)),
    eventTime: readSeconds(readNumber('time', time)),
    price: positivePrice(readHistoric(readNumber('price', price), instrument.priceDecimals)),
    quantity: positiveQuantity(readHistoric(readNumber('volume', volume), instrument.quantityDecimals)),
    side: readSide(side),
    orderType: readOrderType(orderType),
  }
  const reason = implausibility(trade, Number.POSITIVE_INFINITY)
  if (reason !== undefined) throw implausible(trade, reason)
  return trade
}
