import { type EpochMicros, parseSpan, parseTime, systemTime, UsageError } from '@c1/market'
import type { TimeRange } from './stored.ts'

const BEGINNING = Number.MIN_SAFE_INTEGER as EpochMicros
const END = Number.MAX_SAFE_INTEGER as EpochMicros

/** ISO 8601, or a span before now: `-24h`. @throws UsageError naming the option */
export function parseMoment(text: string, option: string): EpochMicros {
  try {
    return text.startsWith('-') ? ((systemTime() - parseSpan(text.slice(1))) as EpochMicros) : parseTime(text)
  } catch (cause) {
    throw new UsageError(
      'time_malformed',
      `${option} "${text}" is not a time: write 2025-11-10T13:00:00Z, or -24h for a day ago.`,
      { cause },
    )
  }
}

/** @throws UsageError when it ends before it begins */
export function parseRange(from: string | undefined, to: string | undefined): TimeRange {
  const range = {
    from: from === undefined ? BEGINNING : parseMoment(from, '--from'),
    to: to === undefined ? END : parseMoment(to, '--to'),
  }
  if (range.from > range.to) throw new UsageError('range_empty', `--from ${from} is after --to ${to}: swap them.`)
  return range
}
