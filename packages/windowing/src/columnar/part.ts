import { type Accumulator, NarrowAccumulator, type NarrowFigures } from '../accumulator.ts'
import { WideAccumulator, type WideFigures } from '../wide-accumulator.ts'
import type { RejectedRow } from './rejected-rows.ts'

/**
 * What some consecutive rows of a file without ids add up to: what one `ColumnarCandles` hands to another, also in another thread.
 */
export interface ColumnarPart {
  /** Rows and lines that its maker had read before; ids and line numbers of the part count on from there. */
  readonly rowsBefore: number
  readonly linesBefore: number
  /** Rows, and lines that are no rows. */
  readonly rows: number
  readonly otherLines: number
  readonly rejected: { readonly count: number; readonly rows: readonly RejectedRow[] }
  /** As `Segments` has them. */
  readonly segments: Float64Array
  /** What is in no segment, by the start of its window in seconds. */
  readonly windows: readonly (readonly [openSeconds: number, figures: NarrowFigures | WideFigures])[]
}

/** The sums of a window of a part, with ids that are so much larger. */
export function shiftedSums(figures: NarrowFigures | WideFigures, ids: number): Accumulator {
  const firstTradeId = figures.firstTradeId + ids
  const lastTradeId = figures.lastTradeId + ids
  return isWide(figures)
    ? new WideAccumulator({ ...figures, firstTradeId, lastTradeId })
    : new NarrowAccumulator({ ...figures, firstTradeId, lastTradeId })
}

function isWide(figures: NarrowFigures | WideFigures): figures is WideFigures {
  return typeof figures.open === 'bigint'
}
