import type { MarketSymbol } from '@c1/market'
import type { SubscribeAnswer } from './frame.ts'

/** Requests of this size were seen to work; no limit is published. */
const SYMBOLS_PER_REQUEST = 100

export type SubscriptionOutcome =
  | { readonly kind: 'subscribed'; readonly symbol: MarketSymbol }
  | { readonly kind: 'refused'; readonly symbol: MarketSymbol; readonly reason: string }

interface Request {
  readonly symbols: Set<MarketSymbol>
  /** Errors of the answers that named no symbol; undefined for a success. */
  readonly unnamed: (string | undefined)[]
}

/** The trade subscriptions of one connection: what was asked, and what the venue has answered, symbol by symbol. */
export class Subscriptions {
  readonly #unanswered: Set<MarketSymbol>
  readonly #requests = new Map<number, Request>()
  #lastRequestId = 0

  constructor(symbols: Iterable<MarketSymbol>) {
    this.#unanswered = new Set(symbols)
  }

  /** The venue has answered for every symbol. */
  get isComplete(): boolean {
    return this.#unanswered.size === 0
  }

  /** Frames that ask for every symbol without an answer. */
  ask(): string[] {
    const symbols = [...this.#unanswered]
    const starts = Array.from(
      { length: Math.ceil(symbols.length / SYMBOLS_PER_REQUEST) },
      (_, n) => n * SYMBOLS_PER_REQUEST,
    )
    return starts.map((start) => this.#request(symbols.slice(start, start + SYMBOLS_PER_REQUEST)))
  }

  /**
   * What an answer settles. "Already subscribed" is a success. One that names neither symbol nor request counts for the oldest
   * open request. A request refused for the rate of messages stays open, to be asked again.
   */
  answer(answer: SubscribeAnswer): SubscriptionOutcome[] {
    const request = this.#find(answer)
    if (request === undefined) return []
    const symbol = [...request.symbols].find(
      (symbol) => symbol === answer.symbol || answer.error?.endsWith(` ${symbol}`),
    )
    if (symbol !== undefined) return this.#settle(request, symbol, answer.error)
    request.unnamed.push(answer.error)
    if (request.unnamed.length < request.symbols.size) return []
    // As many nameless answers as symbols are left: they come in the order of the symbols.
    return [...request.symbols].flatMap((symbol, index) => this.#settle(request, symbol, request.unnamed[index]))
  }

  #request(symbols: readonly MarketSymbol[]): string {
    this.#lastRequestId += 1
    this.#requests.set(this.#lastRequestId, { symbols: new Set(symbols), unnamed: [] })
    const params = { channel: 'trade', symbol: symbols, snapshot: true }
    return JSON.stringify({ method: 'subscribe', params, req_id: this.#lastRequestId })
  }

  #find({ requestId, symbol }: SubscribeAnswer): Request | undefined {
    if (requestId !== undefined) return this.#requests.get(requestId)
    const open = [...this.#requests.values()].filter(({ symbols }) => symbols.size > 0)
    return symbol === undefined ? open[0] : open.find(({ symbols }) => symbols.has(symbol as MarketSymbol))
  }

  #settle(request: Request, symbol: MarketSymbol, error: string | undefined): SubscriptionOutcome[] {
    request.symbols.delete(symbol)
    if (error !== undefined && /msg rate/i.test(error)) return []
    if (!this.#unanswered.delete(symbol)) return []
    const isSubscribed = error === undefined || /^Already subscribed/i.test(error)
    return [isSubscribed ? { kind: 'subscribed', symbol } : { kind: 'refused', symbol, reason: error }]
  }
}
