import { closeSync, constants, fdatasync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { ClosedSegment, SegmentFile } from './segment-files.ts'

/** What is asked of the file system while a segment is written. */
export interface Disk {
  /** Writes some of `bytes` at `position` and returns how many. */
  write(fd: number, bytes: Uint8Array, position: number): number
  /** Leaves the first `length` bytes. */
  truncate(fd: number, length: number): void
  /** Resolves when what was written has reached the disk. */
  sync(fd: number): Promise<void>
  syncNow(fd: number): void
}

export const DISK: Disk = {
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  truncate: ftruncateSync,
  sync: promisify(fdatasync),
  syncNow: fdatasyncSync,
}

/** The segment file that is being written. A write is all or nothing. */
export class ActiveSegment {
  readonly #file: SegmentFile
  readonly #fd: number
  readonly #disk: Disk
  #bytes: number
  /** A write failed and what it left behind could not be cut yet. */
  #torn = false
  #syncing: Promise<void> = Promise.resolve()

  /** Opens or makes the file; what stands after its first `bytes` bytes is cut. */
  constructor(file: SegmentFile, bytes: number, disk: Disk) {
    this.#file = file
    this.#fd = openSync(file.path, constants.O_RDWR | constants.O_CREAT)
    this.#disk = disk
    this.#bytes = bytes
    this.#cut()
  }

  get bytes(): number {
    return this.#bytes
  }

  asClosed(): ClosedSegment {
    return { ...this.#file, bytes: this.#bytes }
  }

  /** Appends all of `frame`, or throws what the file system threw and leaves the file as it was. */
  append(frame: Uint8Array): void {
    if (this.#torn) this.#cut()
    try {
      this.#writeAll(frame)
    } catch (error) {
      this.#tryToCut()
      throw error
    }
    this.#bytes += frame.length
  }

  sync(): Promise<void> {
    this.#syncing = this.#disk.sync(this.#fd)
    return this.#syncing
  }

  syncNow(): void {
    this.#disk.syncNow(this.#fd)
  }

  /** A sync that is under way keeps the file open until it is done. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#syncing])
    closeSync(this.#fd)
  }

  #writeAll(frame: Uint8Array): void {
    let written = 0
    while (written < frame.length) {
      const count = this.#disk.write(this.#fd, frame.subarray(written), this.#bytes + written)
      if (count === 0) throw Object.assign(new Error('the file system took no more bytes'), { code: 'ENOSPC' })
      written += count
    }
  }

  #tryToCut(): void {
    this.#torn = true
    try {
      this.#cut()
    } catch {
      // The next append cuts it first. Until then it is the torn tail that every reader knows to leave alone.
    }
  }

  #cut(): void {
    this.#disk.truncate(this.#fd, this.#bytes)
    this.#torn = false
  }
}
