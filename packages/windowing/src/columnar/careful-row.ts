import { compareDecimals, type DecimalText, decimalText, MalformedError, parseSeconds, type Side } from '@c1/market'
import type { TradeFigures } from '../accumulator.ts'
import type { RowLayout } from './row-layout.ts'

export interface CarefulRow extends TradeFigures {
  /** Whole seconds since 1970. */
  readonly seconds: number
}

const SIDES: Readonly<Record<string, Side>> = { b: 'buy', buy: 'buy', s: 'sell', sell: 'sell' }
const ORDER_TYPE = /^(?:m|l|market|limit)?$/
const TRADE_ID = /^[1-9]\d{0,14}$/
const ZERO = '0' as DecimalText

/**
 * Reads any row of a layout, slowly: numbers with exponents, numbers of any length, and rows that turn out malformed.
 * Without a column of ids the ordinal is the trade's.
 *
 * @throws MalformedError naming the value
 */
export function readCarefully(line: string, { columns, count }: RowLayout, ordinal: number): CarefulRow {
  const fields = line.split(',')
  const field = (column: number | undefined): string => (column === undefined ? '' : (fields[column] ?? ''))
  if (fields.length !== count) {
    throw new MalformedError(
      'row_malformed',
      `The row has ${fields.length} where the file's rows have ${count} fields.`,
    )
  }
  const micros = parseSeconds(field(columns.time))
  const price = decimalText(field(columns.price))
  if (compareDecimals(price, ZERO) === 0) throw malformed('price', field(columns.price), 'above zero')
  const orderType = field(columns.orderType)
  if (!ORDER_TYPE.test(orderType)) throw malformed('order_type', orderType, 'm, l, market or limit')
  return {
    seconds: Math.floor(micros / 1_000_000),
    tradeId: columns.tradeId === undefined ? ordinal : readTradeId(field(columns.tradeId)),
    price,
    quantity: decimalText(field(columns.volume)),
    side: readSide(field(columns.side)),
  }
}

function readSide(text: string): Side | undefined {
  const side = Object.hasOwn(SIDES, text) ? SIDES[text] : undefined
  if (side === undefined && text !== '') throw malformed('side', text, 'b, s, buy or sell')
  return side
}

function readTradeId(text: string): number {
  if (!TRADE_ID.test(text)) throw malformed('trade_id', text, 'a whole number from 1')
  return Number(text)
}

function malformed(name: string, text: string, expected: string): MalformedError {
  return new MalformedError(`${name}_malformed`, `${name} is "${text}"; expected ${expected}.`, { details: { text } })
}
