import { describe, expect, it } from 'vitest'
import { eventLogContract, logRecord } from './event-log-contract.ts'
import { MemoryStore } from './memory-log.ts'

describe('an event log in memory', () => {
  eventLogContract(async () => new MemoryStore())

  it('loses its newest records in a power cut', async () => {
    const store = new MemoryStore()
    const log = await store.open()
    const producer = await log.producer('trades.v1')
    await producer.append(['a', 'b', 'c'].map((value) => logRecord('A/B', value)))
    store.cut('trades.v1', 1)
    expect((await log.bounds('trades.v1')).end).toEqual({ 0: 1 })
    expect(await producer.append([logRecord('A/B', 'd')])).toEqual({ 0: 2 })
  })

  it('is not written any more once it is closed, as by the death of its process', async () => {
    const store = new MemoryStore()
    const log = await store.open()
    const producer = await log.producer('trades.v1')
    await log.close()
    await expect(producer.append([logRecord('A/B', 'late')])).rejects.toMatchObject({ code: 'log_unwritable' })
    await expect((await store.open()).producer('trades.v1')).resolves.toBeDefined()
  })
})
