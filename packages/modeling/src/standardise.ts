import { mean } from './statistics.ts'

/** Columns brought to mean 0 and standard deviation 1 (of the population, as scikit-learn's StandardScaler). */
export interface StandardColumns {
  readonly columns: readonly Float64Array[]
  readonly means: readonly number[]
  /** 0 for a column that does not vary; its standard values are 0. */
  readonly scales: readonly number[]
}

/** @param rows each holds the values of the columns in `indexes` at those places */
export function standardise(rows: readonly (readonly number[])[], indexes: readonly number[]): StandardColumns {
  const raw = indexes.map((index) => rows.map((row) => row[index] as number))
  const means = raw.map((column) => mean(column))
  const scales = raw.map((column, at) => standardDeviation(column, means[at] as number))
  const columns = raw.map((column, at) => scaled(column, means[at] as number, scales[at] as number))
  return { columns, means, scales }
}

function scaled(column: readonly number[], center: number, scale: number): Float64Array {
  return scale === 0 ? new Float64Array(column.length) : Float64Array.from(column, (value) => (value - center) / scale)
}

/** Spread below this share of a column's size is the rounding of its values, not a variation. */
const ROUNDING = 1e-12

/** Of the population; 0 when the values differ by no more than rounding. */
export function standardDeviation(values: readonly number[], center: number): number {
  let [squares, size] = [0, 0]
  for (const value of values) {
    squares += (value - center) ** 2
    size = Math.max(size, Math.abs(value))
  }
  const deviation = Math.sqrt(squares / Math.max(values.length, 1))
  return deviation <= ROUNDING * size ? 0 : deviation
}
