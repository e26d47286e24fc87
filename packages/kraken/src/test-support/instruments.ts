import { type Instrument, marketSymbol } from '@c1/market'

/** An instrument with the given decimals, named as Kraken names `BTC/USD`. */
export function instrument(symbol = 'BTC/USD', fields: Partial<Instrument> = {}): Instrument {
  const [base = '', quote = ''] = symbol.split('/')
  const usual = { priceDecimals: 1, quantityDecimals: 8, aliases: ['XBTUSD', 'XXBTZUSD', 'XBT/USD'] }
  return { symbol: marketSymbol(symbol), base, quote, status: 'online', ...usual, ...fields }
}

/** The fields of a row of REST Trades that a test cares about. */
export interface RestRow {
  readonly price?: string
  readonly volume?: string
  readonly time?: string
}

/** A row of REST Trades as JSON text. */
export function restRow(id: number, fields: RestRow = {}): string {
  const { price = '83930.30000', volume = '0.00005100', time = '1790359840.9392912' } = fields
  return `["${price}","${volume}",${time},"s","l","",${id}]`
}

/** An answer of REST Trades as JSON text. */
export function restTrades(rows: readonly string[], last?: string): string {
  return `{"error":[],"result":{"XXBTZUSD":[${rows.join(',')}]${last === undefined ? '' : `,"last":"${last}"`}}}`
}
