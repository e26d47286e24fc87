import { MalformedError } from './errors.ts'

/** Microseconds since the Unix epoch, UTC. An exact integer `number` until the year 2255. */
export type EpochMicros = number & { readonly __unit: 'epoch-us' }

export const MICROS_PER_SECOND = 1_000_000
export const MICROS_PER_MINUTE: number = 60 * MICROS_PER_SECOND
export const MICROS_PER_HOUR: number = 60 * MICROS_PER_MINUTE
export const MICROS_PER_DAY: number = 24 * MICROS_PER_HOUR

/** Checks that a number can be a time: a safe integer. @throws MalformedError `time_malformed` */
export function epochMicros(value: number): EpochMicros {
  if (!Number.isSafeInteger(value)) throw malformed(String(value), 'microseconds since 1970, a whole number')
  return value as EpochMicros
}

let clockOrigin = performance.timeOrigin

/** The moment of the host's clock. Only a role's edge calls this; everything inside takes a time as an argument. */
export function systemTime(): EpochMicros {
  const elapsed = performance.now()
  const wall = Date.now()
  // `elapsed` has microseconds, but stands still while a laptop sleeps and does not notice when its clock is set.
  if (Math.abs(clockOrigin + elapsed - wall) > 100) clockOrigin = wall - elapsed
  return Math.floor((clockOrigin + elapsed) * 1000) as EpochMicros
}

/** ISO 8601 UTC with six decimals: `2025-11-10T13:00:00.123456Z`. */
export function formatTime(time: EpochMicros): string {
  const millis = Math.floor(time / 1000)
  const micros = time - millis * 1000
  const text = new Date(millis).toISOString()
  return `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})(?:[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:[.,](\d+))?([Zz]|[+-]\d{2}:\d{2})?)?$/

/**
 * Reads RFC 3339 / ISO 8601 with any number of fractional digits; digits beyond microseconds are cut, not rounded.
 * A time without an offset, and a bare date, are UTC.
 *
 * @throws MalformedError `time_malformed`
 */
export function parseTime(text: string): EpochMicros {
  const match = RFC_3339.exec(text)
  if (match === null) throw malformed(text, 'like 2025-11-10T13:00:00.123456Z')
  const [, date = '', clock = '00:00:00', fraction = '', offset = 'Z'] = match
  const millis = Date.parse(`${date}T${clock}${offset.toUpperCase()}`)
  if (Number.isNaN(millis) || !isCalendarDate(date)) throw malformed(text, 'a date that exists')
  const time = millis * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
  if (!Number.isSafeInteger(time)) throw malformed(text, 'a date from 1685 to 2254')
  return time as EpochMicros
}

/** `Date.parse` takes 31 February as 3 March; a market never trades on it. */
function isCalendarDate(date: string): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)
}

/**
 * Reads decimal seconds since the epoch (`1525752700.0295`) without passing through a float; digits beyond
 * microseconds are cut, not rounded.
 *
 * @throws MalformedError `time_malformed`
 */
export function parseSeconds(text: string): EpochMicros {
  const match = /^(\d{1,12})(?:\.(\d*))?$/.exec(text)
  if (match === null) throw malformed(text, 'seconds since 1970, like 1525752700.0295')
  const [, seconds = '', fraction = ''] = match
  return epochMicros(Number(seconds) * MICROS_PER_SECOND + Number(fraction.slice(0, 6).padEnd(6, '0')))
}

const SPAN = /^(\d+)(w|d|h|m|s)$/

const SECONDS = ['s', MICROS_PER_SECOND] as const

/** Longest first. */
const SPAN_UNITS = [
  ['w', 7 * MICROS_PER_DAY],
  ['d', MICROS_PER_DAY],
  ['h', MICROS_PER_HOUR],
  ['m', MICROS_PER_MINUTE],
  SECONDS,
] as const

/** Reads a span such as `90s`, `5m`, `24h`, `7d` into microseconds. @throws MalformedError `span_malformed` */
export function parseSpan(text: string): number {
  const [, count = '', wanted = ''] = SPAN.exec(text) ?? []
  const length = SPAN_UNITS.find(([unit]) => unit === wanted)?.[1] ?? Number.NaN
  const micros = Number(count) * length
  if (!Number.isSafeInteger(micros)) {
    throw new MalformedError('span_malformed', `"${text}" is not a span of time: write it like 90s, 5m, 24h or 7d.`, {
      details: { text },
    })
  }
  return micros
}

/** Writes whole seconds in the longest unit that divides them: `90s`, `5m`; 24 hours are `1d`, nothing is `0s`. */
export function formatSpan(micros: number): string {
  const [unit, length] = SPAN_UNITS.find(([, length]) => micros !== 0 && micros % length === 0) ?? SECONDS
  return `${micros / length}${unit}`
}

function malformed(text: string, expected: string): MalformedError {
  return new MalformedError('time_malformed', `"${text}" is not a time: expected ${expected}.`, { details: { text } })
}
