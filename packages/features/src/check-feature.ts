import { MICROS_PER_MINUTE, UsageError } from '@c1/market'
import { CANDLE_COLUMNS, type CandleColumn, type FeatureDefinition } from './definition.ts'

type Columns = Partial<Record<CandleColumn, Float64Array>>

const NAME = /^[a-z][a-zA-Z0-9]{0,62}$/
/** Columns that every stored row has besides its features. */
const RESERVED = ['symbol', 'date', 'eventtime', 'availableat', 'revision', 'firsttradeid', 'lasttradeid']
/** A grid of the longest look-back is kept in memory for every symbol. */
const LONGEST_LOOK_BACK = 10_000
const TRIALS = 5
/** Entries outside the look-back, on each side, besides twice the look-back. */
const MARGIN = 500

/**
 * Finds out, on random candles, whether a feature keeps what it declares: that `compute` reads its inputs and nothing
 * before or after its look-back, changes nothing, gives a number, and the same one again wherever the columns start.
 *
 * @throws UsageError `feature_name`, `feature_look_back`, `feature_input`, `feature_failed`, `feature_beyond_look_back`,
 * `feature_not_repeatable`, `feature_changes_input`, `feature_undetermined`: each names the feature and the remedy
 */
export function checkFeature(feature: FeatureDefinition): void {
  checkDeclaration(feature)
  const values = Array.from({ length: TRIALS }, (_, seed) => checkTrial(feature, seed + 1))
  if (!values.some(Number.isFinite)) {
    fail(
      feature,
      'undetermined',
      `gave ${values[0]} on ordinary candles: return a finite number where its inputs allow one.`,
    )
  }
}

function checkDeclaration(feature: FeatureDefinition): void {
  const { name, lookBack, inputs } = feature
  if (!NAME.test(name) || RESERVED.includes(name.toLowerCase())) {
    fail(feature, 'name', `cannot be a column: write its name in lowerCamelCase, and none of ${RESERVED.join(', ')}.`)
  }
  if (!Number.isSafeInteger(lookBack) || lookBack < 1 || lookBack > LONGEST_LOOK_BACK) {
    fail(feature, 'look_back', `declares lookBack ${lookBack}: use a whole number from 1 to ${LONGEST_LOOK_BACK}.`)
  }
  const unknown = inputs.find((input) => !CANDLE_COLUMNS.includes(input))
  if (unknown !== undefined) {
    fail(feature, 'input', `declares the input "${unknown}": choose from ${CANDLE_COLUMNS.join(', ')}.`)
  }
}

function checkTrial(feature: FeatureDefinition, seed: number): number {
  const { lookBack } = feature
  const at = MARGIN + 2 * lookBack
  const columns = pick(feature, randomCandles(2 * at, seed))
  const before = mapColumns(columns, (values) => values.slice())
  const value = run(feature, columns, at)
  if (!CANDLE_COLUMNS.every((name) => equalBits(columns[name], before[name]))) {
    fail(feature, 'changes_input', 'changes the columns it is given: copy them first.')
  }
  run(feature, columns, at - 1)
  if (!Object.is(run(feature, columns, at), value)) {
    fail(
      feature,
      'not_repeatable',
      'gives another value for the same candles: it must not keep state or use chance or a clock.',
    )
  }
  for (const [other, index] of elsewhere(feature, columns, at, seed)) {
    if (!Object.is(run(feature, other, index), value)) {
      fail(
        feature,
        'beyond_look_back',
        `reads beyond its look-back of ${lookBack}: raise lookBack to all the candles that compute reads.`,
      )
    }
  }
  return value
}

/** The same look-back among other candles, among none that are numbers, and alone. NaN by itself would hide in a comparison. */
function elsewhere(feature: FeatureDefinition, columns: Columns, at: number, seed: number): [Columns, number][] {
  const from = at - feature.lookBack + 1
  const random = randomCandles(2 * at, -seed)
  const within = (index: number) => index >= from && index <= at
  const replaced = (other: (name: CandleColumn, index: number) => number) =>
    mapColumns(columns, (values, name) => values.map((value, index) => (within(index) ? value : other(name, index))))
  return [
    [replaced((name, index) => random[name][index] as number), at],
    [replaced(() => Number.NaN), at],
    [mapColumns(columns, (values) => values.slice(from, at + 1)), feature.lookBack - 1],
  ]
}

function run(feature: FeatureDefinition, columns: Columns, at: number): number {
  let value: unknown
  try {
    value = feature.compute(columns as Record<CandleColumn, Float64Array>, at)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    fail(
      feature,
      'failed',
      `failed on ordinary candles (${message}): every column that compute reads must be among its inputs.`,
      cause,
    )
  }
  if (typeof value !== 'number') fail(feature, 'failed', `gave ${String(value)}: compute must return a number.`)
  return value
}

function fail(feature: FeatureDefinition, code: string, problem: string, cause?: unknown): never {
  const { name, lookBack, inputs } = feature
  throw new UsageError(`feature_${code}`, `Feature "${name}" ${problem}`, {
    details: { name, lookBack, inputs },
    cause,
  })
}

function pick(feature: FeatureDefinition, columns: Record<CandleColumn, Float64Array>): Columns {
  return Object.fromEntries(feature.inputs.map((name) => [name, columns[name]]))
}

function mapColumns(columns: Columns, change: (values: Float64Array, name: CandleColumn) => Float64Array): Columns {
  const entries = Object.entries(columns) as [CandleColumn, Float64Array][]
  return Object.fromEntries(entries.map(([name, values]) => [name, change(values, name)]))
}

function equalBits(a: Float64Array | undefined, b: Float64Array | undefined): boolean {
  return a === b || (a?.every((value, index) => Object.is(value, b?.[index])) ?? false)
}

/** A plausible random walk: high and low enclose open and close, volumes are above 0, every side is known. */
function randomCandles(length: number, seed: number): Record<CandleColumn, Float64Array> {
  const random = randomNumbers(seed)
  const names = CANDLE_COLUMNS.map((name) => [name, new Float64Array(length)])
  const columns = Object.fromEntries(names) as Record<CandleColumn, Float64Array>
  const start = Math.floor(random() * 1e7) * MICROS_PER_MINUTE
  let close = 1 + random() * 1000
  for (let index = 0; index < length; index++) {
    const open = close * (1 + (random() - 0.5) / 100)
    close = open * (1 + (random() - 0.5) / 50)
    const volume = 0.01 + random() * 10
    columns.closeTime[index] = start + index * MICROS_PER_MINUTE
    columns.open[index] = open
    columns.close[index] = close
    columns.high[index] = Math.max(open, close) * (1 + random() / 100)
    columns.low[index] = Math.min(open, close) * (1 - random() / 100)
    columns.vwap[index] = (open + close) / 2
    columns.volume[index] = volume
    columns.buyVolume[index] = volume * random()
    columns.tradeCount[index] = 1 + Math.floor(random() * 50)
  }
  return columns
}

/** Mulberry32: uniform in [0, 1), the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
