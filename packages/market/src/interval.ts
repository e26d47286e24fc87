import { UsageError } from './errors.ts'
import { type EpochMicros, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE } from './time.ts'

/** The lengths of candle that C1 builds, shortest first. Each is a whole multiple of the one-minute interval. */
export const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '4h', '12h', '1d'] as const
export type Interval = (typeof INTERVALS)[number]

const MICROS: Readonly<Record<Interval, number>> = {
  '1m': MICROS_PER_MINUTE,
  '5m': 5 * MICROS_PER_MINUTE,
  '15m': 15 * MICROS_PER_MINUTE,
  '30m': 30 * MICROS_PER_MINUTE,
  '1h': MICROS_PER_HOUR,
  '4h': 4 * MICROS_PER_HOUR,
  '12h': 12 * MICROS_PER_HOUR,
  '1d': MICROS_PER_DAY,
}

/** Length of an interval in microseconds. */
export function intervalMicros(interval: Interval): number {
  return MICROS[interval]
}

/** Start of the window that holds `time`; windows are aligned to the Unix epoch in UTC, start inclusive, end exclusive. */
export function windowOpenTime(time: EpochMicros, interval: Interval): EpochMicros {
  const length = MICROS[interval]
  return (Math.floor(time / length) * length) as EpochMicros
}

/** @throws UsageError `interval_unknown`, naming the intervals there are */
export function parseInterval(text: string): Interval {
  const interval = INTERVALS.find((interval) => interval === text)
  if (interval === undefined) {
    throw new UsageError('interval_unknown', `Unknown interval "${text}". Choose from ${INTERVALS.join(', ')}.`)
  }
  return interval
}
