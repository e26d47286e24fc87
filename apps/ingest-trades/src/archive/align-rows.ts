import { MICROS_PER_SECOND, type Trade } from '@c1/market'

/** Consecutive rows of a file whose trades have consecutive ids: the row of ordinal `o` is the trade of id `o + offset`. */
export interface ProvenRows {
  /** Ordinals, both inclusive. */
  readonly from: number
  readonly to: number
  readonly offset: number
}

/** Archives cut or round times that are finer than a second to at most this. */
const SAME_TIME = 1000

/**
 * Finds what rows of a file, in its order and with ordinals for ids, are among the venue's trades from the first row's second
 * on. Equal rows are distinct trades, and a file has whole seconds only, so a row is never looked up: the rows are laid beside the trades
 * where both pass into their second second, and then have to agree one by one, in time, price and quantity, as far as both go
 * in either direction. A row that was lost leaves its place free.
 */
export function alignRows(rows: readonly Trade[], trades: readonly Trade[]): ProvenRows | undefined {
  const [firstRow] = rows
  if (firstRow === undefined) return undefined
  const second = secondOf(firstRow)
  const row = rows.findIndex((row) => secondOf(row) > second)
  const trade = trades.findIndex((trade) => secondOf(trade) > second)
  if (row === -1) return isWhole(rows, trades, second) ? alignAt(rows, trades, 0, 0) : undefined
  return trade === -1 ? undefined : alignAt(rows, trades, row, trade)
}

/** Whether the rows, all of one second, are as many as its trades. */
function isWhole(rows: readonly Trade[], trades: readonly Trade[], second: number): boolean {
  return trades.filter((trade) => secondOf(trade) === second).length === spanOf(rows)
}

function spanOf(rows: readonly Trade[]): number {
  return (rows.at(-1) as Trade).tradeId - (rows[0] as Trade).tradeId + 1
}

/** With a row beside a trade. */
function alignAt(
  rows: readonly Trade[],
  trades: readonly Trade[],
  rowAt: number,
  tradeAt: number,
): ProvenRows | undefined {
  const anchor = rows[rowAt] as Trade
  const partner = trades[tradeAt]
  if (partner === undefined) return undefined
  const offset = partner.tradeId - anchor.tradeId
  const agrees = (row: Trade | undefined): row is Trade => {
    if (row === undefined) return false
    const beside = trades[tradeAt + row.tradeId - anchor.tradeId]
    return beside?.tradeId === row.tradeId + offset && isSame(row, beside)
  }
  if (!agrees(anchor)) return undefined
  let first = rowAt
  while (agrees(rows[first - 1])) first -= 1
  let last = rowAt
  while (agrees(rows[last + 1])) last += 1
  return { from: (rows[first] as Trade).tradeId, to: (rows[last] as Trade).tradeId, offset }
}

function isSame(row: Trade, trade: Trade): boolean {
  const sameTime = secondOf(row) === secondOf(trade) || Math.abs(row.eventTime - trade.eventTime) <= SAME_TIME
  return sameTime && row.price === trade.price && row.quantity === trade.quantity
}

function secondOf({ eventTime }: Trade): number {
  return Math.floor(eventTime / MICROS_PER_SECOND)
}
