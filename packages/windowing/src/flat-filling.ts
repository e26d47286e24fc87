import { type Candle, type DecimalText, decimalsOf, type EpochMicros, fromUnits } from '@c1/market'

/** A candle, or a flat row that a reader asked for where a window had no trades: it names no trades. */
export type FilledCandle = (Candle & { readonly filled: false }) | FlatCandle

/**
 * A window without trades: open, high, low and close are the close before it, volume and VWAP zero, as Kraken's REST answers have
 * them. `complete` is true where ids prove that it was empty, and absent where they are unknown; it is never false.
 */
export interface FlatCandle extends Omit<Candle, 'firstTradeId' | 'lastTradeId' | 'complete'> {
  readonly firstTradeId: undefined
  readonly lastTradeId: undefined
  readonly complete: true | undefined
  readonly filled: true
}

/** The windows wanted: `from <= openTime < to`. */
export interface FillRange {
  readonly from: number
  readonly to: number
}

/**
 * The candles of one market and interval with a flat row for each window between two of them, all in the range. Candles come in
 * order of time, or in the opposite order, and so do the rows; neighbours beyond the range are needed for the rows inside.
 *
 *     candle  ids 1-5   ids 6-9            ids 10-12              ids 20-21
 *     window  |--10:00--|--10:01--|--10:02--|--10:03--|--10:04--|--10:05--|
 *     rows     candle    candle    filled    candle    nothing   candle
 *
 * Nothing is filled in where ids are missing between the two: there may have been trades, as in an outage that is not repaired.
 * Nor is it before the first candle or after the last.
 */
export function* fillFlat(candles: Iterable<Candle>, range: FillRange): Generator<FilledCandle> {
  let previous: Candle | undefined
  for (const candle of candles) {
    if (previous !== undefined) yield* flatsBetween(previous, candle, range)
    if (range.from <= candle.openTime && candle.openTime < range.to) yield { ...candle, filled: false }
    previous = candle
  }
}

/** From `a` to `b`, in whichever order of time they are. */
function* flatsBetween(a: Candle, b: Candle, { from, to }: FillRange): Generator<FlatCandle> {
  const [before, after] = a.openTime < b.openTime ? [a, b] : [b, a]
  if (!areNeighbours(before, after)) return
  const length = before.closeTime - before.openTime
  const start = before.closeTime + Math.max(0, Math.ceil((from - before.closeTime) / length)) * length
  const end = Math.min(after.openTime, to)
  const count = Math.max(0, Math.ceil((end - start) / length))
  for (let index = 0; index < count; index++) {
    yield flatCandle(before, (start + (before === a ? index : count - 1 - index) * length) as EpochMicros)
  }
}

/** Whether no trade can be between them: the ids of the one go on where those of the other end, in one sequence of ids. */
function areNeighbours(before: Candle, after: Candle): boolean {
  const sameIds = (before.complete === undefined) === (after.complete === undefined)
  return sameIds && after.firstTradeId === before.lastTradeId + 1
}

function flatCandle(before: Candle, openTime: EpochMicros): FlatCandle {
  const { buyVolume, close, closeTime, volume } = before
  return {
    ...before,
    openTime,
    closeTime: (openTime + closeTime - before.openTime) as EpochMicros,
    open: close,
    high: close,
    low: close,
    volume: zeroLike(volume),
    vwap: zeroLike(close),
    tradeCount: 0,
    buyVolume: buyVolume && zeroLike(buyVolume),
    firstTradeId: undefined,
    lastTradeId: undefined,
    revision: 1,
    state: 'final',
    complete: before.complete === undefined ? undefined : true,
    filled: true,
  }
}

function zeroLike(text: DecimalText): DecimalText {
  return fromUnits(0, decimalsOf(text))
}
