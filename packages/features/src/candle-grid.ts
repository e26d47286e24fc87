import {
  type Candle,
  type EpochMicros,
  type Interval,
  InvariantError,
  intervalMicros,
  type MarketSymbol,
} from '@c1/market'
import { CANDLE_COLUMNS, type CandleColumn, type CandleColumns } from './definition.ts'

/** What a grid keeps beside the columns that features read. */
const LINEAGE_COLUMNS = ['firstTradeId', 'lastTradeId', 'revision', 'rowRevision'] as const
type LineageColumn = (typeof LINEAGE_COLUMNS)[number]
const GRID_COLUMNS = [...CANDLE_COLUMNS, ...LINEAGE_COLUMNS]
type GridColumn = CandleColumn | LineageColumn
type Entry = Readonly<Record<GridColumn, number>>

export interface GridOptions {
  readonly symbol: MarketSymbol
  readonly interval: Interval
  /** Entries that the columns have room for. */
  readonly capacity: number
  /** Entries that stay when the columns are full and older ones make room. */
  readonly retain: number
}

/** JSON; NaN becomes null in it. */
export interface GridCheckpoint {
  readonly symbol: string
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>
}

/**
 * The final candles of one symbol on a regular grid, as columns, oldest first. Windows without trades between two candles
 * are filled flat: prices repeat the close before, volumes and counts are 0. The first entry is always a real candle.
 *
 * Indexes move when old entries make room; they hold until the next `push`.
 */
export class CandleGrid {
  readonly symbol: MarketSymbol
  readonly #interval: Interval
  readonly #step: number
  readonly #capacity: number
  readonly #retain: number
  readonly #columns: Readonly<Record<GridColumn, Float64Array>>
  #length = 0

  constructor(options: GridOptions) {
    this.symbol = options.symbol
    this.#interval = options.interval
    this.#step = intervalMicros(options.interval)
    this.#capacity = options.capacity
    this.#retain = options.retain
    const columns = GRID_COLUMNS.map((name) => [name, new Float64Array(options.capacity)])
    this.#columns = Object.fromEntries(columns) as Record<GridColumn, Float64Array>
  }

  get length(): number {
    return this.#length
  }

  /** Only the first `length` values of each are entries. */
  get columns(): CandleColumns {
    return this.#columns
  }

  /** How many intervals `closeTime` lies after the newest entry's. The grid must not be empty. */
  stepsAfterNewest(closeTime: EpochMicros): number {
    return (closeTime - (this.#columns.closeTime[this.#length - 1] as number)) / this.#step
  }

  /**
   * Adds the next candle, with flat entries for the windows skipped. Returns how many entries were added.
   *
   * @throws InvariantError `candle_unexpected`, `candles_unordered`
   */
  push(candle: Candle): number {
    this.#check(candle)
    const steps = this.#length === 0 ? 1 : this.stepsAfterNewest(candle.closeTime)
    if (!(steps >= 1)) {
      throw new InvariantError(
        'candles_unordered',
        `The candle of ${this.symbol} closing at ${candle.closeTime} does not follow the one before: candles must ascend.`,
      )
    }
    for (let step = 1; step < steps; step++) this.#append(this.#flatAfter(this.#length - 1))
    this.#append(entryOf(candle))
    return steps
  }

  /** Puts a corrected candle at an index, and its close into the flat entries after it. */
  replace(at: number, candle: Candle): void {
    this.#check(candle)
    this.#write(at, { ...entryOf(candle), rowRevision: this.rowRevision(at) })
    for (let next = at + 1; next < this.#length && !this.isTraded(next); next++) {
      this.#write(next, this.#flatAfter(next - 1))
    }
  }

  clear(): void {
    this.#length = 0
  }

  /** Whether the window had trades. */
  isTraded(at: number): boolean {
    return this.revision(at) > 0
  }

  /** The candle's revision; 0 in a flat entry. */
  revision(at: number): number {
    return this.#columns.revision[at] as number
  }

  closeTime(at: number): EpochMicros {
    return this.#columns.closeTime[at] as EpochMicros
  }

  /** A flat entry counts the trade whose price it repeats. */
  firstTradeId(at: number): number {
    return this.#columns.firstTradeId[at] as number
  }

  lastTradeId(at: number): number {
    return this.#columns.lastTradeId[at] as number
  }

  /** How many times a row was made at this entry. */
  rowRevision(at: number): number {
    return this.#columns.rowRevision[at] as number
  }

  countRow(at: number): number {
    const revision = this.rowRevision(at) + 1
    this.#columns.rowRevision[at] = revision
    return revision
  }

  /** The entries that `restore` needs to go on as this grid would: the newest `retain`. */
  checkpoint(): GridCheckpoint {
    const from = Math.max(0, this.#length - this.#retain)
    const columns = GRID_COLUMNS.map((name) => [
      name,
      Array.from(this.#columns[name].subarray(from, this.#length), orNull),
    ])
    return { symbol: this.symbol, columns: Object.fromEntries(columns) }
  }

  /** Replaces all entries. */
  restore(checkpoint: GridCheckpoint): void {
    for (const name of GRID_COLUMNS) {
      const values = checkpoint.columns[name] ?? []
      this.#columns[name].set(values.map((value) => value ?? Number.NaN))
      this.#length = values.length
    }
  }

  #append(entry: Entry): void {
    if (this.#length === this.#capacity) this.#makeRoom()
    this.#write(this.#length, entry)
    this.#length++
  }

  #makeRoom(): void {
    for (const name of GRID_COLUMNS) this.#columns[name].copyWithin(0, this.#length - this.#retain)
    this.#length = this.#retain
  }

  #write(at: number, entry: Entry): void {
    for (const name of GRID_COLUMNS) this.#columns[name][at] = entry[name]
  }

  #flatAfter(at: number): Entry {
    const close = this.#columns.close[at] as number
    const lastTradeId = this.lastTradeId(at)
    return {
      closeTime: this.closeTime(at) + this.#step,
      open: close,
      high: close,
      low: close,
      close,
      volume: 0,
      vwap: close,
      tradeCount: 0,
      buyVolume: 0,
      firstTradeId: lastTradeId,
      lastTradeId,
      revision: 0,
      rowRevision: 0,
    }
  }

  #check(candle: Candle): void {
    const { symbol, interval, state, closeTime, revision } = candle
    const mine = symbol === this.symbol && interval === this.#interval && closeTime % this.#step === 0
    if (mine && state === 'final' && revision >= 1) return
    throw new InvariantError(
      'candle_unexpected',
      `A ${state} ${interval} candle of ${symbol} (revision ${revision}, closing at ${closeTime}) came to the ${this.#interval} grid of ${this.symbol}: it takes that symbol's final candles of that interval.`,
    )
  }
}

function entryOf(candle: Candle): Entry {
  return {
    closeTime: candle.closeTime,
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
    volume: Number(candle.volume),
    vwap: Number(candle.vwap),
    tradeCount: candle.tradeCount,
    buyVolume: candle.buyVolume === undefined ? Number.NaN : Number(candle.buyVolume),
    firstTradeId: candle.firstTradeId,
    lastTradeId: candle.lastTradeId,
    revision: candle.revision,
    rowRevision: 0,
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value
}
