/** A record as a batch holds it. */
export interface EncodableRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** As `encodeHeaders` makes them: records of one writer share theirs. */
  readonly headers: Uint8Array
  /** Milliseconds since 1970. */
  readonly timestampMs: number
}

/** By which a broker recognises a batch that comes again. */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Records of this producer in this partition before the batch, modulo 2^31. */
  readonly sequence: number
}

export interface BatchCodec {
  readonly compress: (bytes: Buffer) => Buffer
  /** As the broker numbers it: in the lowest three bits of a batch's attributes. */
  readonly compression: number
  /** CRC-32C, unsigned. */
  readonly checksum: (bytes: Buffer) => number
}

const HEADER_BYTES = 61
/** The length field counts what follows it, the checksum what follows that. */
const BEFORE_LENGTH = 12
const CHECKSUM_AT = 17
const CHECKED_FROM = 21
const FORMAT = 2

/**
 * A record batch in Kafka's format 2, compressed. Times may lie any distance apart: the library, whose own encoder is not used here,
 * corrupts a time 2^31 ms or more from the first.
 */
export function encodeBatch(records: readonly EncodableRecord[], identity: BatchIdentity, codec: BatchCodec): Buffer {
  const first = (records[0] as EncodableRecord).timestampMs
  const packed = codec.compress(encodeRecords(records, first))
  const batch = Buffer.allocUnsafe(HEADER_BYTES + packed.length)
  batch.writeBigInt64BE(0n, 0) // the broker gives offsets
  batch.writeInt32BE(batch.length - BEFORE_LENGTH, 8)
  batch.writeInt32BE(-1, 12) // and knows the epoch of the leader
  batch.writeInt8(FORMAT, 16)
  batch.writeInt16BE(codec.compression, 21)
  batch.writeInt32BE(records.length - 1, 23)
  batch.writeBigInt64BE(BigInt(first), 27)
  batch.writeBigInt64BE(BigInt(records.reduce((newest, { timestampMs }) => Math.max(newest, timestampMs), first)), 35)
  batch.writeBigInt64BE(identity.producerId, 43)
  batch.writeInt16BE(identity.producerEpoch, 51)
  batch.writeInt32BE(identity.sequence, 53)
  batch.writeInt32BE(records.length, 57)
  batch.set(packed, HEADER_BYTES)
  batch.writeUInt32BE(codec.checksum(batch.subarray(CHECKED_FROM)), CHECKSUM_AT)
  return batch
}

/** The section of a record that holds its headers. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Uint8Array {
  const texts = Object.entries(headers).flat()
  const buffers = texts.map((text) => Buffer.from(text))
  const section = new Section(buffers.reduce((bytes, { length }) => bytes + length + MOST_VARINT, MOST_VARINT))
  section.varint(texts.length / 2)
  for (const buffer of buffers) section.sized(buffer)
  return section.written()
}

function encodeRecords(records: readonly EncodableRecord[], first: number): Buffer {
  const most = records.reduce((bytes, record) => bytes + MOST_OF_RECORD + variableBytes(record), 0)
  const section = new Section(most)
  for (const [at, record] of records.entries()) {
    const { headers, key, timestampMs, value } = record
    const delta = timestampMs - first
    const sizes = varlongBytes(delta) + varintBytes(at) + varintBytes(key.length) + varintBytes(value.length)
    section.varint(1 + sizes + variableBytes(record))
    section.byte(0) // attributes: none are defined
    section.varlong(delta)
    section.varint(at)
    section.sized(key)
    section.sized(value)
    section.raw(headers)
  }
  return section.written()
}

const MOST_VARINT = 5
/** Four numbers, a time and a byte. */
const MOST_OF_RECORD = 4 * MOST_VARINT + 10 + 1

function variableBytes({ headers, key, value }: EncodableRecord): number {
  return key.length + value.length + headers.length
}

/** Bytes of a number from 0 to 2^30 as zigzag varint. */
function varintBytes(value: number): number {
  return value < 2 ** 6 ? 1 : value < 2 ** 13 ? 2 : value < 2 ** 20 ? 3 : value < 2 ** 27 ? 4 : 5
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

/** Exact to 2^52 on either side of 0. */
function varlongBytes(value: number): number {
  let bytes = 1
  for (let rest = zigzag(value); rest >= 128; rest = Math.floor(rest / 128)) bytes += 1
  return bytes
}

/** Bytes that are written one after the other. */
class Section {
  readonly #bytes: Buffer
  #at = 0

  constructor(most: number) {
    this.#bytes = Buffer.allocUnsafe(most)
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value
  }

  /** From 0 to 2^30. */
  varint(value: number): void {
    let rest = value * 2
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
  }

  /** Exact to 2^52 on either side of 0. */
  varlong(value: number): void {
    let rest = zigzag(value)
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  sized(bytes: Uint8Array): void {
    this.varint(bytes.length)
    this.raw(bytes)
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }
}
