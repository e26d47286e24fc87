import { STATUS_CODES } from 'node:http'
import { C1Error, MalformedError, UsageError } from '@c1/market'

/** An answer other than the one asked for, as RFC 9457 writes it. `detail` names the value and the remedy. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly extra: Readonly<Record<string, unknown>>

  constructor(status: number, code: string, detail: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.extra = extra
  }

  /** The body of `application/problem+json`. Its `type` is `about:blank`: `code` tells problems of one status apart. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { status, code, message, extra } = this
    return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail: message, code, ...extra }
  }
}

/** What the client is told of an error. Of one that is not the client's it learns nothing: that goes to the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof MalformedError) return new Problem(400, error.code, error.message)
  if (error instanceof UsageError)
    return new Problem(error.code === 'symbol_unknown' ? 404 : 400, error.code, error.message)
  const status = clientErrorStatus(error)
  if (status !== undefined) return new Problem(status, 'request_refused', (error as Error).message)
  return new Problem(500, 'internal_error', 'C1 could not answer. Its log says why.')
}

/** Fastify's own refusals (a broken URL, a body too large) carry a status below 500 and a message fit to show. */
function clientErrorStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || error instanceof C1Error || !('statusCode' in error)) return undefined
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined
}
