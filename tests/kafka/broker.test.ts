import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Broker, startBroker, stopBroker } from '../../tools/broker/broker.ts'
import { kafkaTool } from '../../tools/broker/kafka-tool.ts'

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the broker that tests share', () => {
  it('answers, and makes no topic by itself', async () => {
    const at = ['--bootstrap-server', inject('kafkaBroker')]
    await kafkaTool('topics', [...at, '--create', '--topic', 'broker-test', '--partitions', '3'])
    expect(await kafkaTool('topics', [...at, '--list'])).toContain('broker-test')
    await expect(kafkaTool('topics', [...at, '--describe', '--topic', 'never-made'])).rejects.toThrow('does not exist')
  })
})

describe('three brokers of our own', () => {
  let folder = ''
  let broker: Broker
  const start = () => startBroker({ folder, brokers: 3, heap: '256m' })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'c1-three-'))
    broker = await start()
  })

  afterAll(async () => {
    await stopBroker(folder)
    await rm(folder, { recursive: true, force: true })
  })

  it('go on without one that was killed, and take it back', async () => {
    const at = ['--bootstrap-server', broker.bootstrap]
    await kafkaTool('topics', [...at, '--create', '--topic', 'kept', '--replication-factor', '3'])
    const [, second = 0] = broker.pids
    await broker.kill(2)
    // Dead at once; its number goes when this process has taken note of it.
    await expect.poll(() => broker.pids.map(isAlive)).toEqual([true, false, true])
    expect(await kafkaTool('topics', [...at, '--list'])).toContain('kept')
    const again = await start()
    expect(again.bootstrap).toBe(broker.bootstrap)
    expect(again.pids.map((pid, at) => pid === broker.pids[at])).toEqual([true, false, true])
    expect(isAlive(second)).toBe(false)
  })

  it('are not started as one: the folder says so', async () => {
    await expect(startBroker({ folder })).rejects.toThrow(
      /holds 3 broker\(s\).*Ask for the same, or for another folder/,
    )
  })

  it('end when told', async () => {
    const { pids, stop } = await start()
    await stop()
    await expect.poll(() => pids.map(isAlive)).toEqual([false, false, false])
  })
})
