import type { EpochMicros } from '@c1/market'
import type { LogRecord, Position, Producer, RecordRun } from './event-log.ts'

/** Appends a run through any producer: as it is where the adapter can take it, record by record elsewhere. */
export function appendRun(producer: Producer, run: RecordRun): Promise<Position> {
  return producer.appendRun?.(run) ?? producer.append(recordsOf(run))
}

/** The records of a run. Their values are views into it. */
export function recordsOf({ key, headers, count, timestamps, values, lengths }: RecordRun): LogRecord[] {
  let end = 0
  return Array.from({ length: count }, (_, index) => {
    const start = end
    end += lengths[index] as number
    return { key, headers, timestamp: timestamps[index] as EpochMicros, value: values.subarray(start, end) }
  })
}
