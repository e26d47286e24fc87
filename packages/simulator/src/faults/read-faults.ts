import { readFileSync } from 'node:fs'
import { type EpochMicros, type MarketSymbol, parseSpan, parseTime, UsageError } from '@c1/market'
import { CATALOGUE, FAULT_KINDS, type FaultDefinition } from './catalogue.ts'
import { type Fault, type FaultEntry, type FaultKind, type FaultParameters, HALTS } from './fault.ts'
import { MALFORMED_KINDS } from './malformed-frame.ts'

/** What entries are read against. */
export interface FaultContext {
  /** Simulated time at the start. */
  readonly start: EpochMicros
  readonly listed: readonly MarketSymbol[]
}

/**
 * Reads a fault file: JSON, a list of entries. `readFaults` looks at what they say.
 *
 * @throws UsageError `fault_file` when it cannot be read or is not a list in JSON
 */
export function readFaultFile(path: string): FaultEntry[] {
  let entries: unknown
  try {
    entries = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new UsageError('fault_file', `The fault file ${path} cannot be read (${(cause as Error).message}).`, {
      cause,
    })
  }
  if (!Array.isArray(entries)) {
    throw new UsageError('fault_file', `The fault file ${path} holds no list: write [{"at":"+30s","fault":"drop"}].`)
  }
  return entries as FaultEntry[]
}

/** @throws UsageError `fault_entry` for the first entry that is wrong: names its index from 0, its key and the remedy */
export function readFaults(entries: readonly FaultEntry[], context: FaultContext): Fault[] {
  return entries.map((entry, index) => readEntry(entry as unknown, index, context))
}

function readEntry(entry: unknown, index: number, context: FaultContext): Fault {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw wrong(index, 'entry', entry, 'write an object like {"at":"+30s","fault":"drop"}')
  const said = entry as Readonly<Record<string, unknown>>
  const kind = said.fault as FaultKind
  if (!FAULT_KINDS.includes(kind)) throw wrong(index, 'fault', said.fault, `choose from ${FAULT_KINDS.join(', ')}`)
  const definition = CATALOGUE[kind]
  checkKeys(said, index, kind, definition)
  const from = readAt(said.at, index, context)
  return {
    ...DEFAULTS,
    ...(kind === 'rest-status' && { status: 520 }),
    ...readParameters(said, index, definition),
    kind,
    from,
    to: (from + readFor(said.for, index, definition)) as EpochMicros,
    symbols: readSymbols(said.symbols, index, context),
  }
}

const DEFAULTS: FaultParameters = {
  every: 1,
  by: 2_000_000,
  code: 1001,
  reason: 'CloudFlare WebSocket proxy restarting',
  status: 429,
  system: 'maintenance',
  connections: 'open',
  form: 'object',
  kinds: MALFORMED_KINDS,
  replaces: false,
  trades: 1200,
  errors: ['EAPI:Rate limit exceeded'],
  result: 'null',
  endpoints: [],
  where: 'rest',
}

function checkKeys(
  said: Readonly<Record<string, unknown>>,
  index: number,
  kind: FaultKind,
  { lasts, parameters, symbols }: FaultDefinition,
): void {
  const known = ['at', 'fault', ...(lasts === 'moment' ? [] : ['for']), ...(symbols ? ['symbols'] : []), ...parameters]
  for (const [key, value] of Object.entries(said))
    if (!known.includes(key)) throw wrong(index, key, value, `"${kind}" takes ${known.join(', ')}`)
}

function readAt(text: unknown, index: number, { start }: FaultContext): EpochMicros {
  const [, sign, span = ''] = typeof text === 'string' ? (/^([+-])(.*)$/.exec(text) ?? []) : []
  try {
    if (sign === undefined) return parseTime(String(text))
    return (start + (sign === '+' ? 1 : -1) * readSpan(span)) as EpochMicros
  } catch {
    throw wrong(index, 'at', text, 'write +30s after the start, -1h before it, or a time like 2026-03-04T10:25:00Z')
  }
}

function readFor(text: unknown, index: number, { lasts }: FaultDefinition): number {
  if (text === undefined && lasts !== 'span') return 0
  return positiveSpan(text, index, 'for')
}

function positiveSpan(text: unknown, index: number, key: string): number {
  try {
    const span = readSpan(String(text))
    if (span > 0) return span
  } catch {}
  throw wrong(index, key, text, 'write a span like 200ms, 10s or 5m')
}

/** As `parseSpan`, and `200ms`. */
function readSpan(text: string): number {
  const millis = /^(\d{1,12})ms$/.exec(text)?.[1]
  return millis === undefined ? parseSpan(text) : Number(millis) * 1000
}

function readSymbols(value: unknown, index: number, { listed }: FaultContext): Fault['symbols'] {
  if (value === undefined) return undefined
  if (!isList(value) || value.some((symbol) => !listed.includes(symbol as MarketSymbol)))
    throw wrong(index, 'symbols', value, `give a list of one or more of ${listed.join(', ')}`)
  return new Set(value as MarketSymbol[])
}

function readParameters(
  said: Readonly<Record<string, unknown>>,
  index: number,
  { parameters }: FaultDefinition,
): Partial<FaultParameters> {
  const given = parameters.filter((name) => said[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, readParameter(name, said[name], index)]))
}

function readParameter(name: keyof FaultParameters, value: unknown, index: number): unknown {
  if (name === 'by') return positiveSpan(value, index, name)
  const { accepts, remedy } = ACCEPTED[name]
  if (!accepts(value)) throw wrong(index, name, value, remedy)
  return value
}

interface Accepted {
  readonly accepts: (value: unknown) => boolean
  readonly remedy: string
}

/** Close codes that a server may send: 1004 to 1006 are never on the wire, nor are 1015 and those not yet given out. */
const isCloseCode = (value: unknown): boolean =>
  isWhole(value, 1000, 1014) ? ![1004, 1005, 1006].includes(value as number) : isWhole(value, 3000, 4999)

const ENDPOINTS = ['Time', 'SystemStatus', 'AssetPairs', 'Trades', 'OHLC']

const ACCEPTED: Readonly<Record<Exclude<keyof FaultParameters, 'by'>, Accepted>> = {
  every: { accepts: (value) => isWhole(value, 1), remedy: 'give a whole number from 1' },
  code: {
    accepts: isCloseCode,
    remedy: 'give a close code like 1001 or 1013; for 1006, a close without frame, use drop',
  },
  reason: {
    accepts: (value) => typeof value === 'string' && Buffer.byteLength(value) <= 123,
    remedy: 'give a text of up to 123 bytes',
  },
  status: { accepts: (value) => isWhole(value, 200, 599), remedy: 'give an HTTP status like 429 or 520' },
  system: oneOf(HALTS),
  connections: oneOf(['open', 'all']),
  form: oneOf(['object', 'refusal']),
  kinds: someOf(MALFORMED_KINDS),
  replaces: { accepts: (value) => typeof value === 'boolean', remedy: 'give true or false' },
  trades: { accepts: (value) => isWhole(value, 2, 100_000), remedy: 'give a whole number from 2 to 100000' },
  errors: {
    accepts: (value) => isList(value) && value.every((text) => typeof text === 'string'),
    remedy: 'give a list of texts like EService:Unavailable',
  },
  result: oneOf(['null', 'empty', 'missing']),
  endpoints: someOf(ENDPOINTS),
  where: oneOf(['rest', 'everywhere']),
}

function oneOf(values: readonly string[]): Accepted {
  return { accepts: (value) => values.includes(value as string), remedy: `choose from ${values.join(', ')}` }
}

function someOf(values: readonly string[]): Accepted {
  return {
    accepts: (value) => isList(value) && value.every((item) => values.includes(item as string)),
    remedy: `give a list of one or more of ${values.join(', ')}`,
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0
}

function isWhole(value: unknown, least: number, most: number = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
}

function wrong(index: number, key: string, value: unknown, remedy: string): UsageError {
  const shown = value === undefined ? 'absent' : JSON.stringify(value)
  return new UsageError('fault_entry', `Fault ${index}: ${key} was ${shown}: ${remedy}.`, {
    details: { index, key, value },
  })
}
