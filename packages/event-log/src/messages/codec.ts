import type { EpochMicros } from '@c1/market'
import type { LogRecord, StoredRecord } from '../event-log.ts'
import { malformedRecord } from './row.ts'

/** Between what a topic holds and what it means. */
export interface Codec<Message> {
  /** The same message gives the same bytes. */
  encode(message: Message): LogRecord
  /**
   * Checks every field; ignores unknown ones.
   *
   * @throws MalformedError `record_malformed`, `schema_unknown`, `source_foreign`, naming topic and offset
   */
  decode(record: StoredRecord): Message
}

export type Headers = Readonly<Record<string, string>>

/** The headers of a topic's records: what kind, by which schema, from which market source. */
export class Envelope<Kind extends string> {
  readonly #schema: string
  readonly #source: string
  readonly #kinds: readonly Kind[]
  readonly #headers = new Map<string, Headers>()
  #checked: Headers | undefined
  #checkedKind: Kind

  constructor(schema: string, source: string, kinds: readonly [Kind, ...Kind[]]) {
    this.#schema = schema
    this.#source = source
    this.#kinds = kinds
    this.#checkedKind = kinds[0]
  }

  /** Equal header sets are one object: the log writes it once a batch. */
  wrap(
    kind: Kind,
    key: string,
    timestamp: EpochMicros,
    json: string,
    own?: readonly [name: string, value: string],
  ): LogRecord {
    return { key, value: Buffer.from(json), timestamp, headers: this.headersOf(kind, own) }
  }

  /** The headers that `wrap` gives. */
  headersOf(kind: Kind, own: readonly [name: string, value: string] | undefined): Headers {
    const name = own === undefined ? kind : `${kind} ${own[1]}`
    let headers = this.#headers.get(name)
    if (headers === undefined) {
      const always = { 'c1-kind': kind, 'c1-schema': this.#schema, 'c1-source': this.#source }
      headers = Object.freeze(own === undefined ? always : { ...always, [own[0]]: own[1] })
      this.#headers.set(name, headers)
    }
    return headers
  }

  /** What kind of record it is. @throws MalformedError */
  kindOf(record: StoredRecord): Kind {
    if (record.headers !== this.#checked) {
      this.#checkedKind = this.#check(record)
      this.#checked = record.headers
    }
    return this.#checkedKind
  }

  #check(record: StoredRecord): Kind {
    const { 'c1-kind': kind, 'c1-schema': schema, 'c1-source': source } = record.headers
    if (schema !== this.#schema) {
      throw this.#foreign(record, 'c1-schema', `${this.#schema}; a newer C1 may read it`, 'schema_unknown')
    }
    if (source !== this.#source) {
      throw this.#foreign(record, 'c1-source', `${this.#source}; sources never mix`, 'source_foreign')
    }
    const known = this.#kinds.find((known) => known === kind)
    if (known === undefined) throw this.#foreign(record, 'c1-kind', this.#kinds.join(' or '), 'record_malformed')
    return known
  }

  #foreign(record: StoredRecord, field: string, expected: string, code: Parameters<typeof malformedRecord>[4]): Error {
    const value = record.headers[field]
    const found = value === undefined ? 'missing' : JSON.stringify(value)
    const reason = `its header ${field} is ${found}, expected ${expected}`
    return malformedRecord(this.#schema, record, reason, { field, value }, code)
  }
}
