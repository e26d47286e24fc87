/**
 * The columns of a candle grid that a feature may read. Prices are quote currency per unit of base, volumes base
 * currency; `closeTime` is microseconds since the epoch. In a window without trades prices repeat the last close and
 * `volume`, `buyVolume` and `tradeCount` are 0. `buyVolume` is NaN where the source tells no side.
 */
export const CANDLE_COLUMNS = [
  'closeTime',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'vwap',
  'tradeCount',
  'buyVolume',
] as const
export type CandleColumn = (typeof CANDLE_COLUMNS)[number]

/** The candles of one symbol on a regular grid, oldest first: one entry for every interval, traded or not. */
export type CandleColumns<Column extends CandleColumn = CandleColumn> = Readonly<Record<Column, Float64Array>>

/**
 * One number computed from the newest `lookBack` candles of the grid, and from nothing else: it has no memory, so history
 * and live, before and after a restart, give the same bits.
 */
export interface FeatureDefinition<Column extends CandleColumn = CandleColumn> {
  /** lowerCamelCase; the column's name everywhere. */
  readonly name: string
  /** What the number counts: `log-return`, `ratio`, `percent`, `quote`, `standard-deviations`, `radians` ... */
  readonly unit: string
  readonly description: string
  /** How many grid candles, the current one included, `compute` may read. */
  readonly lookBack: number
  readonly inputs: readonly Column[]
  /** `input` feeds models; `label` is stored for making labels (the close) and no model sees it. */
  readonly role: 'input' | 'label'
  /**
   * The feature at index `at`; reads `columns[...][at - lookBack + 1 .. at]` only. NaN means that the inputs do not
   * determine it (no side known).
   */
  readonly compute: (columns: CandleColumns<Column>, at: number) => number
}

/** Keeps `compute` to the declared inputs: reading a column that is not among them does not compile. */
export function defineFeature<const Column extends CandleColumn>(
  definition: FeatureDefinition<Column>,
): FeatureDefinition<Column> {
  return definition
}
