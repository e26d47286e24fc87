import type { EpochMicros, MarketSymbol } from '@c1/market'
import type { MalformedKind } from './malformed-frame.ts'

/** Everything that can be made to go wrong. What each does and takes is told in the package's README. */
export type FaultKind =
  | 'drop'
  | 'close'
  | 'silence'
  | 'refuse-connections'
  | 'status'
  | 'burst'
  | 'unserved'
  | 'skip-trades'
  | 'duplicate-frames'
  | 'repeat-snapshot'
  | 'reorder-frames'
  | 'delay-frames'
  | 'malformed-frames'
  | 'delay-pong'
  | 'no-pong'
  | 'no-heartbeat'
  | 'no-ack'
  | 'refuse-symbol'
  | 'exceeded-rate'
  | 'rest-since'
  | 'rest-no-last'
  | 'rest-zero-ids'
  | 'rest-no-ids'
  | 'rest-error'
  | 'rest-throttled'
  | 'rest-status'
  | 'rest-cut-off'
  | 'rest-hang-up'
  | 'rest-slow'
  | 'rest-lag'

/** What the venue's engine says of itself while no trade happens. */
export const HALTS = ['maintenance', 'cancel_only', 'post_only', 'limit_only'] as const
export type Halt = (typeof HALTS)[number]

/** What a fault may take beside its time and symbols; each kind takes some. Spans are microseconds of simulated time. */
export interface FaultParameters {
  /** Strikes only each so-manieth time. */
  readonly every: number
  /** By how much something is late. */
  readonly by: number
  /** WebSocket close code. */
  readonly code: number
  readonly reason: string
  /** HTTP status. */
  readonly status: number
  readonly system: Halt
  /** `open`: the connections open at its start; `all`: those opened later too. */
  readonly connections: 'open' | 'all'
  /** How `Exceeded msg rate` is told: as the documented odd object, or as a refusal like others. */
  readonly form: 'object' | 'refusal'
  readonly kinds: readonly MalformedKind[]
  /** Whether the good trade is left out that a malformed one is made of. */
  readonly replaces: boolean
  /** How many trades. */
  readonly trades: number
  /** Texts of an answer's `error` list. */
  readonly errors: readonly string[]
  /** What an answer with errors has as its result. */
  readonly result: 'null' | 'empty' | 'missing'
  /** REST endpoints that are struck; empty for all. */
  readonly endpoints: readonly string[]
  /** Where trades are never served. */
  readonly where: 'rest' | 'everywhere'
}

/** One entry of a fault file. Spans are texts like `200ms`, `10s`, `5m`. */
export interface FaultEntry extends Partial<Omit<FaultParameters, 'by'>> {
  /** `+30s` after the start, `-1h` before it, or a market time such as `2026-03-04T10:25:00Z`. */
  readonly at: string
  /** How long; a fault of one moment has none. */
  readonly for?: string
  readonly fault: FaultKind
  /** Only these; default all. */
  readonly symbols?: readonly string[]
  readonly by?: string
}

/** A fault with its times and defaults in place. */
export interface Fault extends FaultParameters {
  readonly kind: FaultKind
  /** In force for `from <= time < to`; a fault of one moment has `from = to`. */
  readonly from: EpochMicros
  readonly to: EpochMicros
  /** `undefined` strikes all. */
  readonly symbols: ReadonlySet<MarketSymbol> | undefined
}

/** Whether the fault concerns the symbol. What belongs to no symbol is struck by faults of any. */
export function concerns({ symbols }: Fault, symbol: MarketSymbol | undefined): boolean {
  return symbols === undefined || symbol === undefined || symbols.has(symbol)
}
