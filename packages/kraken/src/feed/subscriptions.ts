import { type EpochMicros, InvariantError, type MarketSymbol } from '@c1/market'
import { jittered } from '../backoff.ts'
import type { SubscribeAnswer } from './frame.ts'
import { SUBSCRIPTION_TABLE, type SubscriptionEvent, type SubscriptionState } from './subscription-states.ts'

/** Requests of this size were seen to work; no limit is published. */
const SYMBOLS_PER_REQUEST = 100
const ANSWER_WITHIN_MS = 10_000
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 600_000
/** Between requests; after `Exceeded msg rate`, whose limit is not published, doubled from half a second up to 10 s. */
const PACE_MS = 50
const FIRST_SLOW_PACE_MS = 500
const SLOWEST_PACE_MS = 10_000

export type SubscriptionOutcome =
  | { readonly kind: 'subscribed'; readonly symbol: MarketSymbol }
  | { readonly kind: 'refused'; readonly symbol: MarketSymbol; readonly reason: string }

interface Subscription {
  state: SubscriptionState
  refusals: number
  /** When a refused symbol is asked for again, in epoch microseconds. */
  retryAt: number
  /** Asked for in a request of its own, so that even an answer that names nothing is known to be about it. */
  alone: boolean
}

interface Request {
  /** Those without an answer. */
  readonly symbols: Set<MarketSymbol>
  /** Errors of the answers that named no symbol; undefined for a success. */
  readonly unnamed: (string | undefined)[]
  readonly deadline: number
}

/**
 * The trade subscriptions of one connection: what to ask when, and what the venue has answered, symbol by symbol.
 *
 * Without an answer for 10 s a symbol is asked for again. A refused one is asked for again alone, with a back-off from up to
 * 5 s doubling to up to 10 minutes, while the others go on.
 */
export class Subscriptions {
  readonly #subscriptions: ReadonlyMap<MarketSymbol, Subscription>
  readonly #unsettled: Set<MarketSymbol>
  readonly #requests = new Map<number, Request>()
  readonly #random: () => number
  #lastRequestId = 0
  #paceMs = PACE_MS
  #nextRequestAt = Number.NEGATIVE_INFINITY

  /** `random` gives [0, 1), for jitter. */
  constructor(symbols: Iterable<MarketSymbol>, random: () => number) {
    const fresh = (): Subscription => ({ state: 'wanted', refusals: 0, retryAt: 0, alone: false })
    this.#subscriptions = new Map([...symbols].map((symbol) => [symbol, fresh()]))
    this.#unsettled = new Set(this.#subscriptions.keys())
    this.#random = random
  }

  /** The venue has answered for every symbol, with yes or no. */
  get isSettled(): boolean {
    return this.#unsettled.size === 0
  }

  /** When `ask` may have something to send, in epoch microseconds; infinite when all is subscribed. */
  get nextAskAt(): number {
    const subscriptions = [...this.#subscriptions.values()]
    if (subscriptions.some(({ state }) => state === 'wanted')) return this.#nextRequestAt
    const retries = subscriptions.filter(({ state }) => state === 'refused').map(({ retryAt }) => retryAt)
    const deadlines = [...this.#requests.values()].map(({ deadline }) => deadline)
    return Math.min(Number.POSITIVE_INFINITY, ...retries, ...deadlines)
  }

  /** The request that is due at `now`, if one is. */
  ask(now: EpochMicros): string | undefined {
    this.#lapseOverdue(now)
    if (now < this.#nextRequestAt) return undefined
    const symbols = this.#nextSymbols()
    if (symbols.length === 0) return undefined
    this.#nextRequestAt = now + this.#paceMs * 1000
    return this.#request(symbols, now + ANSWER_WITHIN_MS * 1000)
  }

  /**
   * What an answer settles. "Already subscribed" is a success. One that names neither symbol nor request counts for the oldest
   * open request. After a refusal for the rate of messages the request is made again, and all further ones more slowly.
   */
  answer(answer: SubscribeAnswer, now: EpochMicros): SubscriptionOutcome[] {
    const request = this.#requestOf(answer)
    if (answer.error !== undefined && /msg rate/i.test(answer.error)) {
      if (request !== undefined) this.#slowDown(request, now)
      return []
    }
    const symbol = this.#symbolOf(answer, request)
    const outcomes = symbol === undefined ? [] : this.#settle(symbol, answer.error, now)
    if (request === undefined) return outcomes
    if (symbol === undefined) request.unnamed.push(answer.error)
    return [...outcomes, ...this.#settleUnnamed(request, now)]
  }

  /** The venue sent trades of the symbol, so it serves it: the answer that says so may come later, or not at all. */
  delivered(symbol: MarketSymbol, now: EpochMicros): SubscriptionOutcome[] {
    const isOpen = this.#subscriptions.get(symbol)?.state !== 'subscribed' && this.#unsettled.has(symbol)
    return isOpen ? this.#settle(symbol, undefined, now) : []
  }

  /** Everything is to be asked for again, subscribed or not. */
  renew(): void {
    this.#requests.clear()
    for (const symbol of this.#subscriptions.keys()) {
      this.#move(symbol, 'lapse')
      this.#unsettled.add(symbol)
    }
  }

  #lapseOverdue(now: EpochMicros): void {
    for (const request of this.#requests.values()) if (request.deadline <= now) this.#lapse(request)
    for (const [symbol, { state, retryAt }] of this.#subscriptions)
      if (state === 'refused' && retryAt <= now) this.#move(symbol, 'lapse')
  }

  #lapse(request: Request): void {
    for (const symbol of request.symbols) {
      this.#move(symbol, 'lapse').alone ||= request.unnamed.length > 0
      this.#close(symbol)
    }
  }

  /** No answer about the symbol is waited for any more. */
  #close(symbol: MarketSymbol): void {
    for (const [id, { symbols }] of this.#requests) {
      symbols.delete(symbol)
      if (symbols.size === 0) this.#requests.delete(id)
    }
  }

  #nextSymbols(): MarketSymbol[] {
    const wanted = [...this.#subscriptions].filter(([, { state }]) => state === 'wanted')
    const together = wanted.filter(([, { alone }]) => !alone).slice(0, SYMBOLS_PER_REQUEST)
    return (together.length > 0 ? together : wanted.slice(0, 1)).map(([symbol]) => symbol)
  }

  #request(symbols: readonly MarketSymbol[], deadline: number): string {
    this.#lastRequestId += 1
    this.#requests.set(this.#lastRequestId, { symbols: new Set(symbols), unnamed: [], deadline })
    for (const symbol of symbols) this.#move(symbol, 'ask')
    const params = { channel: 'trade', symbol: symbols, snapshot: true }
    return JSON.stringify({ method: 'subscribe', params, req_id: this.#lastRequestId })
  }

  #requestOf({ requestId, symbol }: SubscribeAnswer): Request | undefined {
    if (requestId !== undefined) return this.#requests.get(requestId)
    const open = [...this.#requests.values()]
    return symbol === undefined ? open[0] : open.find(({ symbols }) => symbols.has(symbol as MarketSymbol))
  }

  #symbolOf({ symbol, error }: SubscribeAnswer, request: Request | undefined): MarketSymbol | undefined {
    if (symbol !== undefined && this.#subscriptions.has(symbol as MarketSymbol)) return symbol as MarketSymbol
    if (error === undefined) return undefined
    return [...(request?.symbols ?? [])].find((symbol) => error.endsWith(` ${symbol}`))
  }

  /** As many nameless answers as symbols are left, and all the same, hold for each of them; which is whose is asked again. */
  #settleUnnamed(request: Request, now: EpochMicros): SubscriptionOutcome[] {
    if (request.unnamed.length < request.symbols.size) return []
    const answers = new Set(request.unnamed)
    if (answers.size === 1)
      return [...request.symbols].flatMap((symbol) => this.#settle(symbol, request.unnamed[0], now))
    this.#lapse(request)
    return []
  }

  #settle(symbol: MarketSymbol, error: string | undefined, now: EpochMicros): SubscriptionOutcome[] {
    this.#close(symbol)
    const isSubscribed = error === undefined || /^Already subscribed/i.test(error)
    const before = this.#subscriptions.get(symbol)?.state
    const subscription = this.#move(symbol, isSubscribed ? 'confirm' : 'refuse')
    if (subscription.state === before) return []
    this.#unsettled.delete(symbol)
    if (isSubscribed) return [{ kind: 'subscribed', symbol }]
    subscription.refusals += 1
    subscription.alone = true
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (subscription.refusals - 1), LONGEST_RETRY_MS)
    subscription.retryAt = now + jittered(delayMs, this.#random) * 1000
    return [{ kind: 'refused', symbol, reason: error }]
  }

  /** The request is open no more after the first refusal of its rate: the same refusal for its other symbols slows nothing. */
  #slowDown(request: Request, now: EpochMicros): void {
    this.#paceMs = Math.min(Math.max(FIRST_SLOW_PACE_MS, this.#paceMs * 2), SLOWEST_PACE_MS)
    this.#nextRequestAt = now + this.#paceMs * 1000
    this.#lapse(request)
  }

  #move(symbol: MarketSymbol, event: SubscriptionEvent): Subscription {
    const subscription = this.#subscriptions.get(symbol)
    if (subscription === undefined)
      throw new InvariantError('subscription_unknown', `${symbol} was never to be asked for.`)
    subscription.state = SUBSCRIPTION_TABLE[subscription.state][event]
    return subscription
  }
}
