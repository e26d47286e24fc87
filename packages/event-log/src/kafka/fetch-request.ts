import type { Connection, Writer } from '@platformatic/kafka'
import { ask } from './request.ts'

/**
 * Fetch, version 11: the newest that names topics by name and is plain enough to be read without a copy, and one that
 * every broker since Kafka 2.3 and every Redpanda speaks. C1 reads the answer itself instead of through the library's stream: that
 * one decodes and copies each record, loses committed records of transactions, and ends with its leader.
 */
const KIND = { api: 1, version: 11, encode: encodeRequest, decode: decodeResponse }

/** Only committed records of transactions, and the list of the aborted ones. */
const READ_COMMITTED = 1
const NO_SESSION = -1

/** The broker's error where it has nothing at an offset: retention went past it, or the log ends before. */
export const OFFSET_OUT_OF_RANGE = 1

export interface FetchedPartition {
  readonly partition: number
  /** The broker's error code; 0 when it answered. */
  readonly error: number
  readonly aborted: readonly AbortedTransaction[]
  /** Whole record batches, and perhaps a part of one at the end. */
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

export interface FetchRequest {
  readonly topic: string
  /** Offset to read from, by partition. */
  readonly offsets: ReadonlyMap<number, number>
  /** Of one partition, and of all; the first record batch is given whatever its size. */
  readonly partitionBytes: number
  readonly maxBytes: number
  readonly minBytes: number
  readonly maxWaitMs: number
}

/** One round of reading. The answer comes as soon as there are `minBytes`, else after `maxWaitMs`. @throws the library's error */
export function fetchRecords(
  connection: Connection,
  writer: () => Writer,
  request: FetchRequest,
): Promise<readonly FetchedPartition[]> {
  return ask(connection, KIND, writer, request)
}

function encodeRequest(writer: Writer, request: FetchRequest): Writer {
  const { topic, offsets, maxBytes, maxWaitMs, minBytes, partitionBytes } = request
  return writer
    .appendInt32(-1) // a client, not a replica
    .appendInt32(maxWaitMs)
    .appendInt32(minBytes)
    .appendInt32(maxBytes)
    .appendInt8(READ_COMMITTED)
    .appendInt32(0)
    .appendInt32(NO_SESSION)
    .appendArray(
      [topic],
      (topics, name) =>
        topics.appendString(name, false).appendArray(
          [...offsets],
          (partitions, [partition, offset]) => {
            partitions
              .appendInt32(partition)
              .appendInt32(-1) // whatever the leader's epoch
              .appendInt64(BigInt(offset))
              .appendInt64(-1n)
              .appendInt32(partitionBytes)
          },
          false,
          false,
        ),
      false,
      false,
    )
    .appendInt32(0) // nothing to forget
    .appendString('', false)
}

function decodeResponse(bytes: Buffer): readonly FetchedPartition[] {
  const fetched: FetchedPartition[] = []
  let at = 4 + 2 + 4 // throttle time, error of the session, session
  const int32 = (): number => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  const int64 = (): bigint => {
    at += 8
    return bytes.readBigInt64BE(at - 8)
  }
  for (let topics = int32(); topics > 0; topics -= 1) {
    at += 2 + bytes.readInt16BE(at)
    for (let partitions = int32(); partitions > 0; partitions -= 1) {
      const partition = int32()
      const error = bytes.readInt16BE(at)
      at += 2 + 3 * 8 // high watermark, last stable offset, start of the log
      const aborted: AbortedTransaction[] = []
      for (let count = int32(); count > 0; count -= 1) {
        const producerId = int64()
        aborted.push({ producerId, firstOffset: Number(int64()) })
      }
      at += 4 // preferred replica
      const length = Math.max(int32(), 0)
      fetched.push({ partition, error, aborted, records: bytes.subarray(at, at + length) })
      at += length
    }
  }
  return fetched
}
