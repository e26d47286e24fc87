import { join } from 'node:path'
import type { EpochMicros } from '@c1/market'
import { logRecord } from '@c1/testkit'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { DISK, type Disk } from './active-segment.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'
import { TopicWriter, type TopicWriterOptions } from './topic-writer.ts'

describe('a topic writer', () => {
  it('syncs what was appended within the interval, and only when something was', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { writer, disk } = await open({ flushIntervalMs: 200 })
    await vi.advanceTimersByTimeAsync(1000)
    expect(disk.sync).toHaveBeenCalledTimes(0)
    writer.append([logRecord('A/B', '1')])
    await vi.advanceTimersByTimeAsync(199)
    expect(disk.sync).toHaveBeenCalledTimes(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(disk.sync).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(disk.sync).toHaveBeenCalledTimes(1)
    writer.append([logRecord('A/B', '2')])
    await writer.close()
    expect(disk.sync).toHaveBeenCalledTimes(2)
  })

  it('does not count a sync that began before an append as covering it', async () => {
    const { writer, disk } = await open({})
    const first = Promise.withResolvers<void>()
    disk.sync.mockReturnValueOnce(first.promise)
    writer.append([logRecord('A/B', '1')])
    const flushes = [writer.flush()]
    await vi.waitFor(() => expect(disk.sync).toHaveBeenCalledTimes(1))
    writer.append([logRecord('A/B', '2')])
    flushes.push(writer.flush())
    first.resolve()
    await Promise.all(flushes)
    expect(disk.sync).toHaveBeenCalledTimes(2)
    await writer.close()
  })

  it('syncs a segment before it begins the next', async () => {
    const { writer, disk } = await open({ segmentBytes: 1 })
    writer.append([logRecord('A/B', '1')])
    expect(disk.syncNow).toHaveBeenCalledTimes(0)
    writer.append([logRecord('A/B', '2')])
    expect(disk.syncNow).toHaveBeenCalledTimes(1)
    await writer.close()
  })

  it('takes nothing more after a sync failed, since nobody knows what the disk holds', async () => {
    const { writer, disk } = await open({})
    disk.sync.mockRejectedValueOnce(new Error('input/output error'))
    writer.append([logRecord('A/B', '1')])
    const failed = { code: 'log_unwritable', message: expect.stringContaining('input/output error') }
    await expect(writer.flush()).rejects.toMatchObject(failed)
    expect(() => writer.append([logRecord('A/B', '2')])).toThrow(expect.objectContaining(failed))
    await expect(writer.close()).rejects.toMatchObject(failed)
  })

  it('refuses an append after it was closed', async () => {
    const { writer } = await open({})
    await writer.close()
    expect(() => writer.append([logRecord('A/B', '1')])).toThrow(expect.objectContaining({ code: 'producer_closed' }))
  })
})

async function open(options: Partial<TopicWriterOptions>) {
  const disk = {
    ...DISK,
    sync: vi.fn<Disk['sync']>(DISK.sync),
    syncNow: vi.fn<Disk['syncNow']>(DISK.syncNow),
  }
  const writer = await TopicWriter.open({
    topic: 'trades.v1',
    directory: join(temporaryDirectory(onTestFinished), 'trades.v1'),
    disk,
    clock: () => 0 as EpochMicros,
    retention: {},
    segmentBytes: 1_000_000,
    flushIntervalMs: 60_000,
    onWarning: () => {},
    onAppend: () => {},
    ...options,
  })
  return { writer, disk }
}
