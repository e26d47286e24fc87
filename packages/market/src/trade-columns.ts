import type { DecimalText } from './decimal.ts'
import type { MarketSymbol } from './instrument.ts'
import type { EpochMicros } from './time.ts'
import type { IdSpace, OrderType, Side, Trade } from './trade.ts'

/** What `sides` and `orderTypes` hold, by number; 0 where the source has none. */
export const SIDES: readonly [undefined, 'buy', 'sell'] = [undefined, 'buy', 'sell']
export const ORDER_TYPES: readonly [undefined, 'market', 'limit'] = [undefined, 'market', 'limit']

/**
 * Trades of one symbol in columns: the form in which millions of them pass without an object for each. A part of it is made
 * of views (`sliceColumns`), so whoever keeps trades beyond the next batch copies them.
 */
export interface TradeColumns {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  readonly count: number
  readonly ids: Float64Array
  /** `EpochMicros`. */
  readonly times: Float64Array
  /** Prices and quantities as canonical decimal text in ASCII, in turn and one after another. */
  readonly texts: Uint8Array
  /** Of trade `i` the price is from `bounds[2 * i]` to `bounds[2 * i + 1]` in `texts`, the quantity from there to `bounds[2 * i + 2]`. */
  readonly bounds: Uint32Array
  readonly sides: Uint8Array
  readonly orderTypes: Uint8Array
}

/** The trades from index `from` to before `to`, as views. */
export function sliceColumns(columns: TradeColumns, from: number, to: number): TradeColumns {
  if (from === 0 && to === columns.count) return columns
  return {
    ...columns,
    count: to - from,
    ids: columns.ids.subarray(from, to),
    times: columns.times.subarray(from, to),
    bounds: columns.bounds.subarray(2 * from, 2 * to + 1),
    sides: columns.sides.subarray(from, to),
    orderTypes: columns.orderTypes.subarray(from, to),
  }
}

/** The trades of some stretches, which follow one another, in columns of their own memory where they are not all of them. */
export function gatherColumns(columns: TradeColumns, stretches: readonly Stretch[]): TradeColumns {
  const [first] = stretches
  const last = stretches.at(-1)
  if (first === undefined || last === undefined) return sliceColumns(columns, 0, 0)
  const count = stretches.reduce((sum, { from, to }) => sum + to - from, 0)
  if (count === last.to - first.from) return sliceColumns(columns, first.from, last.to)
  const { bounds, ids, orderTypes, sides, texts, times } = columns
  const bytes = (bounds[2 * last.to] as number) - (bounds[2 * first.from] as number)
  const gathered = {
    ...columns,
    count,
    ids: new Float64Array(count),
    times: new Float64Array(count),
    texts: new Uint8Array(bytes),
    bounds: new Uint32Array(2 * count + 1),
    sides: new Uint8Array(count),
    orderTypes: new Uint8Array(count),
  }
  let index = 0
  let end = 0
  for (const { from, to } of stretches) {
    gathered.ids.set(ids.subarray(from, to), index)
    gathered.times.set(times.subarray(from, to), index)
    gathered.sides.set(sides.subarray(from, to), index)
    gathered.orderTypes.set(orderTypes.subarray(from, to), index)
    const start = bounds[2 * from] as number
    gathered.texts.set(texts.subarray(start, bounds[2 * to]), end)
    for (let bound = 1; bound <= 2 * (to - from); bound += 1) {
      gathered.bounds[2 * index + bound] = end + (bounds[2 * from + bound] as number) - start
    }
    index += to - from
    end = gathered.bounds[2 * index] as number
  }
  return gathered
}

/** The trade at an index. */
export function tradeAt(columns: TradeColumns, index: number): Trade {
  const { bounds, ids, idSpace, orderTypes, sides, symbol, times } = columns
  return {
    symbol,
    idSpace,
    tradeId: ids[index] as number,
    eventTime: times[index] as EpochMicros,
    price: textAt(columns, bounds[2 * index] as number, bounds[2 * index + 1] as number),
    quantity: textAt(columns, bounds[2 * index + 1] as number, bounds[2 * index + 2] as number),
    side: SIDES[sides[index] as number] as Side | undefined,
    orderType: ORDER_TYPES[orderTypes[index] as number] as OrderType | undefined,
  }
}

export function tradesOf(columns: TradeColumns): Trade[] {
  return Array.from({ length: columns.count }, (_, index) => tradeAt(columns, index))
}

/** Consecutive trades whose ids follow one another. */
export interface Stretch {
  /** Index of its first trade, and of the one after its last. */
  readonly from: number
  readonly to: number
}

/** The longest stretches of consecutive ids, in the order of the columns. */
export function stretchesOf({ count, ids }: TradeColumns): Stretch[] {
  const stretches: Stretch[] = []
  let from = 0
  for (let index = 1; index <= count; index += 1) {
    if (index < count && ids[index] === (ids[index - 1] as number) + 1) continue
    if (index > from) stretches.push({ from, to: index })
    from = index
  }
  return stretches
}

function textAt({ texts }: TradeColumns, from: number, to: number): DecimalText {
  let text = ''
  for (let at = from; at < to; at += 1) text += String.fromCharCode(texts[at] as number)
  return text as DecimalText
}
