import {
  type DecimalText,
  type EpochMicros,
  InvariantError,
  MalformedError,
  type MarketSymbol,
  marketSymbol,
  parseSpan,
} from '@c1/market'
import type { StoredRecord } from '../event-log.ts'
import { TimeText } from './time-text.ts'

const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?$/
/** A value that a schema registry knows begins with it. */
export const AVRO_MAGIC = 0
const times = new TimeText()
const symbols = new Set<string>()

/** A time as rows hold it: ISO 8601 UTC, six decimals. */
export function timeText(time: EpochMicros): string {
  return times.format(time)
}

/** What `timeText` writes, read; `undefined` for any other text. */
export function timeOf(text: string): EpochMicros | undefined {
  return times.parse(text)
}

/** JSON text that `JSON.parse` turns into the same bits, the sign of a zero included. */
export function numberText(field: string, value: number): string {
  if (!Number.isFinite(value)) {
    throw new InvariantError(
      'number_not_finite',
      `${field} is ${value}, which no row can hold. Find out what computed it.`,
    )
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

/** JSON text of a text, and `null` where there is none. */
export function optionalText(text: string | undefined): string {
  return text === undefined ? 'null' : JSON.stringify(text)
}

/**
 * The row in a record's value, read field by field. Fields that are not asked for are ignored, so a later writer may add
 * some. Every reading throws MalformedError `record_malformed`, naming topic, offset, field and value.
 */
export class Row {
  readonly #schema: string
  readonly #record: StoredRecord
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(schema: string, record: StoredRecord) {
    this.#schema = schema
    this.#record = record
    this.#fields = this.#parse()
  }

  /** The record's key, which the row repeats. */
  symbol(): MarketSymbol {
    const value = this.#fields.symbol
    if (value !== this.#record.key || !isSymbol(value)) {
      throw this.malformed('symbol', value, `a symbol equal to the key ${JSON.stringify(this.#record.key)}`)
    }
    return value
  }

  text(field: string): string {
    const value = this.#fields[field]
    if (typeof value !== 'string') throw this.malformed(field, value, 'text')
    return value
  }

  time(field: string): EpochMicros {
    const value = this.#fields[field]
    const time = typeof value === 'string' ? times.parse(value) : undefined
    if (time === undefined) throw this.malformed(field, value, 'a time like 2025-11-10T13:00:00.123456Z')
    return time
  }

  decimal(field: string): DecimalText {
    const value = this.#fields[field]
    if (typeof value !== 'string' || !DECIMAL.test(value))
      throw this.malformed(field, value, 'decimal text like "0.00044780"')
    return value as DecimalText
  }

  /** A whole number that is not negative. */
  count(field: string): number {
    const value = this.#fields[field]
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      throw this.malformed(field, value, 'a whole number, 0 or more')
    return value as number
  }

  number(field: string): number {
    const value = this.#fields[field]
    if (typeof value !== 'number') throw this.malformed(field, value, 'a number')
    return value
  }

  boolean(field: string): boolean {
    const value = this.#fields[field]
    if (typeof value !== 'boolean') throw this.malformed(field, value, 'true or false')
    return value
  }

  oneOf<const Choice extends string>(field: string, choices: readonly Choice[]): Choice {
    const value = this.#fields[field]
    const choice = choices.find((choice) => choice === value)
    if (choice === undefined) throw this.malformed(field, value, `one of ${choices.join(', ')}`)
    return choice
  }

  /** Microseconds, from text like `1m`. */
  span(field: string): number {
    const text = this.text(field)
    try {
      return parseSpan(text)
    } catch {
      throw this.malformed(field, text, 'a span like 1m')
    }
  }

  /** False for `null`, which stands for an absent value. A field that is missing is malformed when it is read. */
  has(field: string): boolean {
    return this.#fields[field] !== null
  }

  /** False for a field that older records do not have, and for `null`. */
  isThere(field: string): boolean {
    return (this.#fields[field] ?? null) !== null
  }

  malformed(field: string, value: unknown, expected: string): MalformedError {
    const found = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 200)
    return malformedRecord(this.#schema, this.#record, `its field ${field} is ${found}, expected ${expected}`, {
      field,
      value,
    })
  }

  #parse(): Readonly<Record<string, unknown>> {
    const { value } = this.#record
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
    const fields = parseJson(text)
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields))
      return fields as Record<string, unknown>
    const found =
      value[0] === AVRO_MAGIC
        ? 'is Avro: set C1_SCHEMA_REGISTRY_URL to the registry of its writer'
        : `${JSON.stringify(text.slice(0, 200))} is no JSON object`
    throw malformedRecord(this.#schema, this.#record, `its value ${found}`, {})
  }
}

/** A record that is not what its schema promises. */
export function malformedRecord(
  schema: string,
  { offset, partition }: StoredRecord,
  reason: string,
  details: Readonly<Record<string, unknown>>,
  code: 'record_malformed' | 'schema_unknown' | 'source_foreign' = 'record_malformed',
): MalformedError {
  return new MalformedError(code, `Record ${offset} of ${schema} cannot be read: ${reason}.`, {
    details: { topic: schema, partition, offset, ...details },
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Checking the form once is enough: a venue lists some thousand symbols. */
export function isSymbol(text: string): text is MarketSymbol {
  if (symbols.has(text)) return true
  try {
    symbols.add(marketSymbol(text))
    return true
  } catch {
    return false
  }
}
