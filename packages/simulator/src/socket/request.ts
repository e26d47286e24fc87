/** A request as the venue understands it. */
export interface Request {
  readonly method: string
  readonly requestId: number | undefined
  readonly channel: string | undefined
  readonly symbols: readonly string[] | undefined
  readonly snapshot: boolean | undefined
}

/** Reads a request frame; `undefined` when it is no JSON object with a method. */
export function readRequest(text: string): Request | undefined {
  const request = readObject(parse(text))
  if (typeof request?.method !== 'string') return undefined
  const parameters = readObject(request.params) ?? {}
  return {
    method: request.method,
    requestId: Number.isSafeInteger(request.req_id) ? (request.req_id as number) : undefined,
    channel: typeof parameters.channel === 'string' ? parameters.channel : undefined,
    symbols: isTexts(parameters.symbol) ? parameters.symbol : undefined,
    snapshot: typeof parameters.snapshot === 'boolean' ? parameters.snapshot : undefined,
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
