import type { Connection, Writer } from '@platformatic/kafka'
import { ask } from './request.ts'

/**
 * Produce, version 7: plain enough to be read at a glance, and one that every broker since Kafka 2.1 and every Redpanda speaks.
 * C1 writes it itself instead of through the library's producer, which takes a new identity after a failed send: what it then sends again
 * may stand in the log twice.
 */
const KIND = { api: 0, version: 7, encode: encodeRequest, decode: decodeResponse }

const ALL_IN_STEP = -1

export interface ProduceRequest {
  readonly topic: string
  /** One record batch each, by partition. */
  readonly batches: ReadonlyMap<number, Buffer>
  /** How long the leader waits for its followers. */
  readonly timeoutMs: number
}

export interface ProducedPartition {
  readonly partition: number
  /** The broker's error code; 0 when the batch is in the log of all replicas in step. */
  readonly error: number
  /** Of the first record of the batch, also where the batch was there before; -1 where the broker does not say. */
  readonly offset: number
}

/** Resolves when the leader has answered for every partition. @throws the library's error */
export function produceBatches(
  connection: Connection,
  writer: () => Writer,
  request: ProduceRequest,
): Promise<readonly ProducedPartition[]> {
  return ask(connection, KIND, writer, request)
}

function encodeRequest(writer: Writer, { batches, timeoutMs, topic }: ProduceRequest): Writer {
  return writer
    .appendString(null, false) // no transaction
    .appendInt16(ALL_IN_STEP)
    .appendInt32(timeoutMs)
    .appendArray(
      [topic],
      (topics, name) =>
        topics.appendString(name, false).appendArray(
          [...batches],
          (partitions, [partition, batch]) => {
            partitions.appendInt32(partition).appendBytes(batch, false)
          },
          false,
          false,
        ),
      false,
      false,
    )
}

function decodeResponse(bytes: Buffer): readonly ProducedPartition[] {
  const produced: ProducedPartition[] = []
  let at = 0
  const int32 = (): number => {
    at += 4
    return bytes.readInt32BE(at - 4)
  }
  for (let topics = int32(); topics > 0; topics -= 1) {
    at += 2 + bytes.readInt16BE(at)
    for (let partitions = int32(); partitions > 0; partitions -= 1) {
      const partition = int32()
      const error = bytes.readInt16BE(at)
      produced.push({ partition, error, offset: Number(bytes.readBigInt64BE(at + 2)) })
      at += 2 + 3 * 8 // offset, time of the append, start of the log
    }
  }
  return produced
}
