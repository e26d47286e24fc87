type Headers = Readonly<Record<string, string>>

/**
 * The distinct texts of a batch: a few keys and header sets are shared by many records.
 *
 * Encoded as u32 count, then each entry as u32 length and UTF-8. An entry is a key, or a header set as a JSON object.
 */
export class StringTable {
  readonly #indexes = new Map<string, number>()
  readonly #known = new Map<Headers, number>()

  indexOfKey(key: string): number {
    const index = this.#indexes.get(key) ?? this.#indexes.size
    this.#indexes.set(key, index)
    return index
  }

  indexOfHeaders(headers: Headers): number {
    // Codecs give one object to all records of a kind, which spares writing it out again.
    let index = this.#known.get(headers)
    if (index === undefined) {
      index = this.indexOfKey(JSON.stringify(headers))
      this.#known.set(headers, index)
    }
    return index
  }

  encode(): Buffer {
    const parts: Buffer[] = [u32(this.#indexes.size)]
    for (const text of this.#indexes.keys()) {
      const bytes = Buffer.from(text)
      parts.push(u32(bytes.length), bytes)
    }
    return Buffer.concat(parts)
  }
}

/** Reads the tables back, one after another. */
export class StringReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  readKeys(): readonly string[] {
    const count = this.#u32()
    const texts: string[] = []
    for (let index = 0; index < count; index += 1) {
      const length = this.#u32()
      texts.push(this.#bytes.toString('utf8', this.#at, this.#at + length))
      this.#at += length
    }
    return texts
  }

  readHeaders(): readonly Headers[] {
    return this.readKeys().map(parseHeaders)
  }

  #u32(): number {
    const value = this.#bytes.readUInt32LE(this.#at)
    this.#at += 4
    return value
  }
}

/** Equal header sets of all batches are one object, so a reader may recognise a set that it has checked before. */
const KNOWN_HEADERS = new Map<string, Headers>()
const MOST_KNOWN_HEADERS = 1000

function parseHeaders(text: string): Headers {
  let headers = KNOWN_HEADERS.get(text)
  if (headers === undefined) {
    headers = Object.freeze(JSON.parse(text) as Headers)
    if (KNOWN_HEADERS.size >= MOST_KNOWN_HEADERS) KNOWN_HEADERS.clear()
    KNOWN_HEADERS.set(text, headers)
  }
  return headers
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}
