import { openKafkaLog } from '@c1/event-log'

/**
 * A process with a place in a group, which tells its partitions, a line each time, and gives the place back on SIGTERM. It ends when
 * nothing is left that keeps it alive.
 */
const [broker = '', prefix = '', group = ''] = process.argv.slice(2)
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const log = await openKafkaLog({ connection: { brokers: [broker] }, prefix, onWarning: () => {} })
await log.share('trades.v1', {
  group,
  signal: stop.signal,
  work: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  onChange: (partitions) => console.log(JSON.stringify(partitions)),
})
await log.close()
