/**
 * What one connection to the venue is doing, from farthest from live to live:
 *
 *     idle -start-> waiting -due-> connecting -opened-> subscribing -settled-> live
 *                                                        |       ^              |
 *                                                     offline  online        offline
 *                                                        v       |              |
 *                                                       maintenance <-----------+
 *
 * From the four on the right of waiting and from stale, `lost` leads back to waiting. `silent` leads from those four to stale,
 * `unanswered` from subscribing and live. `close` leads from everywhere to closed, which is the end.
 */
export const CONNECTION_STATES = [
  'closed',
  'idle',
  /** Until the back-off is over and the budget of attempts has a place. */
  'waiting',
  'connecting',
  /** Given up, its socket being ended. What it may still deliver is not heard. */
  'stale',
  /** Open, with markets that the venue has not answered for. */
  'subscribing',
  /** Open, while the venue matches no orders: no trades come, which is no fault. */
  'maintenance',
  'live',
] as const

export type ConnectionState = (typeof CONNECTION_STATES)[number]

export type ConnectionEvent =
  | 'start'
  /** The wait before an attempt is over. */
  | 'due'
  /** The socket is open. */
  | 'opened'
  /** The venue has answered for every symbol, with yes or no. */
  | 'settled'
  /** The venue says that it is online. */
  | 'online'
  /** The venue says that it is anything but online. */
  | 'offline'
  /** No frame of any kind came for too long, or the socket did not open. */
  | 'silent'
  /** A ping has no pong for too long, though frames may come. */
  | 'unanswered'
  /** The socket ended or failed. */
  | 'lost'
  | 'close'

/** What a transition makes happen. Telling comes last, because whoever is told may close the connection. */
export type Effect =
  | 'await-turn'
  | 'back-off'
  | 'connect'
  | 'ping'
  | 'subscribe'
  | 'resubscribe'
  | 'hang-up'
  | 'stop'
  | 'tell-connected'
  | 'tell-disconnected'

export interface Transition {
  readonly to: ConnectionState
  readonly effects: readonly Effect[]
}

const to = (state: ConnectionState, ...effects: Effect[]): Transition => ({ to: state, effects })

const ignored = undefined
const closed = to('closed', 'stop')
const stale = to('stale', 'hang-up')
const lost = to('waiting', 'stop', 'back-off', 'tell-disconnected')
const maintenance = to('maintenance')

/** Every state with every event: a new one of either does not compile before each of its cells is decided. */
export const CONNECTION_TABLE: Readonly<
  Record<ConnectionState, Readonly<Record<ConnectionEvent, Transition | undefined>>>
> = {
  idle: {
    start: to('waiting', 'await-turn'),
    due: ignored,
    opened: ignored,
    settled: ignored,
    online: ignored,
    offline: ignored,
    silent: ignored,
    unanswered: ignored,
    lost: ignored,
    close: closed,
  },
  waiting: {
    start: ignored,
    due: to('connecting', 'connect'),
    opened: ignored,
    settled: ignored,
    online: ignored,
    offline: ignored,
    silent: ignored,
    unanswered: ignored,
    lost: ignored,
    close: closed,
  },
  connecting: {
    start: ignored,
    due: ignored,
    opened: to('subscribing', 'ping', 'subscribe', 'tell-connected'),
    settled: ignored,
    online: ignored,
    offline: ignored,
    silent: stale,
    unanswered: ignored,
    lost,
    close: closed,
  },
  subscribing: {
    start: ignored,
    due: ignored,
    opened: ignored,
    settled: to('live'),
    online: ignored,
    offline: maintenance,
    silent: stale,
    unanswered: stale,
    lost,
    close: closed,
  },
  live: {
    start: ignored,
    due: ignored,
    opened: ignored,
    settled: ignored,
    online: ignored,
    offline: maintenance,
    silent: stale,
    unanswered: stale,
    lost,
    close: closed,
  },
  maintenance: {
    start: ignored,
    due: ignored,
    opened: ignored,
    settled: ignored,
    // The venue may have forgotten the subscriptions over its maintenance; asking for one that it kept does no harm.
    online: to('subscribing', 'resubscribe'),
    offline: ignored,
    silent: stale,
    unanswered: ignored,
    lost,
    close: closed,
  },
  stale: {
    start: ignored,
    due: ignored,
    opened: ignored,
    settled: ignored,
    online: ignored,
    offline: ignored,
    silent: ignored,
    unanswered: ignored,
    lost,
    close: closed,
  },
  closed: {
    start: ignored,
    due: ignored,
    opened: ignored,
    settled: ignored,
    online: ignored,
    offline: ignored,
    silent: ignored,
    unanswered: ignored,
    lost: ignored,
    close: ignored,
  },
}
