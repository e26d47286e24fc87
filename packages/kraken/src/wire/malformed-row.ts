import { MalformedError } from '@c1/market'

/** One row of outside data that is not what its format promises, to become a dead letter. The rows beside it are kept. */
export interface MalformedRow {
  /** The row as it arrived. */
  readonly raw: string
  /** Of the error, stable. */
  readonly code: string
  readonly reason: string
}

/** The row of a caught `MalformedError`; anything else is not about the row and is thrown on. */
export function malformedRow(raw: string, thrown: unknown): MalformedRow {
  if (!(thrown instanceof MalformedError)) throw thrown
  return { raw, code: thrown.code, reason: thrown.message }
}
