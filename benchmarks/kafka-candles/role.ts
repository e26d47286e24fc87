/**
 * The role build-candles in a process of its own, forked by the benchmark. It joins its group and waits for `go`, so that
 * partitions are shared out before the time is taken; it ends on `stop`. In: broker, prefix.
 */
import { once } from 'node:events'
import { buildCandles } from '@c1/build-candles'
import { type Batch, type EventLog, openKafkaLog, type Producer, TOPICS } from '@c1/event-log'
import { createLogger, Metrics, TopicCheckpoints } from '@c1/service'

export interface Told {
  /** It has partitions. */
  readonly joined: boolean
  /** Trades read so far. */
  readonly read: number
  /** Milliseconds since 1970: first trades seen, last candles on the broker. */
  readonly started: number
  readonly ended: number
  readonly cpuSeconds: number
}

const TELL_EVERY_MS = 50
const [broker = '', prefix = ''] = process.argv.slice(2)
const logger = createLogger('warn')
const log = await openKafkaLog({
  connection: { brokers: [broker] },
  prefix,
  onWarning: (message) => logger.warn(message),
})
const stop = new AbortController()
let joined = false
let read = 0
let started = 0
let ended = 0
let cpu = process.cpuUsage()
let spent = { user: 0, system: 0 }
const go = new Promise<void>((resolve) => {
  process.on('message', (message) => (message === 'go' ? resolve() : stop.abort()))
})
process.on('disconnect', () => stop.abort())

async function* timed(batches: AsyncIterable<Batch>, signal: AbortSignal): AsyncGenerator<Batch> {
  joined = true
  await Promise.race([go, signal.aborted || once(signal, 'abort')])
  for await (const batch of batches) {
    if (started === 0) {
      started = Date.now()
      cpu = process.cpuUsage()
    }
    read += batch.records.length
    yield batch
  }
}

async function consumer(...[topic, options]: Parameters<EventLog['consumer']>): ReturnType<EventLog['consumer']> {
  const opened = await log.consumer(topic, options)
  if (topic !== TOPICS.trades) return opened
  return {
    [Symbol.asyncIterator]: () => timed(opened, options.signal ?? stop.signal),
    commit: (position) => opened.commit(position),
    close: () => opened.close(),
  }
}

async function producer(topic: string): Promise<Producer> {
  const opened = await log.producer(topic)
  return {
    append: async (records) => {
      const position = await opened.append(records)
      ended = Date.now()
      spent = process.cpuUsage(cpu)
      return position
    },
    flush: () => opened.flush(),
    close: () => opened.close(),
  }
}

const watched: EventLog = {
  isShared: log.isShared,
  share: (topic, options) => log.share(topic, options),
  bounds: (topic) => log.bounds(topic),
  committed: (topic, group) => log.committed(topic, group),
  close: () => log.close(),
  consumer,
  producer,
}
const checkpoints = new TopicCheckpoints(log)
const role = { log: watched, checkpoints, source: 'kraken', logger, metrics: new Metrics() }
const telling = setInterval(() => process.send?.(told()), TELL_EVERY_MS)
await buildCandles(role, stop.signal)
clearInterval(telling)
await log.close()
if (process.connected) process.disconnect()

function told(): Told {
  return { joined, read, started, ended, cpuSeconds: (spent.user + spent.system) / 1e6 }
}
