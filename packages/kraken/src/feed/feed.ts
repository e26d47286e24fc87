import { type EpochMicros, type Instrument, UsageError } from '@c1/market'
import { systemTimers, type Timers } from '../timers.ts'
import { venueAddress } from '../venue-address.ts'
import { Connection } from './connection.ts'
import { ConnectionAttempts } from './connection-attempts.ts'
import { CONNECTION_STATES, type ConnectionState } from './connection-states.ts'
import type { FeedEvent } from './events.ts'
import { type OpenSocket, openWebSocket } from './socket.ts'

export interface KrakenFeedOptions {
  /** Kraken's public WebSocket v2 by default. */
  readonly url?: string
  readonly instruments: readonly Instrument[]
  /** Called synchronously, in the order of the frames of each connection. It must not throw. */
  readonly onEvent: (event: FeedEvent) => void
  /** At most so many markets share a connection; 300 by default, which the venue was seen to allow. */
  readonly symbolsPerConnection?: number
  /** The venue's clock, where it is known already: what it says itself is then believed only when it agrees. */
  readonly venueTime?: EpochMicros
  /** How often the venue's clock is asked for; also keeps an otherwise idle connection open. 10000 by default. */
  readonly pingIntervalMs?: number
  /** A connection whose pings have no pong for so long is given up, whatever else it brings. 30000 by default. */
  readonly pongDeadlineMs?: number
  /** A connection without any frame for so long is given up. 15000 by default. */
  readonly staleAfterMs?: number
  readonly timers?: Timers
  /** How a connection is made; `openWebSocket` by default. */
  readonly openSocket?: OpenSocket
  /** Gives [0, 1), for jitter. */
  readonly random?: () => number
}

/**
 * The live trades of some markets over Kraken's WebSocket v2, or anything that speaks it.
 *
 * The markets are spread over as many connections as they need, which live and fail apart. Each connects again for ever, with
 * back-off and within one budget of attempts, and asks for its markets again each time with a snapshot of their recent trades.
 * What it missed meanwhile shows as a hole in the trade ids; filling it is the caller's.
 */
export class KrakenFeed {
  readonly #connections: readonly Connection[]

  /** @throws UsageError `address_malformed`, `symbols_per_connection_malformed` */
  constructor(options: KrakenFeedOptions) {
    const { instruments, symbolsPerConnection = 300, ...rest } = options
    const shared = {
      url: 'wss://ws.kraken.com/v2',
      pingIntervalMs: 10_000,
      pongDeadlineMs: 30_000,
      staleAfterMs: 15_000,
      timers: systemTimers,
      openSocket: openWebSocket,
      random: Math.random,
      ...rest,
      attempts: new ConnectionAttempts(),
    }
    venueAddress(shared.url, ['ws', 'wss'])
    this.#connections = spread(instruments, symbolsPerConnection).map(
      (instruments) => new Connection({ ...shared, instruments }),
    )
  }

  /** Of the connection that is farthest from live. */
  get state(): ConnectionState {
    const states = new Set(this.#connections.map(({ state }) => state))
    return CONNECTION_STATES.find((state) => states.has(state)) ?? 'idle'
  }

  /** Begins to connect. A second call changes nothing. */
  start(): void {
    for (const connection of this.#connections) connection.start()
  }

  /** Ends every connection at once and for good. No event follows. */
  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}

/** Shares of nearly equal size, as few as possible. */
function spread(instruments: readonly Instrument[], most: number): Instrument[][] {
  if (!Number.isInteger(most) || most < 1) {
    throw new UsageError(
      'symbols_per_connection_malformed',
      `symbolsPerConnection is ${most}; it is a whole number from 1.`,
    )
  }
  const shares = Math.ceil(instruments.length / most)
  return Array.from({ length: shares }, (_, share) => instruments.filter((_, index) => index % shares === share))
}
