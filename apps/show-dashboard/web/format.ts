import type { CompletenessStatus } from '../src/wire.ts'

/** Numbers and times as the page shows them. Times are UTC. */

const MINUS = '\u2212'

/** Digits in threes: `65123.40` is `65,123.40`. */
export function price(text: string): string {
  const [whole = '', fraction] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** At most six significant digits, for volumes. */
export function amount(text: string): string {
  return Number(text).toLocaleString('en', { maximumSignificantDigits: 6 })
}

export function count(value: number): string {
  return value.toLocaleString('en')
}

/** A log return in basis points, signed: 0.00012 is `+1.20`. */
export function basisPoints(logReturn: number, digits = 2): string {
  return signed(logReturn * 1e4, digits)
}

/** A share in per cent, signed. */
export function signedPercent(share: number, digits = 2): string {
  return `${signed(share * 100, digits)} %`
}

export function percent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits)
  if (Number(text) === 0) return text
  return `${value < 0 ? MINUS : '+'}${text}`
}

/** `14:05` of an ISO time. */
export function clock(iso: string): string {
  return iso.slice(11, 16)
}

/** `14:05:09` of an ISO time. */
export function clockSeconds(iso: string): string {
  return iso.slice(11, 19)
}

/** `2025-11-10 14:05` of an ISO time. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}`
}

/** Seconds in words: `0.4 s`, `42 s`, `5 min`, `3 h`, `2 days`. */
export function age(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86400)} days`
}

/**
 * `complete to trade 90,838,327 · no holes`, and, if any, how many stretches of trades the venue does not serve, that the feed is
 * lost, and how much of the history is there.
 */
export function completeness(status: CompletenessStatus): string {
  const { backfill, backfillSecondsLeft, completeToId, exceptions, holes, outage } = status
  const history = backfill < 1 ? [historyLeft(backfill, backfillSecondsLeft)] : []
  if (completeToId === null) return ['no trade ids yet', ...history].join(' \u00b7 ')
  const parts = [`complete to trade ${count(completeToId)}`, holes === 0 ? 'no holes' : several(holes, 'hole')]
  if (exceptions > 0) parts.push(several(exceptions, 'exception'))
  if (outage) parts.push('outage not yet repaired')
  return [...parts, ...history].join(' \u00b7 ')
}

function historyLeft(fraction: number, seconds: number | null): string {
  const left = seconds === null ? '' : `, ${age(seconds)} left`
  return `history ${Math.floor(fraction * 100)} %${left}`
}

function several(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`
}
