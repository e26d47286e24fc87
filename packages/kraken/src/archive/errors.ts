import { C1Error, UsageError } from '@c1/market'

/** Says what happened to a file while it was read: not there, not readable, or damaged at `position` (bytes). */
export function readFailure(file: string, position: number, cause: unknown): C1Error {
  if (cause instanceof C1Error) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT') return new UsageError('archive_not_found', `There is no file ${file}.`, { cause })
  if (code === 'EISDIR')
    return new UsageError('archive_not_found', `${file} is a folder; name a file in it.`, { cause })
  if (code === 'EACCES' || code === 'EPERM') {
    return new UsageError('archive_not_readable', `${file} may not be read by this user.`, { cause })
  }
  return new UsageError(
    'archive_damaged',
    `${file} is damaged at byte ${position}: ${message}. Fetch it again; what came before that byte has been read.`,
    { details: { file, position }, cause },
  )
}
