import { UsageError } from '@c1/market'

/** @throws UsageError `batch_size_malformed` */
export function checkMaxBatch(maxBatch: number | undefined): void {
  if (maxBatch === undefined || (Number.isSafeInteger(maxBatch) && maxBatch > 0)) return
  throw new UsageError('batch_size_malformed', `maxBatch is ${maxBatch}; it must be a whole number of at least 1.`)
}

export function groupMissing(topic: string): UsageError {
  return new UsageError(
    'group_missing',
    `A committed position of ${topic} belongs to a group: open the consumer with one.`,
  )
}
