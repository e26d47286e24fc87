import type { EpochMicros, MarketSymbol, Trade } from '@c1/market'
import type { VenueStatus } from '../venue-status.ts'
import type { MalformedRow } from '../wire/malformed-row.ts'

/**
 * What a feed tells. `receivedTime` is the local clock when the frame arrived; `symbols` are those of the connection that the
 * event is about, each symbol being followed by one connection.
 */
export type FeedEvent =
  /** A connection is open; each of its symbols is being asked for. */
  | { readonly kind: 'connected'; readonly symbols: readonly MarketSymbol[]; readonly receivedTime: EpochMicros }
  /** A frame of any kind arrived, also one that carries nothing. Comes before the frame's other events. */
  | { readonly kind: 'alive'; readonly symbols: readonly MarketSymbol[]; readonly receivedTime: EpochMicros }
  /** Trades as the venue sent them; a snapshot is its most recent ones, by trade id, and may repeat what was sent before. */
  | {
      readonly kind: 'trades'
      readonly trades: readonly Trade[]
      readonly snapshot: boolean
      readonly receivedTime: EpochMicros
    }
  /** The venue confirmed the symbol, on this connection. */
  | { readonly kind: 'subscribed'; readonly symbol: MarketSymbol }
  /** The venue does not serve the symbol now. It is asked for again, alone, ever more rarely, and on the next connection. */
  | { readonly kind: 'refused'; readonly symbol: MarketSymbol; readonly reason: string }
  /** What the venue says of itself, on one of the connections. */
  | ({ readonly kind: 'status' } & VenueStatus)
  /** The venue's clock when it sent a frame that arrived at `receivedTime`; for `VenueClock`. */
  | { readonly kind: 'clock'; readonly venueTime: EpochMicros; readonly receivedTime: EpochMicros }
  /** A frame, or one trade of a frame, that is not what the protocol promises. */
  | ({ readonly kind: 'malformed' } & MalformedRow)
  /** A connection, or the attempt to make one, ended. The feed connects again by itself. */
  | {
      readonly kind: 'disconnected'
      readonly symbols: readonly MarketSymbol[]
      readonly reason: string
      /** When it last delivered a frame, or was opened; undefined for an attempt that failed. */
      readonly lastAlive: EpochMicros | undefined
      readonly receivedTime: EpochMicros
    }
