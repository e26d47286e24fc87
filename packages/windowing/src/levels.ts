import { type EpochMicros, INTERVALS, type Interval, intervalMicros, windowOpenTime } from '@c1/market'

/** An index into `INTERVALS`: 0 is the one-minute base, each level is a whole multiple of the one below. */
export type Level = number

/** Every level, shortest first. */
export const LEVELS: readonly Level[] = INTERVALS.map((_, level) => level)

/** Microseconds of a window, by level. */
export const LENGTHS: readonly number[] = INTERVALS.map(intervalMicros)

export function intervalOf(level: Level): Interval {
  return INTERVALS[level] as Interval
}

/** Start of the window of `level` that holds `time`. */
export function openTimeAt(level: Level, time: number): EpochMicros {
  return windowOpenTime(time as EpochMicros, intervalOf(level))
}
