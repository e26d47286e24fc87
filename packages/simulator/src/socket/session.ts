import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { Market } from '../market/market.ts'
import type { Pair } from '../market/pairs.ts'
import { type Acknowledgement, answerFrame, HEARTBEAT, instrumentFrame, type Outgoing, statusFrame } from './frames.ts'
import { type Request, readRequest } from './request.ts'

/** What a session needs of the venue around it. */
export interface SessionVenue {
  readonly market: Market
  readonly now: () => EpochMicros
  /** Wall milliseconds: heartbeats and the idle limit follow the host's clock, whatever the simulated speed. */
  readonly wallNow: () => number
  /** The frame of a pair's latest trades. Every subscriber has been sent all of them, so that the next update goes on after it. */
  readonly snapshot: (pair: Pair) => Outgoing
  /** Whether a pair can be subscribed to. */
  readonly offers: (pair: Pair) => boolean
  /** State of the matching engine: `online`, or why no trade happens. */
  readonly system: () => string
}

/** The far end of a session: a socket, or a test. */
export interface Link {
  send(message: Outgoing): void
  close(code: number, reason: string): void
}

const HEARTBEAT_AFTER_MS = 1_000
const IDLE_LIMIT_MS = 60_000
const PUBLIC_HOST_REFUSAL = 'Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com'
const PRIVATE_CHANNELS = ['executions', 'balances', 'level3']

/** What one connection has said and subscribed to: the WebSocket v2 protocol without its socket. */
export class Session {
  readonly #venue: SessionVenue
  readonly #link: Link
  readonly #ordinal: number
  readonly #symbols = new Set<MarketSymbol>()
  #system: string
  #instrument = false
  #lastChannelMessage: number
  #lastTraffic: number

  /** @param ordinal how many connections came before it */
  constructor(venue: SessionVenue, link: Link, ordinal: number) {
    this.#venue = venue
    this.#link = link
    this.#ordinal = ordinal
    this.#system = venue.system()
    this.#lastChannelMessage = venue.wallNow()
    this.#lastTraffic = venue.wallNow()
    this.#tellStatus()
  }

  follows(symbol: MarketSymbol): boolean {
    return this.#symbols.has(symbol)
  }

  /** Sends a channel's message. */
  publish(message: Outgoing): void {
    this.#send(message)
    this.#lastChannelMessage = this.#venue.wallNow()
  }

  /** Answers a request, one frame for each symbol it names. */
  receive(text: string): void {
    this.#lastTraffic = this.#venue.wallNow()
    // The silence that a heartbeat ends begins with the first subscription.
    if (!this.#isSubscribed()) this.#lastChannelMessage = this.#lastTraffic
    const timeIn = this.#venue.now()
    const request = readRequest(text)
    for (const { answer, frame } of this.#replies(request)) {
      const text = answerFrame(answer, request?.requestId, timeIn, this.#venue.now())
      this.#send({ about: kindOf(answer), symbol: symbolIn(answer), text })
      if (frame !== undefined) this.publish(frame)
    }
  }

  /** Sends the snapshot of each pair that is followed, unasked. */
  repeatSnapshots(wanted: (pair: Pair) => boolean): void {
    for (const pair of this.#venue.market.pairs)
      if (this.follows(pair.symbol) && wanted(pair)) this.publish(this.#venue.snapshot(pair))
  }

  /** What time alone brings: a change of the engine, a heartbeat on a silent subscription, the end of a connection without any traffic. */
  passTime(): void {
    const now = this.#venue.wallNow()
    if (this.#system !== this.#venue.system()) this.#tellStatus()
    const subscribed = this.#isSubscribed()
    if (subscribed && now - this.#lastChannelMessage >= HEARTBEAT_AFTER_MS)
      this.publish({ about: 'heartbeat', text: HEARTBEAT })
    if (!subscribed && now - this.#lastTraffic >= IDLE_LIMIT_MS) this.#link.close(1000, 'idle')
  }

  *#replies(request: Request | undefined): Iterable<Reply> {
    const { method, channel, symbols } = request ?? {}
    if (method === 'ping') yield { answer: { method: 'pong' } }
    else if (method !== 'subscribe' && method !== 'unsubscribe') yield refused('Malformed request', method)
    else if (channel !== undefined && PRIVATE_CHANNELS.includes(channel)) yield refused(PUBLIC_HOST_REFUSAL, method)
    else if (channel === 'instrument') yield this.#instrumentReply(method, request?.snapshot ?? true)
    else if (channel !== 'trade' || symbols === undefined) yield refused('Malformed request', method)
    else for (const symbol of symbols) yield this.#tradeReply(method, symbol, request?.snapshot ?? false)
  }

  #tradeReply(method: Subscribing, symbol: string, snapshot: boolean): Reply {
    const pair = this.#venue.market.pairs.find((pair) => pair.symbol === symbol)
    if (pair === undefined || !this.#venue.offers(pair)) return unlisted(method, symbol)
    return method === 'subscribe' ? this.#subscribe(pair, snapshot) : this.#unsubscribe(pair)
  }

  #subscribe(pair: Pair, snapshot: boolean): Reply {
    const { symbol } = pair
    if (this.#symbols.has(symbol)) return refused('Already subscribed', 'subscribe')
    // Before this session follows the pair: the snapshot first sends the followers what they have not had yet.
    const frame = snapshot ? this.#venue.snapshot(pair) : undefined
    this.#symbols.add(symbol)
    return { answer: { method: 'subscribe', result: { channel: 'trade', snapshot, symbol }, success: true }, frame }
  }

  #unsubscribe({ symbol }: Pair): Reply {
    if (!this.#symbols.delete(symbol)) return refused('Subscription Not Found', 'unsubscribe', symbol)
    return { answer: { method: 'unsubscribe', result: { channel: 'trade', symbol }, success: true } }
  }

  #instrumentReply(method: Subscribing, snapshot: boolean): Reply {
    const subscribe = method === 'subscribe'
    if (subscribe === this.#instrument)
      return refused(subscribe ? 'Already subscribed' : 'Subscription Not Found', method)
    this.#instrument = subscribe
    const result = subscribe ? { channel: 'instrument', snapshot } : { channel: 'instrument' }
    const answer = { method, result, success: true }
    if (!subscribe || !snapshot) return { answer }
    return { answer, frame: { about: 'instrument', text: instrumentFrame(this.#venue.market) } }
  }

  #isSubscribed(): boolean {
    return this.#instrument || this.#symbols.size > 0
  }

  #tellStatus(): void {
    this.#system = this.#venue.system()
    this.publish({ about: 'status', text: statusFrame(this.#ordinal, this.#system) })
  }

  #send(message: Outgoing): void {
    this.#link.send(message)
    this.#lastTraffic = this.#venue.wallNow()
  }
}

type Subscribing = 'subscribe' | 'unsubscribe'

/** An answer, and the channel's message that follows it. */
interface Reply {
  readonly answer: Acknowledgement
  readonly frame?: Outgoing | undefined
}

function kindOf({ method, success }: Acknowledgement): Outgoing['about'] {
  if (method === 'pong') return 'pong'
  return success === true ? 'acknowledgement' : 'refusal'
}

function symbolIn({ result }: Acknowledgement): MarketSymbol | undefined {
  return result?.symbol as MarketSymbol | undefined
}

function refused(error: string, method?: string, symbol?: string): Reply {
  return {
    answer: { error, ...(method !== undefined && { method }), success: false, ...(symbol !== undefined && { symbol }) },
  }
}

function unlisted(method: string, symbol: string): Reply {
  return /^[^/]+\/[^/]+$/.test(symbol)
    ? refused(`Currency pair not supported ${symbol}`, method, symbol)
    : refused(`Currency pair not in ISO 4217-A3 format ${symbol}`, method)
}
