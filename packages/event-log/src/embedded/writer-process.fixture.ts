import { systemTime } from '@c1/market'
import { openEmbeddedLog } from './embedded-log.ts'
import { acquireLock, thisProcess } from './lock.ts'

/**
 * A process to be killed: `node writer-process.fixture.ts lock DIRECTORY`, or `... append DIRECTORY`, which appends batches
 * of 1 to 7 numbered records to `trades.v1` as fast as it can. Each line that it prints is a fact when it can be read: the
 * lock is held, or all records before that number were appended.
 */
const [task, directory = ''] = process.argv.slice(2)
if (task === 'lock') {
  acquireLock(directory, thisProcess(systemTime()))
  process.stdout.write('locked\n')
  setInterval(() => {}, 1000)
} else {
  await appendForEver()
}

async function appendForEver(): Promise<void> {
  const log = await openEmbeddedLog({ directory, segmentBytes: 20_000, onWarning: () => {} })
  const producer = await log.producer('trades.v1')
  let next = (await log.bounds('trades.v1')).end[0] ?? 0
  for (let batch = 0; ; batch += 1) {
    const records = Array.from({ length: 1 + (batch % 7) }, (_, index) => ({
      key: 'A/B',
      value: Buffer.from(`${next + index}`),
      timestamp: systemTime(),
      headers: {},
    }))
    await producer.append(records)
    next += records.length
    await new Promise<void>((resolve) => process.stdout.write(`${next}\n`, () => resolve()))
  }
}
