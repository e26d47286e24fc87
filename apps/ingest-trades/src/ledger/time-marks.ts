import type { EpochMicros, Heartbeat } from '@c1/market'
import type { LedgerSpan } from './sequence.ts'

/** From `from` to `to` the trade `lastTradeId` was the newest one: heartbeats say so. */
export interface TimeMark {
  readonly lastTradeId: number
  readonly from: EpochMicros
  readonly to: EpochMicros
}

/** Event time, `from` inclusive, `to` exclusive, of which no trade is missing; with the span of ids that proves it, where one does. */
export interface CoveredTime {
  readonly from: number
  readonly to: number
  readonly span: Readonly<LedgerSpan> | undefined
}

const MOST_UNPRUNED = 16

/** The mark of a heartbeat added to those known. Marks between two trades of one span say nothing more and are left out in time. */
export function addMark(
  marks: readonly TimeMark[],
  { eventTime, lastTradeId }: Heartbeat,
  spans: readonly Readonly<LedgerSpan>[],
): readonly TimeMark[] {
  const known = marks.find((mark) => mark.lastTradeId === lastTradeId)
  if (known === undefined) {
    const kept = marks.length < MOST_UNPRUNED ? marks : marks.filter((mark) => !isInside(mark, spans))
    return [...kept, { lastTradeId, from: eventTime, to: eventTime }]
  }
  const from = Math.min(known.from, eventTime) as EpochMicros
  const to = Math.max(known.to, eventTime) as EpochMicros
  return marks.map((mark) => (mark === known ? { lastTradeId, from, to } : mark))
}

function isInside({ lastTradeId }: TimeMark, spans: readonly Readonly<LedgerSpan>[]): boolean {
  return spans.some(({ first, last }) => first <= lastTradeId && lastTradeId < last)
}

/**
 * The time that spans of ids and marks prove, ascending. Of trades before its first one a span knows nothing, even at the same
 * instant, unless that is trade 1 or a mark tells; nor of trades after its last one.
 */
export function coveredTime(spans: readonly Readonly<LedgerSpan>[], marks: readonly TimeMark[]): CoveredTime[] {
  const byId = new Map(marks.map((mark) => [mark.lastTradeId, mark]))
  const ofSpans = spans.map((span) => ({
    from: span.first === 1 ? Number.NEGATIVE_INFINITY : (startOf(byId.get(span.first - 1)) ?? span.from + 1),
    to: Math.max(span.to, byId.get(span.last)?.to ?? span.to),
    span,
  }))
  const ofMarks = marks
    .filter(({ lastTradeId }) => !spans.some(({ first, last }) => first - 1 <= lastTradeId && lastTradeId <= last))
    .map((mark) => ({ from: startOf(mark) as number, to: mark.to as number, span: undefined }))
  return [...ofSpans, ...ofMarks].filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)
}

/** Before the first trade of a market there is none. */
function startOf(mark: TimeMark | undefined): number | undefined {
  return mark?.lastTradeId === 0 ? Number.NEGATIVE_INFINITY : mark?.from
}

/** A part of a range of time that is not proven to be complete. */
export interface MissingTime {
  readonly from: EpochMicros
  /** Exclusive; Infinity is as far as the market goes. */
  readonly to: number
  /** What is known right before it. */
  readonly below: Readonly<LedgerSpan> | undefined
}

/** The parts of `from` (inclusive) to `to` (exclusive) that are not covered, ascending. */
export function missingTime(covered: readonly CoveredTime[], from: EpochMicros, to: number): MissingTime[] {
  const missing: MissingTime[] = []
  let start: number = from
  let below: MissingTime['below']
  for (const known of covered) {
    if (known.to <= start) continue
    if (known.from >= to) break
    if (start < known.from) missing.push({ from: start as EpochMicros, to: known.from, below })
    start = known.to
    below = known.span
  }
  if (start < to) missing.push({ from: start as EpochMicros, to, below })
  return missing
}
