import { readArchive } from '@c1/kraken'
import { decimalsOf, type Instrument, type MarketSymbol, trimDecimal } from '@c1/market'

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
