import { C1Error, UsageError } from '@c1/market'
import { asRecord, parseExact, writeExact } from '../wire/exact-json.ts'

/**
 * The `result` of an answer, with numbers as lexemes (see `parseExact`).
 *
 * Kraken answers API errors with HTTP 200, and Cloudflare in front of it answers 429 and 5xx with an HTML page.
 *
 * @throws C1Error `kraken_*`, retryable where asking again later may succeed
 */
export function readAnswer(status: number, body: string): unknown {
  if (status < 200 || status > 299) throw httpError(status, body)
  const envelope = asRecord(parse(body))
  const errors = envelope?.error
  if (envelope === undefined || !Array.isArray(errors)) throw malformedAnswer(body)
  const failure = errors.map(errorText).find((error) => !error.startsWith('W'))
  if (failure !== undefined) throw apiError(failure)
  if (envelope.result === undefined || envelope.result === null) throw malformedAnswer(body)
  return envelope.result
}

/** Kraken's errors are texts; anything else is shown as it came. */
function errorText(error: unknown): string {
  return typeof error === 'string' ? error : writeExact(error)
}

function parse(body: string): unknown {
  try {
    return parseExact(body)
  } catch (cause) {
    throw malformedAnswer(body, cause)
  }
}

/** An answer cut off on its way, or an HTML page with status 200. Retryable: the next one is mostly whole. */
function malformedAnswer(body: string, cause?: unknown): C1Error {
  const start = body.slice(0, 120)
  return new C1Error('kraken_answer_malformed', `Kraken's answer is not what its REST interface promises: ${start}`, {
    details: { start, length: body.length },
    retryable: true,
    cause,
  })
}

function httpError(status: number, body: string): C1Error {
  const details = { status, start: body.slice(0, 120) }
  if (status === 429) {
    return new C1Error('kraken_rate_limited', 'Kraken refuses further calls for now (HTTP 429).', {
      details,
      retryable: true,
    })
  }
  if (status >= 500 || status === 408) {
    return new C1Error('kraken_unavailable', `Kraken cannot answer at present (HTTP ${status}).`, {
      details,
      retryable: true,
    })
  }
  const message = `The venue's address answered with HTTP ${status}; check that it speaks Kraken's REST interface.`
  return new C1Error('kraken_refused', message, { details })
}

const THROTTLED = /^EService:\s*Throttled:\s*(\d+)/
const RATE_LIMITED = /Rate limit exceeded|Too many requests|Temporary lockout/
const UNKNOWN_PAIR = /^EQuery:(?:Unknown|Invalid) asset pair/
const WRONG_REQUEST = /^EGeneral:(?:Invalid arguments|Unknown method)/

/** Classifies the text of Kraken's `error` array. Only what asking again cannot mend is not retryable. */
export function apiError(text: string): C1Error {
  const details = { error: text }
  if (UNKNOWN_PAIR.test(text)) {
    return new UsageError('kraken_pair_unknown', `Kraken does not know the market asked for (${text}).`, { details })
  }
  if (WRONG_REQUEST.test(text)) {
    return new C1Error('kraken_request_invalid', `Kraken does not accept the request (${text}).`, { details })
  }
  const until = THROTTLED.exec(text)?.[1]
  if (until !== undefined) {
    const message = `Kraken takes no further calls before ${until} (${text}).`
    return new C1Error('kraken_throttled', message, {
      details: { ...details, untilSeconds: Number(until) },
      retryable: true,
    })
  }
  const code = RATE_LIMITED.test(text) ? 'kraken_rate_limited' : 'kraken_unavailable'
  return new C1Error(code, `Kraken cannot serve the call at present (${text}).`, { details, retryable: true })
}
