import type { EpochMicros } from '@c1/market'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { LogRecord, Position, Producer } from '../event-log.ts'
import { GatheringProducer } from './gathering-producer.ts'

/** Notes the keys of each append, and fails while it is told to. */
class NotingProducer implements Producer {
  readonly appends: string[] = []
  isClosed = false
  failure: Error | undefined
  #end = 0

  async append(records: readonly LogRecord[]): Promise<Position> {
    if (this.failure !== undefined) throw this.failure
    this.appends.push(records.map(({ key }) => key).join(''))
    this.#end += records.length
    return { 0: this.#end }
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.isClosed = true
  }
}

const records = (keys: string): LogRecord[] =>
  [...keys].map((key) => ({ key, value: new Uint8Array(), timestamp: 0 as EpochMicros, headers: {} }))

let inner: NotingProducer
let producer: GatheringProducer

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  inner = new NotingProducer()
  producer = new GatheringProducer(inner, 5)
})
afterEach(() => {
  vi.useRealTimers()
})

it('appends the first at once, and what comes soon after it together, in order', async () => {
  const first = producer.append(records('a'))
  expect(inner.appends).toEqual(['a'])
  const [second, third] = [producer.append(records('bc')), producer.append(records('d'))]
  await vi.advanceTimersByTimeAsync(4)
  expect(inner.appends).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(1)
  expect(inner.appends).toEqual(['a', 'bcd'])
  expect(await Promise.all([first, second, third])).toEqual([{ 0: 1 }, { 0: 4 }, { 0: 4 }])
})

it('appends at once what comes after a silence', async () => {
  await producer.append(records('a'))
  await vi.advanceTimersByTimeAsync(5)
  void producer.append(records('b'))
  expect(inner.appends).toEqual(['a', 'b'])
})

it('keeps nothing back when it is flushed or closed', async () => {
  void producer.append(records('a'))
  void producer.append(records('b'))
  await producer.flush()
  expect(inner.appends).toEqual(['a', 'b'])
  void producer.append(records('c'))
  await producer.close()
  expect(inner.appends).toEqual(['a', 'b', 'c'])
  expect(inner.isClosed).toBe(true)
})

it('fails all that was appended together, and goes on', async () => {
  await producer.append(records('a'))
  inner.failure = new Error('full')
  const [second, third] = [producer.append(records('b')), producer.append(records('c'))]
  const outcome = Promise.allSettled([second, third])
  await vi.advanceTimersByTimeAsync(5)
  expect((await outcome).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  inner.failure = undefined
  await vi.advanceTimersByTimeAsync(5)
  expect(await producer.append(records('d'))).toEqual({ 0: 2 })
})
