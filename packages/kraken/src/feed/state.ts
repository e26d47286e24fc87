/**
 * What a feed is doing:
 *
 *     idle -start-> connecting -opened-> subscribing -answered-> live
 *                    ^    |                   |                   |
 *                    |   lost                lost                lost
 *                   due   v                   v                   v
 *                    +-- waiting <------------+-------------------+
 *
 * `close` leads from every state to `closed`, which is the end.
 */
export type FeedState = 'idle' | 'connecting' | 'subscribing' | 'live' | 'waiting' | 'closed'

/**
 * `opened`: the socket is open. `answered`: the venue has answered for every symbol. `lost`: the socket ended, failed or
 * fell silent. `due`: the wait before the next attempt is over.
 */
export type FeedInput = 'start' | 'opened' | 'answered' | 'lost' | 'due' | 'close'

/** The next state, for every input that means something in a state; any other is ignored. */
export const FEED_TRANSITIONS: Readonly<Record<FeedState, Readonly<Partial<Record<FeedInput, FeedState>>>>> = {
  idle: { start: 'connecting', close: 'closed' },
  connecting: { opened: 'subscribing', lost: 'waiting', close: 'closed' },
  subscribing: { answered: 'live', lost: 'waiting', close: 'closed' },
  live: { lost: 'waiting', close: 'closed' },
  waiting: { due: 'connecting', close: 'closed' },
  closed: {},
}
