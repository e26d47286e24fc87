import type { EpochMicros, Instrument, MarketSymbol, Trade } from '@c1/market'
import type { Timers } from '../timers.ts'
import { malformedRow } from '../wire/malformed-row.ts'
import type { ConnectionAttempts } from './connection-attempts.ts'
import { CONNECTION_TABLE, type ConnectionEvent, type ConnectionState, type Effect } from './connection-states.ts'
import type { FeedEvent } from './events.ts'
import { type Frame, readFrame } from './frame.ts'
import { Link } from './link.ts'
import { Pings } from './pings.ts'
import { ReconnectDelay } from './reconnect-delay.ts'
import type { OpenSocket } from './socket.ts'
import { Subscriptions } from './subscriptions.ts'
import { TradeFrames } from './trade-frames.ts'
import { VenueTime } from './venue-time.ts'

export interface ConnectionOptions {
  readonly url: string
  readonly openSocket: OpenSocket
  readonly instruments: readonly Instrument[]
  readonly onEvent: (event: FeedEvent) => void
  /** The venue's clock, where it is known already. */
  readonly venueTime?: EpochMicros
  readonly pingIntervalMs: number
  readonly pongDeadlineMs: number
  readonly staleAfterMs: number
  readonly timers: Timers
  readonly random: () => number
  /** Shared with the other connections. */
  readonly attempts: ConnectionAttempts
}

const CONNECTIONS_WITHOUT_PONG = 2

/** Follows some markets over one connection at a time, as `CONNECTION_TABLE` says; here its effects are carried out. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #symbols: readonly MarketSymbol[]
  readonly #delay: ReconnectDelay
  readonly #pings: Pings
  readonly #trades: TradeFrames
  readonly #venueTime = new VenueTime()
  #state: ConnectionState = 'idle'
  #link: Link | undefined
  #subscriptions: Subscriptions
  #hasPongs = false
  #unansweredFirst = 0
  /** Why the connection is given up, once it is. */
  #reason: string | undefined
  #lastAlive: EpochMicros | undefined
  #cancelWait: () => void = () => {}
  #cancelAsk: () => void = () => {}

  readonly #effects: Readonly<Record<Effect, () => void>> = {
    'await-turn': () => this.#awaitTurn(),
    'back-off': () => this.#waitThenTakeTurn(this.#delay.lost(this.#now())),
    connect: () => this.#connect(),
    ping: () => this.#pings.start(),
    subscribe: () => this.#subscribe(),
    resubscribe: () => this.#resubscribe(),
    'hang-up': () => this.#link?.hangUp(),
    stop: () => this.#stop(),
    'tell-connected': () => this.#tellConnected(),
    'tell-disconnected': () => this.#tellDisconnected(),
  }

  constructor(options: ConnectionOptions) {
    const { instruments, random, timers, pingIntervalMs, pongDeadlineMs } = options
    this.#options = options
    this.#symbols = instruments.map(({ symbol }) => symbol)
    this.#delay = new ReconnectDelay(random)
    this.#trades = new TradeFrames(instruments)
    if (options.venueTime !== undefined) this.#venueTime.observe(options.venueTime, timers.now())
    this.#subscriptions = new Subscriptions(this.#symbols, random)
    this.#pings = new Pings({
      timers,
      intervalMs: pingIntervalMs,
      deadlineMs: pongDeadlineMs,
      send: () => this.#link?.send('{"method":"ping"}'),
      unanswered: () => this.#unanswered(pongDeadlineMs),
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  start(): void {
    this.#apply('start')
  }

  /** Ends at once and for good. No event follows. */
  close(): void {
    this.#apply('close')
  }

  #apply(event: ConnectionEvent, reason?: string): void {
    const transition = CONNECTION_TABLE[this.#state][event]
    if (transition === undefined) return
    this.#state = transition.to
    // The first reason is the cause; that the socket then ends is its consequence.
    this.#reason ??= reason
    for (const effect of transition.effects) this.#effects[effect]()
  }

  #awaitTurn(): void {
    const waitMs = this.#options.attempts.take(this.#now())
    if (waitMs === 0) this.#apply('due')
    else this.#waitThenTakeTurn(waitMs)
  }

  #waitThenTakeTurn(ms: number): void {
    this.#cancelWait = this.#options.timers.after(ms, () => this.#awaitTurn())
  }

  #connect(): void {
    this.#reason = undefined
    this.#lastAlive = undefined
    this.#link = new Link(this.#options, {
      opened: () => this.#opened(),
      frame: (text, receivedTime) => this.#received(text, receivedTime),
      silent: (ms) => this.#apply('silent', `silent for ${ms} ms`),
      lost: (reason) => this.#apply('lost', reason),
    })
  }

  #opened(): void {
    this.#lastAlive = this.#now()
    this.#delay.opened(this.#lastAlive)
    this.#apply('opened')
  }

  #subscribe(): void {
    this.#subscriptions = new Subscriptions(this.#symbols, this.#options.random)
    this.#ask()
  }

  #resubscribe(): void {
    this.#subscriptions.renew()
    this.#ask()
  }

  /** Asks what is due, and sets the timer for what is due next. */
  #ask(): void {
    this.#cancelAsk()
    const now = this.#now()
    const request = this.#subscriptions.ask(now)
    if (request !== undefined) this.#link?.send(request)
    const waitMs = Math.ceil((this.#subscriptions.nextAskAt - now) / 1000)
    if (waitMs < Number.POSITIVE_INFINITY) this.#cancelAsk = this.#options.timers.after(waitMs, () => this.#ask())
  }

  #stop(): void {
    this.#cancelWait()
    this.#cancelAsk()
    this.#pings.stop()
    this.#link?.end()
  }

  #tellConnected(): void {
    this.#emit({ kind: 'connected', symbols: this.#symbols, receivedTime: this.#now() })
  }

  #tellDisconnected(): void {
    const reason = this.#reason ?? 'ended'
    const lastAlive = this.#lastAlive
    this.#emit({ kind: 'disconnected', symbols: this.#symbols, reason, lastAlive, receivedTime: this.#now() })
  }

  #received(text: string, receivedTime: EpochMicros): void {
    this.#lastAlive = receivedTime
    this.#emit({ kind: 'alive', symbols: this.#symbols, receivedTime })
    const frame = this.#read(text, receivedTime)
    if (frame !== undefined) this.#tell(frame, receivedTime)
  }

  #read(text: string, receivedTime: EpochMicros): Frame | undefined {
    try {
      this.#trades.believeUpTo(this.#venueTime.latest(receivedTime))
      return readFrame(text, this.#trades)
    } catch (thrown) {
      this.#emit({ kind: 'malformed', ...malformedRow(text, thrown) })
      return undefined
    }
  }

  #tell(frame: Frame, receivedTime: EpochMicros): void {
    if (frame.kind === 'trades') this.#tellTrades(frame, receivedTime)
    else if (frame.kind === 'status') this.#tellStatus(frame)
    else if (frame.kind !== 'sign-of-life') {
      if (frame.venueTime !== undefined) this.#tellClock(frame.venueTime, receivedTime)
      if (frame.kind === 'pong') this.#pong()
      else this.#answered(frame, receivedTime)
    }
  }

  #tellTrades({ frame }: Extract<Frame, { kind: 'trades' }>, receivedTime: EpochMicros): void {
    const { trades, rejected, snapshot } = frame
    if (!this.#subscriptions.isSettled) this.#delivered(trades, receivedTime)
    if (trades.length > 0) this.#emit({ kind: 'trades', trades, snapshot, receivedTime })
    for (const row of rejected) this.#emit({ kind: 'malformed', ...row })
  }

  #delivered(trades: readonly Trade[], receivedTime: EpochMicros): void {
    for (const symbol of new Set(trades.map(({ symbol }) => symbol)))
      for (const outcome of this.#subscriptions.delivered(symbol, receivedTime)) this.#emit(outcome)
    if (this.#state !== 'closed' && this.#subscriptions.isSettled) this.#apply('settled')
  }

  #tellStatus({ status }: Extract<Frame, { kind: 'status' }>): void {
    this.#delay.venueIs(status.online)
    this.#emit({ kind: 'status', ...status })
    this.#apply(status.online ? 'online' : 'offline')
  }

  /** A venue that has never answered a ping, on some connections, has no pongs: its frames alone are then the signs of life. */
  #unanswered(deadlineMs: number): void {
    this.#unansweredFirst += 1
    if (this.#hasPongs || this.#unansweredFirst <= CONNECTIONS_WITHOUT_PONG)
      this.#apply('unanswered', `no pong for ${deadlineMs} ms`)
  }

  #pong(): void {
    this.#hasPongs = true
    this.#pings.answered()
  }

  #tellClock(venueTime: EpochMicros, receivedTime: EpochMicros): void {
    if (!this.#venueTime.observe(venueTime, receivedTime)) return
    this.#emit({ kind: 'clock', venueTime, receivedTime })
  }

  #answered({ answer }: Extract<Frame, { kind: 'answer' }>, receivedTime: EpochMicros): void {
    for (const outcome of this.#subscriptions.answer(answer, receivedTime)) this.#emit(outcome)
    if (this.#state === 'closed') return
    if (this.#subscriptions.isSettled) this.#apply('settled')
    this.#ask()
  }

  /** A listener may close the feed inside an event; what is left of that frame is then not told. */
  #emit(event: FeedEvent): void {
    if (this.#state !== 'closed') this.#options.onEvent(event)
  }

  #now(): EpochMicros {
    return this.#options.timers.now()
  }
}
