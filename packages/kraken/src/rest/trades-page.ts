import { type EpochMicros, type Instrument, MalformedError, type Trade } from '@c1/market'
import { Plausibility } from '../plausibility.ts'
import { asRecord, NumberText, writeExact } from '../wire/exact-json.ts'
import {
  positivePrice,
  readHistoric,
  readNumber,
  readOrderType,
  readSeconds,
  readSide,
  readText,
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
  /** Where to go on. It repeats the page's last instant, so drop the trades whose id is known. */
  readonly next: Cursor
  /** Whether there may be more: the page holds as many rows as were asked for. */
  readonly full: boolean
}

/**
 * A `Trades` result that was asked for with `since`, parsed by `parseExact`.
 *
 * A row that cannot be a trade (no id, another type, negative, out of all proportion) is rejected, the others are kept.
 * Prices and quantities have the market's decimals, or more where they were traded at a finer step of the past.
 *
 * @throws MalformedError `trades_malformed` when it has no list of rows
 */
export function readTradesPage(result: unknown, instrument: Instrument, since: Cursor): TradesPage {
  const { last, rows } = readTradesResult(result)
  const trades: Trade[] = []
  const rejected: MalformedRow[] = []
  const plausibility = new Plausibility()
  for (const row of rows) {
    try {
      trades.push(plausibility.check(readRow(row, instrument)))
    } catch (thrown) {
      rejected.push(malformedRow(writeExact(row), thrown))
    }
  }
  trades.sort((a, b) => a.tradeId - b.tradeId)
  const next = last === undefined ? cursorBeforeEnd(trades, since) : cursorAtLast(last)
  return { trades, rejected, next, full: rows.length >= PAGE_ROWS }
}

/** The rows and the cursor of a `Trades` result. The market's key is the one that is not `last`: it is not always the name asked for. */
export function readTradesResult(result: unknown): {
  readonly last: string | undefined
  readonly rows: readonly unknown[]
} {
  const { last, ...markets } = asRecord(result) ?? {}
  const rows = Object.values(markets).find(Array.isArray)
  if (rows === undefined) throw new MalformedError('trades_malformed', 'The answer (Trades) holds no list of trades.')
  const text = last instanceof NumberText ? last.text : last
  return { last: typeof text === 'string' && /^\d{1,19}$/.test(text) ? text : undefined, rows }
}

/**
 * `last` was seen missing now and then. The time of a row is a float, up to 0.12 us off, and is cut to microseconds here: one
 * microsecond earlier is never after the row.
 */
function cursorBeforeEnd(trades: readonly Trade[], since: Cursor): Cursor {
  const newest = trades.at(-1)
  return newest === undefined ? since : cursorAt((newest.eventTime - 1) as EpochMicros)
}

function readRow(row: unknown, instrument: Instrument): Trade {
  if (!Array.isArray(row) || row.length < 6) {
    throw new MalformedError(
      'trade_malformed',
      'A trade is a list of price, volume, time, side, order type, misc and id.',
    )
  }
  const [price, volume, time, side, orderType, , id] = row
  if (id === undefined) throw new MalformedError('trade_id_malformed', 'The trade has no id.')
  return {
    symbol: instrument.symbol,
    idSpace: 'venue',
    tradeId: readTradeId(readNumber('trade_id', id)),
    eventTime: readSeconds(readNumber('time', time)),
    price: positivePrice(readHistoric(readText('price', price), instrument.priceDecimals)),
    quantity: readHistoric(readText('volume', volume), instrument.quantityDecimals),
    side: readSide(side),
    orderType: readOrderType(orderType),
  }
}
