import type { FaultKind, FaultParameters } from './fault.ts'

/** What an entry of a kind may say. */
export interface FaultDefinition {
  /** Whether it has a `for`. */
  readonly lasts: 'moment' | 'span' | 'either'
  /** Whether it can be limited to symbols. */
  readonly symbols: boolean
  readonly parameters: readonly (keyof FaultParameters)[]
}

const span = (symbols: boolean, ...parameters: (keyof FaultParameters)[]): FaultDefinition => ({
  lasts: 'span',
  symbols,
  parameters,
})
const moment = (symbols: boolean, ...parameters: (keyof FaultParameters)[]): FaultDefinition => ({
  lasts: 'moment',
  symbols,
  parameters,
})

export const CATALOGUE: Readonly<Record<FaultKind, FaultDefinition>> = {
  drop: { lasts: 'either', symbols: false, parameters: [] },
  close: moment(false, 'code', 'reason'),
  silence: span(false, 'connections'),
  'refuse-connections': span(false, 'status'),
  status: span(false, 'system'),
  burst: moment(true, 'trades'),
  unserved: span(true, 'where'),
  'skip-trades': span(true, 'every'),
  'duplicate-frames': span(true, 'every'),
  'repeat-snapshot': moment(true),
  'reorder-frames': span(true),
  'delay-frames': span(true, 'by', 'every'),
  'malformed-frames': span(true, 'kinds', 'every', 'replaces'),
  'delay-pong': span(false, 'by'),
  'no-pong': span(false),
  'no-heartbeat': span(false),
  'no-ack': span(true),
  'refuse-symbol': span(true),
  'exceeded-rate': span(false, 'form'),
  'rest-since': span(true),
  'rest-no-last': span(true, 'every'),
  'rest-zero-ids': span(true, 'every'),
  'rest-no-ids': span(true, 'every'),
  'rest-error': span(true, 'errors', 'result', 'every', 'endpoints'),
  'rest-throttled': span(true, 'every', 'endpoints'),
  'rest-status': span(true, 'status', 'every', 'endpoints'),
  'rest-cut-off': span(true, 'every', 'endpoints'),
  'rest-hang-up': span(true, 'every', 'endpoints'),
  'rest-slow': span(true, 'by', 'every', 'endpoints'),
  'rest-lag': span(true, 'by'),
}

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(CATALOGUE) as FaultKind[]
