import { type IdSpace, type Instrument, MalformedError, type MarketSymbol, type Trade } from '@c1/market'
import { positivePrice, readHistoric, readOrderType, readSeconds, readSide, readTradeId } from '../wire/fields.ts'
import type { ArchiveLayout } from './layout.ts'

export interface RowMarket {
  readonly symbol: MarketSymbol
  /** Least decimals to write prices and quantities with; the text's own where absent. */
  readonly priceDecimals: number | undefined
  readonly quantityDecimals: number | undefined
}

export function rowMarket(market: Instrument | MarketSymbol): RowMarket {
  return typeof market === 'string' ? { symbol: market, priceDecimals: undefined, quantityDecimals: undefined } : market
}

/**
 * Reads rows of one layout. In the id space of a file a trade's id is the row's ordinal, which counts rejected rows too: a
 * row that is lost leaves a hole, as a trade that is lost does.
 */
export function rowReader(
  { columns, count }: ArchiveLayout,
  { symbol, priceDecimals, quantityDecimals }: RowMarket,
  idSpace: IdSpace,
): (line: string, ordinal: number) => Trade {
  const { time, price, volume, side = -1, orderType = -1, tradeId = -1 } = columns
  return (line, ordinal) => {
    const fields = line.split(',')
    if (fields.length !== count) throw wrongCount(fields.length, count)
    const sideText = fields[side]
    const orderTypeText = fields[orderType]
    return {
      symbol,
      idSpace,
      tradeId: idSpace === 'venue' ? readTradeId(fields[tradeId] as string) : ordinal,
      eventTime: readSeconds(fields[time] as string),
      price: positivePrice(readHistoric(fields[price] as string, priceDecimals)),
      quantity: readHistoric(fields[volume] as string, quantityDecimals),
      side: sideText ? readSide(sideText) : undefined,
      orderType: orderTypeText ? readOrderType(orderTypeText) : undefined,
    }
  }
}

function wrongCount(found: number, expected: number): MalformedError {
  return new MalformedError('row_malformed', `The row has ${found} where the file's rows have ${expected} fields.`)
}
