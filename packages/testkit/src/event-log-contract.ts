import {
  appendRun,
  type Batch,
  type Consumer,
  type EventLog,
  type LogRecord,
  type Position,
  recordsOf,
  type StoredRecord,
} from '@c1/event-log'
import { C1Error, type EpochMicros } from '@c1/market'
import { expect, it } from 'vitest'

/** One place where records are kept, opened as often as wanted, as each process of a system would open it. */
export interface EventLogStore {
  open(): Promise<EventLog>
}

const TOPIC = 'trades.v1'

export interface EventLogTraits {
  /** Who may write a topic: one producer at a time, or several. */
  readonly writers: 'one' | 'several'
  /** To how many microseconds the time of a record is kept, cut off. */
  readonly timestampMicros: number
}

/**
 * Laws that every event log obeys, whatever its number of partitions. `create` gives a new, empty store for each, with the
 * topics `trades.v1` and `candles.v1` where topics are made beforehand; closing what it opened is the law's part, deleting it the
 * caller's.
 */
export function eventLogContract(
  create: () => Promise<EventLogStore>,
  traits: EventLogTraits = { writers: 'one', timestampMicros: 1 },
): void {
  const kept = (record: LogRecord): LogRecord => {
    const { timestamp } = record
    return { ...record, timestamp: (timestamp - (timestamp % traits.timestampMicros)) as EpochMicros }
  }
  const withLog = async (law: (log: EventLog, store: EventLogStore) => Promise<void>): Promise<void> => {
    const store = await create()
    const log = await store.open()
    try {
      await law(log, store)
    } finally {
      await log.close()
    }
  }

  it('gives records back with key, value, timestamp and headers as they were appended', () =>
    withLog(async (log) => {
      const records = [
        logRecord('BTC/USD', 'first', { headers: { 'c1-kind': 'trade', 'c1-note': 'ünïcode ✓' } }),
        logRecord('ETH/USD', '', { timestamp: 1_525_752_700_029_500 }),
        logRecord('BTC/USD', Uint8Array.of(0, 255, 10, 13, 128), { headers: {}, timestamp: 0 }),
      ]
      await append(log, records)
      const read = await readAll(log)
      expect(byKey(read.map(content))).toEqual(byKey(records.map(kept).map(content)))
    }))

  it('keeps the order of a key over any batches, with dense offsets in each partition', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      let count = 0
      for (const size of [1, 3, 1, 50, 2]) {
        await producer.append(Array.from({ length: size }, () => logRecord(count % 2 ? 'A/B' : 'C/D', `${count++}`)))
      }
      const read = await readAll(log)
      expect(read).toHaveLength(count)
      for (const records of byKey(read).values()) {
        const numbers = records.map(({ value }) => Number(text(value)))
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      }
      for (const records of Map.groupBy(read, ({ partition }) => partition).values()) {
        expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index))
      }
    }))

  it('has nothing to read in a topic that nobody wrote', () =>
    withLog(async (log) => {
      const { begin, end } = await log.bounds(TOPIC)
      expect(total(end)).toBe(total(begin))
      expect(await readAll(log)).toEqual([])
    }))

  it('appends nothing when given nothing', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      const before = await producer.append([logRecord('A/B', '1')])
      expect(await producer.append([])).toEqual(before)
      expect(await readAll(log)).toHaveLength(1)
    }))

  it('gives back a run as the records that it is made of, between those appended one by one', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      const run = {
        key: 'A/B',
        headers: { 'c1-kind': 'trade' },
        count: 3,
        timestamps: Float64Array.of(1_525_752_700_029_500, 0, 7),
        values: Buffer.from('onethree'),
        lengths: Uint32Array.of(3, 0, 5),
      }
      const records = [logRecord('A/B', 'before'), ...recordsOf(run), logRecord('A/B', 'after')]
      await producer.append(records.slice(0, 1))
      await appendRun(producer, run)
      const end = await producer.append(records.slice(-1))
      const read = await readAll(log)
      expect(read.map(content)).toEqual(records.map(kept).map(content))
      expect((await log.bounds(TOPIC)).end).toEqual(end)
    }))

  it('tells where the topic begins and ends', () =>
    withLog(async (log) => {
      const appended = await append(log, numbered(7))
      const { begin, end } = await log.bounds(TOPIC)
      expect(end).toEqual(appended)
      expect(total(end) - total(begin)).toBe(7)
    }))

  it('gives batches of at most maxBatch, never empty, each going on where the one before ended', () =>
    withLog(async (log) => {
      await append(log, numbered(25))
      const batches = await readBatches(await log.consumer(TOPIC, { from: 'earliest', until: 'end', maxBatch: 4 }))
      for (const { records } of batches) expect(records.length).toSatisfy((length) => length >= 1 && length <= 4)
      expect(batches.flatMap(({ records }) => records)).toHaveLength(25)
      expect(batches.at(-1)?.next).toEqual((await log.bounds(TOPIC)).end)
    }))

  it('gives at least the records of a key and a time where only those are wanted, in order, and positions as ever', () =>
    withLog(async (log) => {
      const minute = 60_000_000
      const records = Array.from({ length: 60 }, (_, at) => {
        return logRecord(at % 3 === 0 ? 'A/B' : 'C/D', `${at}`, { timestamp: ((at * 7) % 20) * minute })
      })
      await append(log, records)
      const only = { key: 'A/B', from: (3 * minute) as EpochMicros, to: (9 * minute) as EpochMicros }
      const isWanted = ({ key, timestamp }: LogRecord) =>
        key === only.key && timestamp >= only.from && timestamp < only.to
      const options = { from: 'earliest', until: 'end', only, maxBatch: 2 } as const
      const batches = await readBatches(await log.consumer(TOPIC, options))
      const wanted = batches.flatMap(({ records }) => records).filter(isWanted)
      expect(values(wanted)).toEqual(values(records.filter(isWanted)))
      expect(wanted.length).toBeGreaterThan(3)
      const [first] = batches as [Batch]
      const rest = await readBatches(await log.consumer(TOPIC, { ...options, from: first.next }))
      const expected = wanted.slice(first.records.filter(isWanted).length)
      expect(values(rest.flatMap(({ records }) => records).filter(isWanted))).toEqual(values(expected))
    }))

  it('reads on from the position after any batch without a gap or a repetition', () =>
    withLog(async (log) => {
      await append(log, numbered(25))
      const batches = await readBatches(await log.consumer(TOPIC, { from: 'earliest', until: 'end', maxBatch: 4 }))
      for (const [index, { next }] of batches.entries()) {
        const rest = await readAll(log, next)
        expect(values(rest)).toEqual(values(batches.slice(index + 1).flatMap(({ records }) => records)))
      }
    }))

  it('starts at latest with what is appended afterwards', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      await producer.append(numbered(3))
      const consumer = await log.consumer(TOPIC, { from: 'latest' })
      await producer.append([logRecord('A/B', 'later')])
      expect(values(await readCount(consumer, 1))).toEqual(['later'])
    }))

  it('stops at the end as it was when the consumer was opened', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      await producer.append(numbered(3))
      const consumer = await log.consumer(TOPIC, { from: 'earliest', until: 'end' })
      await producer.append(numbered(5))
      expect((await readBatches(consumer)).flatMap(({ records }) => records)).toHaveLength(3)
    }))

  it('stops at a given position, also when that is written later', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      const until = await producer.append(numbered(3))
      await producer.append(numbered(5))
      const stopped = await readBatches(await log.consumer(TOPIC, { from: 'earliest', until }))
      const records = stopped.flatMap(({ records }) => records)
      expect(records).toHaveLength(3)

      const { end } = await log.bounds(TOPIC)
      const partition = records[0]?.partition ?? 0
      const later = { ...end, [partition]: (end[partition] ?? 0) + 1 }
      const reading = readBatches(await log.consumer(TOPIC, { from: end, until: later }))
      await producer.append([logRecord('A/B', 'last'), logRecord('A/B', 'too many')])
      expect(values((await reading).flatMap(({ records }) => records))).toEqual(['last'])
    }))

  it('wakes a waiting consumer when a record is appended', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      const consumer = await log.consumer(TOPIC, { from: 'earliest' })
      const waiting = readCount(consumer, 1)
      await producer.append([logRecord('A/B', 'at last')])
      expect(values(await waiting)).toEqual(['at last'])
    }))

  it('reads a topic that is first written after the consumer was opened', () =>
    withLog(async (log) => {
      const consumer = await log.consumer(TOPIC, { from: 'earliest' })
      const waiting = readCount(consumer, 1)
      await append(log, [logRecord('A/B', 'first')])
      expect(values(await waiting)).toEqual(['first'])
    }))

  it('reaches a consumer in another instance', () =>
    withLog(async (log, store) => {
      const other = await store.open()
      const consumer = await other.consumer(TOPIC, { from: 'earliest' })
      const waiting = readCount(consumer, 2)
      const producer = await log.producer(TOPIC)
      await producer.append([logRecord('A/B', 'one')])
      await producer.append([logRecord('A/B', 'two')])
      expect(values(await waiting)).toEqual(['one', 'two'])
      await other.close()
    }))

  it('gives everything to each of several readers, whatever their pace', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      const consumers = await Promise.all(
        [1, 7, 1000].map((maxBatch) => log.consumer(TOPIC, { from: 'earliest', maxBatch })),
      )
      const reading = consumers.map((consumer) => readCount(consumer, 100))
      for (let count = 0; count < 10; count += 1) await producer.append(numbered(10))
      for (const records of await Promise.all(reading)) expect(values(records)).toHaveLength(100)
    }))

  it('resumes after what a group committed, and gives again what was read but not committed', () =>
    withLog(async (log, store) => {
      await append(log, numbered(10))
      const options = { from: 'committed', group: 'build-candles', maxBatch: 4 } as const
      const first = await log.consumer(TOPIC, options)
      const batches = first[Symbol.asyncIterator]()
      const committed = await nextBatch(batches)
      await first.commit(committed.next)
      await nextBatch(batches)
      await log.close()

      const reopened = await store.open()
      const rest = await readBatches(await reopened.consumer(TOPIC, { ...options, until: 'end' }))
      const all = await readAll(reopened)
      expect(values(rest.flatMap(({ records }) => records))).toEqual(values(all.slice(committed.records.length)))
      await reopened.close()
    }))

  it('starts a group that committed nothing at the oldest record, whatever other groups did', () =>
    withLog(async (log) => {
      const end = await append(log, numbered(3))
      const other = await log.consumer(TOPIC, { from: 'committed', group: 'other' })
      await other.commit(end)
      const consumer = await log.consumer(TOPIC, { from: 'committed', group: 'new', until: 'end' })
      expect((await readBatches(consumer)).flatMap(({ records }) => records)).toHaveLength(3)
    }))

  it('tells what a group committed, and an empty position before', () =>
    withLog(async (log, store) => {
      expect(await log.committed(TOPIC, 'build-candles')).toEqual({})
      const end = await append(log, numbered(3))
      const consumer = await log.consumer(TOPIC, { from: 'earliest', group: 'build-candles' })
      await consumer.commit(end)
      expect(await log.committed(TOPIC, 'build-candles')).toEqual(end)
      expect(await log.committed(TOPIC, 'other')).toEqual({})
      await log.close()
      const reopened = await store.open()
      expect(await reopened.committed(TOPIC, 'build-candles')).toEqual(end)
      await reopened.close()
    }))

  it('refuses to commit, or to start from a commit, without a group', () =>
    withLog(async (log) => {
      await expect(log.consumer(TOPIC, { from: 'committed' })).rejects.toMatchObject({ code: 'group_missing' })
      const consumer = await log.consumer(TOPIC, { from: 'earliest' })
      await expect(consumer.commit({ 0: 0 })).rejects.toMatchObject({ code: 'group_missing' })
    }))

  it('keeps everything when it is closed and opened again, and appends behind it', () =>
    withLog(async (log, store) => {
      await append(log, numbered(3))
      await log.close()
      const reopened = await store.open()
      await append(reopened, [logRecord('A/B', 'behind')])
      const read = await readAll(reopened)
      expect(read).toHaveLength(4)
      expect(
        byKey(read)
          .get('A/B')
          ?.map(({ value }) => text(value))
          .at(-1),
      ).toBe('behind')
      await reopened.close()
    }))

  if (traits.writers === 'one') {
    it('refuses a second writer of a topic until the first one closed', () =>
      withLog(async (log, store) => {
        const other = await store.open()
        const producer = await log.producer(TOPIC)
        await expect(other.producer(TOPIC)).rejects.toMatchObject({ code: 'topic_locked' })
        await expect(log.producer(TOPIC)).rejects.toThrow(C1Error)
        await expect(other.producer('candles.v1')).resolves.toBeDefined()
        await producer.close()
        await expect(other.producer(TOPIC)).resolves.toBeDefined()
        await other.close()
      }))
  } else {
    it('takes the records of several writers, each of them in its order', () =>
      withLog(async (log, store) => {
        const other = await store.open()
        const producers = [await log.producer(TOPIC), await other.producer(TOPIC)]
        await Promise.all(
          producers.map(async (producer, writer) => {
            for (let count = 0; count < 20; count += 1) await producer.append([logRecord('A/B', `${writer} ${count}`)])
          }),
        )
        const read = values(await readAll(log))
        expect(read).toHaveLength(40)
        for (const writer of ['0', '1']) {
          const own = read.filter((value) => value.startsWith(writer))
          expect(own).toEqual(own.map((_, count) => `${writer} ${count}`))
        }
        await other.close()
      }))
  }

  it('reads only the partitions that were asked for, each from where it was asked', () =>
    withLog(async (log) => {
      await append(
        log,
        [...'ABCDEFGHIJKLMNOP'].flatMap((base) => [logRecord(`${base}/X`, '1'), logRecord(`${base}/X`, '2')]),
      )
      const { begin, end } = await log.bounds(TOPIC)
      for (const partition of Object.keys(end).map(Number)) {
        const [first = 0, last = 0] = [begin[partition], end[partition]]
        const options = { from: { [partition]: first }, until: 'end', partitions: [partition] } as const
        const batches = await readBatches(await log.consumer(TOPIC, options))
        const read = batches.flatMap(({ records }) => records)
        expect(read).toHaveLength(last - first)
        expect(new Set(read.map(({ partition }) => partition)).size).toBe(last === first ? 0 : 1)
        if (last > first) expect(batches.at(-1)?.next).toEqual({ [partition]: last })
      }
    }))

  it('ends a waiting consumer when it is aborted, closed, or its log is closed', () =>
    withLog(async (log) => {
      const abort = new AbortController()
      const aborted = await log.consumer(TOPIC, { from: 'earliest', signal: abort.signal })
      const closed = await log.consumer(TOPIC, { from: 'earliest' })
      const left = await log.consumer(TOPIC, { from: 'earliest' })
      const reading = [aborted, closed, left].map(readBatches)
      abort.abort()
      await closed.close()
      await log.close()
      expect(await Promise.all(reading)).toEqual([[], [], []])
    }))

  it('gives nothing to a consumer whose signal was aborted before', () =>
    withLog(async (log) => {
      await append(log, numbered(3))
      const consumer = await log.consumer(TOPIC, { from: 'earliest', signal: AbortSignal.abort() })
      expect(await readBatches(consumer)).toEqual([])
    }))

  it('flushes what was appended', () =>
    withLog(async (log) => {
      const producer = await log.producer(TOPIC)
      await producer.append(numbered(3))
      await expect(producer.flush()).resolves.toBeUndefined()
    }))
}

/** A record for tests: `value` as UTF-8, an arbitrary time of 2025. */
export function logRecord(
  key: string,
  value: string | Uint8Array,
  {
    headers = { 'c1-kind': 'trade' },
    timestamp = 1_762_779_600_123_456,
  }: { headers?: Record<string, string>; timestamp?: number } = {},
): LogRecord {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return { key, value: bytes, timestamp: timestamp as EpochMicros, headers }
}

function numbered(count: number): LogRecord[] {
  return Array.from({ length: count }, (_, index) => logRecord('A/B', `${index}`))
}

async function append(log: EventLog, records: readonly LogRecord[]): Promise<Position> {
  const producer = await log.producer(TOPIC)
  const end = await producer.append(records)
  await producer.close()
  return end
}

async function readAll(log: EventLog, from: Position | 'earliest' = 'earliest'): Promise<StoredRecord[]> {
  const batches = await readBatches(await log.consumer(TOPIC, { from, until: 'end' }))
  return batches.flatMap(({ records }) => records)
}

async function readBatches(consumer: Consumer): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const batch of consumer) batches.push(batch)
  return batches
}

/** Reads until `count` records came, and closes the consumer. */
async function readCount(consumer: Consumer, count: number): Promise<StoredRecord[]> {
  const read: StoredRecord[] = []
  for await (const { records } of consumer) {
    read.push(...records)
    if (read.length >= count) break
  }
  return read
}

async function nextBatch(batches: AsyncIterator<Batch>): Promise<Batch> {
  const next = await batches.next()
  if (next.done === true) throw new Error('The consumer ended where a batch was expected.')
  return next.value
}

function content({ key, value, timestamp, headers }: LogRecord): object {
  return { key, value: [...value], timestamp, headers: { ...headers } }
}

function byKey<Item extends object>(records: readonly Item[]): Map<unknown, Item[]> {
  return Map.groupBy(records, (record) => (record as { key?: unknown }).key)
}

function values(records: readonly LogRecord[]): string[] {
  return records.map(({ value }) => text(value))
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}

function total(position: Position): number {
  return Object.values(position).reduce((sum, offset) => sum + offset, 0)
}
