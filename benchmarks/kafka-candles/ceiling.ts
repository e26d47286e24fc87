/** A consumer that does nothing with the trades, or only parses them. In: broker, topic, count, `parse` or `bare`. */
import { Consumer } from '@platformatic/kafka'

const [broker = '', topic = '', count = '', work = ''] = process.argv.slice(2)
const consumer = new Consumer({
  clientId: 'ceiling',
  groupId: `ceiling-${process.pid}`,
  bootstrapBrokers: [broker],
  strict: true,
})
const MEBIBYTE = 1024 * 1024
const stream = await consumer.consume({
  topics: [topic],
  mode: 'earliest',
  autocommit: false,
  maxBytes: MEBIBYTE,
  maxBytesPerPartition: MEBIBYTE,
})
let seen = 0
let started = 0
let cpu = process.cpuUsage()
stream.on('data', ({ value }: { value: Buffer }) => {
  if (seen === 0) {
    started = performance.now()
    cpu = process.cpuUsage()
  }
  if (work === 'parse') JSON.parse(value.toString())
  seen += 1
  if (seen < Number(count)) return
  const { system, user } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, cpuSeconds: (system + user) / 1e6 }))
  process.exit()
})
