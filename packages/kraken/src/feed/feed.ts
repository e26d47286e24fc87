import type { EpochMicros, Instrument } from '@c1/market'
import { systemTimers, type Timers } from '../timers.ts'
import { venueAddress } from '../venue-address.ts'
import { malformedRow } from '../wire/malformed-row.ts'
import type { FeedEvent } from './events.ts'
import { type Frame, readFrame } from './frame.ts'
import { Link } from './link.ts'
import { ReconnectDelay } from './reconnect-delay.ts'
import { FEED_TRANSITIONS, type FeedInput, type FeedState } from './state.ts'
import { Subscriptions } from './subscriptions.ts'
import { TradeFrames } from './trade-frames.ts'

export interface KrakenFeedOptions {
  /** Kraken's public WebSocket v2 by default. */
  readonly url?: string
  readonly instruments: readonly Instrument[]
  /** Called synchronously, in the order of the frames. It must not throw. */
  readonly onEvent: (event: FeedEvent) => void
  /** How often the venue's clock is asked for; also keeps an otherwise idle connection open. 10000 by default. */
  readonly pingIntervalMs?: number
  /** A connection without any frame for so long is given up. 15000 by default. */
  readonly staleAfterMs?: number
  readonly timers?: Timers
  /** Gives [0, 1), for jitter. */
  readonly random?: () => number
}

/**
 * The live trades of some markets over Kraken's WebSocket v2, or anything that speaks it.
 *
 * Connects again for ever, with back-off, and asks for every market again each time with a snapshot of its recent trades.
 * What it missed meanwhile shows as a hole in the trade ids; filling it is the caller's.
 */
export class KrakenFeed {
  readonly #options: Required<KrakenFeedOptions>
  readonly #trades: TradeFrames
  readonly #delay: ReconnectDelay
  #state: FeedState = 'idle'
  #link: Link | undefined
  #subscriptions: Subscriptions | undefined
  #cancels: (() => void)[] = []

  /** @throws UsageError `address_malformed` */
  constructor(options: KrakenFeedOptions) {
    this.#options = {
      url: 'wss://ws.kraken.com/v2',
      pingIntervalMs: 10_000,
      staleAfterMs: 15_000,
      timers: systemTimers,
      random: Math.random,
      ...options,
    }
    venueAddress(this.#options.url, ['ws', 'wss'])
    this.#trades = new TradeFrames(options.instruments)
    this.#delay = new ReconnectDelay(this.#options.random)
  }

  get state(): FeedState {
    return this.#state
  }

  /** Begins to connect. A second call changes nothing. */
  start(): void {
    if (this.#move('start')) this.#connect()
  }

  /** Ends the connection at once and for good. No event follows. */
  close(): void {
    if (!this.#move('close')) return
    this.#cancelTimers()
    this.#link?.end()
  }

  /** Whether the input meant a change of state. */
  #move(input: FeedInput): boolean {
    const next = FEED_TRANSITIONS[this.#state][input]
    if (next === undefined) return false
    this.#state = next
    return true
  }

  #connect(): void {
    const { url, staleAfterMs, timers } = this.#options
    this.#link = new Link(url, staleAfterMs, timers, {
      opened: () => this.#opened(),
      frame: (text, receivedTime) => this.#received(text, receivedTime),
      lost: (reason) => this.#lost(reason),
    })
  }

  #opened(): void {
    const { instruments, timers, pingIntervalMs, staleAfterMs } = this.#options
    if (!this.#move('opened')) return
    this.#delay.opened(timers.now())
    this.#subscriptions = new Subscriptions(instruments.map(({ symbol }) => symbol))
    this.#emit({ kind: 'connected', receivedTime: timers.now() })
    this.#repeat(pingIntervalMs, () => this.#link?.send('{"method":"ping"}'))
    this.#repeat(staleAfterMs, () => this.#askForUnanswered())
  }

  #askForUnanswered(): void {
    for (const request of this.#subscriptions?.ask() ?? []) this.#link?.send(request)
  }

  #lost(reason: string): void {
    const { timers } = this.#options
    if (!this.#move('lost')) return
    this.#cancelTimers()
    const now = timers.now()
    const delayMs = this.#delay.lost(now)
    this.#cancels = [timers.after(delayMs, () => this.#move('due') && this.#connect())]
    this.#emit({ kind: 'disconnected', reason, receivedTime: now })
  }

  #received(text: string, receivedTime: EpochMicros): void {
    this.#emit({ kind: 'alive', receivedTime })
    const frame = this.#read(text)
    if (frame !== undefined) this.#tell(frame, receivedTime)
  }

  #read(text: string): Frame | undefined {
    try {
      return readFrame(text, this.#trades)
    } catch (thrown) {
      this.#emit({ kind: 'malformed', ...malformedRow(text, thrown) })
      return undefined
    }
  }

  #tell(frame: Frame, receivedTime: EpochMicros): void {
    if (frame.kind === 'trades') {
      const { trades, rejected, snapshot } = frame.frame
      if (trades.length > 0) this.#emit({ kind: 'trades', trades, snapshot, receivedTime })
      for (const row of rejected) this.#emit({ kind: 'malformed', ...row })
    } else if (frame.kind === 'status') this.#emit({ kind: 'status', ...frame.status })
    else if (frame.kind !== 'sign-of-life') {
      if (frame.venueTime !== undefined) this.#emit({ kind: 'clock', venueTime: frame.venueTime, receivedTime })
      if (frame.kind === 'answer') this.#answered(frame)
    }
  }

  #answered({ answer }: Extract<Frame, { kind: 'answer' }>): void {
    for (const outcome of this.#subscriptions?.answer(answer) ?? []) this.#emit(outcome)
    if (this.#subscriptions?.isComplete) this.#move('answered')
  }

  /** A listener may close the feed inside an event; what is left of that frame is then not told. */
  #emit(event: FeedEvent): void {
    if (this.#state !== 'closed') this.#options.onEvent(event)
  }

  /** Runs `task` now and every `ms` from now on, until the connection ends. */
  #repeat(ms: number, task: () => void): void {
    let cancel = () => {}
    this.#cancels.push(() => cancel())
    const round = () => {
      cancel = this.#options.timers.after(ms, round)
      task()
    }
    round()
  }

  #cancelTimers(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels = []
  }
}
