import { C1Error, MICROS_PER_SECOND } from '@c1/market'
import { jittered } from '../backoff.ts'
import { sleep, type Timers } from '../timers.ts'
import { readAnswer } from './answer.ts'
import { type BudgetState, CallBudget, type Urgency } from './call-budget.ts'

export interface PublicApiOptions {
  readonly baseUrl: string
  readonly fetch: typeof fetch
  readonly timers: Timers
  readonly random: () => number
  readonly minIntervalMs: number
  readonly timeoutMs: number
  readonly attempts: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly urgency?: Urgency
}

const FIRST_DELAY_MS = 1_000
/** Bots that go on at once after a refusal stay refused; Kraken's sample script sleeps 3 s. */
const RATE_LIMITED_DELAY_MS = 3_000
const LONGEST_DELAY_MS = 30_000
const LONGEST_THROTTLE_MS = 60_000
/** The largest answer known, all markets, has about 1.5 MB. */
const LARGEST_BODY_BYTES = 32 * 1024 * 1024

/** GET on Kraken's public REST interface: spaced, timed out, repeated with back-off while the error is retryable. */
export class PublicApi {
  readonly #options: PublicApiOptions
  readonly #budget: CallBudget

  constructor(options: PublicApiOptions) {
    this.#options = options
    this.#budget = new CallBudget(options.timers, options.minIntervalMs)
  }

  budget(): BudgetState {
    return this.#budget.state()
  }

  /** The `result` of the answer. @throws C1Error of the last attempt, or the signal's reason as soon as it aborts */
  async get(
    endpoint: string,
    query: Readonly<Record<string, string>>,
    { signal, urgency = 'usual' }: CallOptions = {},
  ): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const call = await this.#budget.turn(urgency, signal)
      try {
        return await this.#once(endpoint, query, signal)
      } catch (thrown) {
        signal?.throwIfAborted()
        if (!(thrown instanceof C1Error) || !thrown.retryable) throw thrown
        const delayMs = this.#delayMs(attempt, thrown)
        const isHeld = this.#holdBack(call, thrown, delayMs)
        if (attempt >= this.#options.attempts) throw thrown
        if (!isHeld) await sleep(this.#options.timers, delayMs, signal)
      }
    }
  }

  /** What the venue says of one call being too many is true of the next one too. */
  #holdBack(call: number, { code }: C1Error, delayMs: number): boolean {
    const until = this.#options.timers.now() + delayMs * 1000
    if (code === 'kraken_rate_limited') this.#budget.refuse(call, until)
    else if (code === 'kraken_throttled') this.#budget.hold(until)
    else return false
    return true
  }

  async #once(endpoint: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<unknown> {
    const { baseUrl, timers, timeoutMs } = this.#options
    const url = `${baseUrl.replace(/\/+$/, '')}/0/public/${endpoint}?${new URLSearchParams(query)}`
    const deadline = new AbortController()
    const cancel = timers.after(timeoutMs, () => deadline.abort(timeoutError(url, timeoutMs)))
    try {
      const bounded = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
      const { status, body } = await this.#fetch(url, bounded)
      return readAnswer(status, body)
    } finally {
      cancel()
    }
  }

  async #fetch(url: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
    try {
      // Cloudflare may refuse requests without a User-Agent.
      const response = await this.#options.fetch(url, { headers: { 'user-agent': 'c1-kraken' }, signal })
      return { status: response.status, body: await readBody(response) }
    } catch (cause) {
      signal.throwIfAborted()
      throw new C1Error('kraken_unreachable', `No answer from ${url}: ${reasonOf(cause)}.`, {
        details: { url },
        retryable: true,
        cause,
      })
    }
  }

  #delayMs(attempt: number, error: C1Error): number {
    const { timers, random } = this.#options
    const first = error.code === 'kraken_rate_limited' ? RATE_LIMITED_DELAY_MS : FIRST_DELAY_MS
    const delay = jittered(Math.min(first * 2 ** (attempt - 1), LONGEST_DELAY_MS), random)
    const { untilSeconds } = error.details
    if (typeof untilSeconds !== 'number') return delay
    const untilMs = Math.ceil((untilSeconds * MICROS_PER_SECOND - timers.now()) / 1000)
    return Math.min(Math.max(delay, untilMs), LONGEST_THROTTLE_MS)
  }
}

/** The body as text, refused before it fills the memory. */
async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let body = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > LARGEST_BODY_BYTES) throw new Error(`the answer is larger than ${LARGEST_BODY_BYTES} bytes`)
    body += decoder.decode(chunk, { stream: true })
  }
  return body + decoder.decode()
}

function timeoutError(url: string, timeoutMs: number): C1Error {
  return new C1Error('kraken_timeout', `No answer from ${url} within ${timeoutMs} ms.`, {
    details: { url, timeoutMs },
    retryable: true,
  })
}

/** `fetch` says only "fetch failed"; what happened is in its cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? thrown.cause.message || thrown.message : thrown.message
}
