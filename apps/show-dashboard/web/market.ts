import type { CandleRow, ModelRow, PredictionRow, StatusRow } from '../src/wire.ts'

export type Connection = 'connecting' | 'live' | 'lost'

/** What the page knows of the symbol and interval that are shown. */
export interface Market {
  readonly connection: Connection
  readonly status: StatusRow | undefined
  /** `performance.now()` when the status came: ages go on from there. */
  readonly statusAt: number
  /** Whether the rows below were read; until then an empty list says nothing. */
  readonly loaded: boolean
  /** Oldest first. */
  readonly candles: readonly CandleRow[]
  /** Oldest first. */
  readonly predictions: readonly PredictionRow[]
  readonly models: readonly ModelRow[]
}

export type Action =
  | { readonly kind: 'selected' }
  | { readonly kind: 'connection'; readonly connection: Connection }
  | { readonly kind: 'status'; readonly status: StatusRow; readonly at: number }
  | { readonly kind: 'rows'; readonly candles: readonly CandleRow[]; readonly predictions: readonly PredictionRow[] }
  | { readonly kind: 'models'; readonly models: readonly ModelRow[] }
  | { readonly kind: 'candle'; readonly candle: CandleRow }
  | { readonly kind: 'prediction'; readonly prediction: PredictionRow }

export const NO_MARKET: Market = {
  connection: 'connecting',
  status: undefined,
  statusAt: 0,
  loaded: false,
  candles: [],
  predictions: [],
  models: [],
}

const MAX_CANDLES = 3000
const MAX_PREDICTIONS = 500

export function reduce(market: Market, action: Action): Market {
  switch (action.kind) {
    case 'selected':
      return { ...NO_MARKET, status: market.status, statusAt: market.statusAt }
    case 'connection':
      return { ...market, connection: action.connection }
    case 'status':
      return { ...market, connection: 'live', status: action.status, statusAt: action.at }
    case 'models':
      return { ...market, models: action.models }
    case 'rows':
      // What the stream told meanwhile may be newer than what was read.
      return {
        ...market,
        loaded: true,
        candles: market.candles.reduce(withCandle, action.candles),
        predictions: market.predictions.reduce(withPrediction, action.predictions),
      }
    case 'candle':
      return { ...market, candles: withCandle(market.candles, action.candle).slice(-MAX_CANDLES) }
    case 'prediction':
      return { ...market, predictions: withPrediction(market.predictions, action.prediction).slice(-MAX_PREDICTIONS) }
  }
}

function withCandle(candles: readonly CandleRow[], candle: CandleRow): readonly CandleRow[] {
  return put(candles, candle, ({ openTime }) => openTime, isNewer)
}

/** A final one, a later revision of it, or a provisional one with more trades. */
function isNewer(candle: CandleRow, known: CandleRow): boolean {
  if (candle.revision !== known.revision) return candle.revision > known.revision
  return candle.tradeCount >= known.tradeCount
}

function withPrediction(predictions: readonly PredictionRow[], row: PredictionRow): readonly PredictionRow[] {
  const keyOf = ({ asOf, model, version }: PredictionRow) => `${asOf} ${model} ${String(version).padStart(6, '0')}`
  return put(predictions, row, keyOf, (next, known) => next.outcome !== null || known.outcome === null)
}

/** The ascending list with `row` in its place, or instead of the one with its key when it is newer. */
function put<Row>(
  rows: readonly Row[],
  row: Row,
  keyOf: (row: Row) => string,
  isNewer: (row: Row, known: Row) => boolean,
): readonly Row[] {
  const key = keyOf(row)
  let at = rows.length
  while (at > 0 && keyOf(rows[at - 1] as Row) > key) at--
  const known = rows[at - 1]
  if (known === undefined || keyOf(known) !== key) return rows.toSpliced(at, 0, row)
  return isNewer(row, known) ? rows.toSpliced(at - 1, 1, row) : rows
}
