import { C1Error, UsageError } from '@c1/market'

/** Bytes that were written and are not what was written. */
export function logCorrupt(file: string, position: number, offset: number, found: string): C1Error {
  return new C1Error(
    'log_corrupt',
    `${file} is damaged at byte ${position}: ${found} where record ${offset} begins, and whole batches follow. ` +
      `Restore the file from a copy; or give up record ${offset} and all after it: stop C1, cut the file to ${position} ` +
      'bytes and delete the files after it.',
    { details: { file, position, offset } },
  )
}

export function logFull(directory: string, bytes: number, cause: unknown): C1Error {
  return new C1Error(
    'log_full',
    `No space left for ${bytes} bytes in ${directory}; nothing of the batch was kept. Free some space and try again.`,
    { details: { directory, bytes }, retryable: true, cause },
  )
}

export function logUnwritable(directory: string, cause: unknown): C1Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new C1Error(
    'log_unwritable',
    `Cannot write the event log in ${directory}: ${reason}. Repair the disk or its permissions, then start again.`,
    { details: { directory }, cause },
  )
}

export function topicLocked(topic: string, directory: string, owner: string): UsageError {
  return new UsageError(
    'topic_locked',
    `The topic ${topic} in ${directory} is already written by ${owner}. Stop that process, or use another data directory.`,
    { details: { topic, directory, owner } },
  )
}

export function positionExpired(topic: string, offset: number, begin: number): C1Error {
  return new C1Error(
    'position_expired',
    `Records ${offset} to ${begin - 1} of ${topic} were removed by retention before they were read. ` +
      `Read on from 'earliest' (record ${begin}) and recompute what depends on them, or keep more by a larger retention.`,
    { details: { topic, offset, begin } },
  )
}

export function positionAhead(topic: string, offset: number, end: number): C1Error {
  return new C1Error(
    'position_ahead',
    `Record ${offset} of ${topic} was asked for, but the topic ends before ${end}: its tail was lost, as in a power cut, ` +
      `or the position is of another log. Read from 'earliest' and recompute.`,
    { details: { topic, offset, end } },
  )
}
