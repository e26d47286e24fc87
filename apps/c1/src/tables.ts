import type { FeatureGroup, FeatureRow } from '@c1/features'
import { type Candle, formatSpan, formatTime, MICROS_PER_SECOND, type Trade } from '@c1/market'
import type { Outcome, Prediction } from '@c1/modeling'
import type { FilledCandle } from '@c1/windowing'
import type { ColumnType, Table, Value } from './table.ts'

function columns(spec: string): Table['columns'] {
  return spec.split(' ').map((entry) => {
    const [name = '', type = 'text'] = entry.split(':')
    return { name, type: type as ColumnType }
  })
}

const TRADE = columns('symbol tradeId:integer eventTime:time price quantity side orderType')
export const CANDLE: Table['columns'] = columns(
  'symbol interval openTime:time closeTime:time open high low close volume vwap tradeCount:integer buyVolume firstTradeId:integer lastTradeId:integer revision:integer state complete:boolean',
)
const PREDICTION = columns(
  'symbol madeAt:time asOf:time horizon model version:integer value:number lower:number upper:number coverage:number outcome:number error:number covered:boolean kind late:boolean',
)

export function tradeTable(trades: Iterable<Trade>): Table {
  const row = (trade: Trade): Value[] => [
    trade.symbol,
    trade.tradeId,
    formatTime(trade.eventTime),
    trade.price,
    trade.quantity,
    trade.side,
    trade.orderType,
  ]
  return { columns: TRADE, rows: mapped(trades, row) }
}

export function candleTable(candles: Iterable<Candle>): Table {
  return { columns: CANDLE, rows: mapped(candles, candleValues) }
}

/** Candles and flat rows for windows without trades, with a last column that tells them apart. */
export function filledCandleTable(candles: Iterable<FilledCandle>): Table {
  const row = (candle: FilledCandle): Value[] => [...candleValues(candle), candle.filled]
  return { columns: [...CANDLE, ...columns('filled:boolean')], rows: mapped(candles, row) }
}

function candleValues(candle: Candle | FilledCandle): Value[] {
  return [
    candle.symbol,
    candle.interval,
    formatTime(candle.openTime),
    formatTime(candle.closeTime),
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
    candle.vwap,
    candle.tradeCount,
    candle.buyVolume,
    candle.firstTradeId,
    candle.lastTradeId,
    candle.revision,
    candle.state,
    candle.complete,
  ]
}

export function featureTable(rows: Iterable<FeatureRow>, group: FeatureGroup): Table {
  const features = group.features.map(({ name }) => ({ name, type: 'number' as const }))
  const row = ({ symbol, eventTime, availableAt, revision, values }: FeatureRow): Value[] => [
    symbol,
    formatTime(eventTime),
    formatTime(availableAt),
    revision,
    ...values.map((value) => (Number.isNaN(value) ? undefined : value)),
  ]
  return {
    columns: [...columns('symbol eventTime:time availableAt:time revision:integer'), ...features],
    rows: mapped(rows, row),
  }
}

/** Predictions with their outcomes, empty until known; then how each was made. */
export function predictionTable(predictions: Iterable<readonly [Prediction, Outcome | undefined]>): Table {
  const row = ([made, known]: readonly [Prediction, Outcome | undefined]): Value[] => [
    made.symbol,
    formatTime(made.madeAt),
    formatTime(made.asOf),
    formatSpan(made.horizon),
    made.model,
    made.version,
    made.value,
    made.lower,
    made.upper,
    made.coverage,
    known?.outcome,
    known?.error,
    known?.covered,
    made.kind,
    made.late,
  ]
  return { columns: PREDICTION, rows: mapped(predictions, row) }
}

/** A line of Kraken's own trade archive: whole seconds, price, volume. */
export function krakenTradeLine({ eventTime, price, quantity }: Trade): string {
  return `${Math.floor(eventTime / MICROS_PER_SECOND)},${price},${quantity}`
}

function* mapped<Item>(items: Iterable<Item>, row: (item: Item) => Value[]): Generator<Value[]> {
  for (const item of items) yield row(item)
}
