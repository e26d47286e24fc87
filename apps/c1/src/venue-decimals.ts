import { readArchive } from '@c1/kraken'
import { type Candle, type DecimalText, decimalsOf, type Instrument, type MarketSymbol, trimDecimal } from '@c1/market'

/**
 * A market as far as a file tells of it. Archives pad prices with zeros (`105433.60000` where the venue quotes one decimal),
 * and a VWAP is cut to the venue's decimals, so those are what the file's first rows really use.
 *
 * @throws UsageError when the file is not an archive of trades
 */
export async function instrumentOfFile(path: string, symbol: MarketSymbol): Promise<Instrument> {
  const [base = '', quote = ''] = symbol.split('/')
  let priceDecimals = 0
  let quantityDecimals = 0
  for await (const { trades } of readArchive(path, { market: symbol })) {
    for (const { price, quantity } of trades) {
      priceDecimals = Math.max(priceDecimals, decimalsOf(trimDecimal(price)))
      quantityDecimals = Math.max(quantityDecimals, decimalsOf(quantity))
    }
    if (trades.length > 0) break
  }
  return { symbol, base, quote, priceDecimals, quantityDecimals, status: 'online', aliases: [] }
}

/** Candles without the zeros that pad every price of a file; each VWAP is cut to the same decimals. */
export function trimPadding(candles: readonly Candle[]): Candle[] {
  let decimals = 0
  for (const { close, high, low, open } of candles) {
    for (const price of [open, high, low, close]) decimals = Math.max(decimals, decimalsOf(trimDecimal(price)))
  }
  const cut = (price: DecimalText): DecimalText => cutDecimals(price, decimals)
  return candles.map((candle) => ({
    ...candle,
    open: cut(candle.open),
    high: cut(candle.high),
    low: cut(candle.low),
    close: cut(candle.close),
    vwap: cut(candle.vwap),
  }))
}

function cutDecimals(text: DecimalText, decimals: number): DecimalText {
  const surplus = decimalsOf(text) - decimals
  if (surplus <= 0) return text
  return text.slice(0, text.length - surplus - (decimals === 0 ? 1 : 0)) as DecimalText
}
