import { execFileSync, spawnSync } from 'node:child_process'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochMicros } from '@c1/market'
import { logRecord } from '@c1/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DISK, type Disk } from './active-segment.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { encodeFrame } from './frame.ts'
import { segmentFile } from './segment-files.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'
import { TopicWriter } from './topic-writer.ts'

const TOPIC = 'trades.v1'

describe('a full disk', () => {
  it('keeps nothing of the batch at whichever byte it strikes, and takes it once there is space', async () => {
    const batch = [logRecord('A/B', 'one'), logRecord('A/B', 'two')]
    const batchBytes = encodeFrame(batch, 0, 0 as EpochMicros).length
    const disk = new FillingDisk()
    const writer = await openWriter(disk)
    for (let space = 0; space < batchBytes; space += 1) {
      disk.free = space
      expect(() => writer.append(batch)).toThrow(expect.objectContaining({ code: 'log_full', retryable: true }))
      expect(writer.end).toBe(2 * space)
      expect(statSync(disk.file).size).toBe(batchBytes * space)
      disk.free = batchBytes
      writer.append(batch)
    }
    await writer.close()
    expect(await countRecords(disk.directory)).toBe(2 * batchBytes)
  })

  it('is told with the directory, the bytes and the remedy', async () => {
    const disk = new FillingDisk()
    const writer = await openWriter(disk)
    disk.free = 10
    expect(() => writer.append([logRecord('A/B', 'one')])).toThrow(
      /No space left for \d+ bytes in .*trades\.v1; nothing of the batch was kept\. Free some space and try again\./,
    )
    await writer.close()
  })

  it('cuts before the next append what could not be cut at once, and appends nothing until it can', async () => {
    const disk = new FillingDisk()
    const writer = await openWriter(disk)
    const batch = [logRecord('A/B', 'one')]
    const [batchBytes, begun] = [encodeFrame(batch, 0, 0 as EpochMicros).length, 30]
    disk.free = begun
    disk.canTruncate = false
    expect(() => writer.append(batch)).toThrow(expect.objectContaining({ code: 'log_full' }))
    disk.free = Number.POSITIVE_INFINITY
    expect(() => writer.append(batch)).toThrow(expect.objectContaining({ code: 'log_unwritable' }))
    expect(statSync(disk.file).size).toBe(begun)
    expect(await countRecords(disk.directory)).toBe(0)
    disk.canTruncate = true
    writer.append(batch)
    expect(statSync(disk.file).size).toBe(batchBytes)
    await writer.close()
    expect(await countRecords(disk.directory)).toBe(1)
  })

  it('is another error when it is not the space that lacks', async () => {
    const disk = new FillingDisk()
    const writer = await openWriter(disk)
    disk.error = 'EIO'
    disk.free = 10
    expect(() => writer.append([logRecord('A/B', 'one')])).toThrow(
      expect.objectContaining({ code: 'log_unwritable', retryable: false }),
    )
    await writer.close()
  })
})

describe('a real disk of 1 MiB', () => {
  it('refuses what does not fit, loses nothing that was appended, and goes on once there is space', async ({
    skip,
  }) => {
    const mounted = temporaryDirectory(onTestFinished)
    if (!mountSmallDisk(mounted)) return skip('needs the right to mount a tmpfs')
    onTestFinished(() => void execFileSync('umount', [mounted]))
    const ballast = join(mounted, 'ballast')
    writeFileSync(ballast, Buffer.alloc(300_000))
    const log = await openEmbeddedLog({ directory: mounted, onWarning: () => {} })
    const producer = await log.producer(TOPIC)
    const batch = Array.from({ length: 50 }, () => logRecord('A/B', 'x'.repeat(150)))
    let appended = 0
    const fill = async () => {
      for (;;) appended = (await producer.append(batch))[0] ?? 0
    }
    await expect(fill()).rejects.toMatchObject({ code: 'log_full' })
    const whenFull = appended
    expect(await countRecords(join(mounted, TOPIC))).toBe(whenFull)
    rmSync(ballast)
    await expect(fill()).rejects.toMatchObject({ code: 'log_full' })
    expect(appended).toBeGreaterThan(whenFull)
    await log.close()
    expect(await countRecords(join(mounted, TOPIC))).toBe(appended)
  })
})

/** A disk that takes `free` more bytes, as one that fills up does: a short write first, then an error. */
class FillingDisk implements Disk {
  readonly directory: string = join(temporaryDirectory(onTestFinished), TOPIC)
  free = Number.POSITIVE_INFINITY
  error = 'ENOSPC'
  canTruncate = true

  get file(): string {
    return segmentFile(this.directory, 0).path
  }

  readonly sync: Disk['sync'] = DISK.sync
  readonly syncNow: Disk['syncNow'] = DISK.syncNow

  truncate(fd: number, length: number): void {
    if (!this.canTruncate) throw Object.assign(new Error('no truncating'), { code: 'EIO' })
    DISK.truncate(fd, length)
  }

  write(fd: number, bytes: Uint8Array, position: number): number {
    if (this.free === 0) throw Object.assign(new Error('no space'), { code: this.error })
    const count = DISK.write(fd, bytes.subarray(0, this.free), position)
    this.free -= count
    return count
  }
}

function openWriter(disk: FillingDisk): Promise<TopicWriter> {
  return TopicWriter.open({
    topic: TOPIC,
    directory: disk.directory,
    disk,
    clock: () => 0 as EpochMicros,
    retention: {},
    segmentBytes: 1_000_000,
    flushIntervalMs: 1000,
    onWarning: () => {},
    onAppend: () => {},
  })
}

async function countRecords(topicDirectory: string): Promise<number> {
  const log = await openEmbeddedLog({ directory: join(topicDirectory, '..'), onWarning: () => {} })
  let count = 0
  for await (const { records } of await log.consumer(TOPIC, { from: 'earliest', until: 'end' })) count += records.length
  await log.close()
  return count
}

function mountSmallDisk(directory: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory])
  return status === 0
}
