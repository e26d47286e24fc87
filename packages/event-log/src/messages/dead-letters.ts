import type { EpochMicros } from '@c1/market'
import type { LogRecord, StoredRecord } from '../event-log.ts'
import { type DeadLetter, TOPICS } from '../topics.ts'
import { Envelope } from './codec.ts'
import { Row } from './row.ts'

const SCHEMA = TOPICS.deadLetters
const MOST_RAW_BYTES = 64 * 1024
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export interface DeadLettersCodec {
  /** What could not be read has no event time of its own, so it stands at `receivedTime`. `raw` is cut to 64 KiB. */
  encode(letter: DeadLetter, receivedTime: EpochMicros): LogRecord
  /** @throws MalformedError as `Codec.decode` */
  decode(record: StoredRecord): DeadLetter
}

/** `dead-letters.v1`, keyed by origin. */
export function deadLettersCodec(source: string): DeadLettersCodec {
  const envelope = new Envelope(SCHEMA, source, ['dead-letter'])
  return {
    encode: (letter, receivedTime) => envelope.wrap('dead-letter', letter.origin, receivedTime, letterJson(letter)),
    decode: (record) => {
      envelope.kindOf(record)
      const row = new Row(SCHEMA, record)
      return { origin: row.text('origin'), code: row.text('code'), reason: row.text('reason'), raw: readRaw(row) }
    },
  }
}

function letterJson({ origin, code, reason, raw }: DeadLetter): string {
  const kept = raw.subarray(0, MOST_RAW_BYTES)
  const base64 = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('base64')
  return JSON.stringify({ origin, code, reason, raw: base64 })
}

function readRaw(row: Row): Uint8Array {
  const text = row.text('raw')
  if (!BASE64.test(text)) throw row.malformed('raw', text, 'base64')
  return Uint8Array.from(Buffer.from(text, 'base64'))
}
