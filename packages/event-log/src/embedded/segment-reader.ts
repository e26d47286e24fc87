import { type FileHandle, open } from 'node:fs/promises'
import type { Selection, StoredRecord } from '../event-log.ts'
import { logCorrupt } from './errors.ts'
import {
  claimedLength,
  decodeRecords,
  decodeSelected,
  type FrameHeader,
  frameTimes,
  holdsLaterFrame,
  isIntact,
  readHeader,
} from './frame.ts'
import type { SegmentFile } from './segment-files.ts'
import type { SegmentTimes } from './segment-times.ts'

const CHUNK_BYTES = 1024 * 1024

/** Goes through the frames of one segment file, forward. A frame is given only when it is whole and its checksum holds. */
export class SegmentReader {
  readonly file: SegmentFile
  readonly #handle: FileHandle
  #bytes: Buffer = Buffer.alloc(0)
  /** Where in the file `#bytes` begins, and where in `#bytes` the cursor is. */
  #start: number
  #at = 0
  #offset: number
  #frame: FrameHeader | undefined

  private constructor(file: SegmentFile, handle: FileHandle, position: number, offset: number) {
    this.file = file
    this.#handle = handle
    this.#start = position
    this.#offset = offset
  }

  /** At the file's beginning, or where another reader of it stood. `undefined` when the file is not there (any more). */
  static async open(file: SegmentFile, position = 0, offset: number = file.base): Promise<SegmentReader | undefined> {
    try {
      return new SegmentReader(file, await open(file.path, 'r'), position, offset)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Byte position of the cursor: where the next frame begins. */
  get position(): number {
    return this.#start + this.#at
  }

  /** Offset of the record that begins there. */
  get offset(): number {
    return this.#offset
  }

  /** The frame at the cursor if it is in memory. */
  peek(): FrameHeader | undefined {
    if (this.#frame !== undefined) return this.#frame
    if (this.#at === this.#bytes.length) return undefined
    const header = readHeader(this.#bytes, this.#at, this.#offset)
    if (typeof header === 'object' && isIntact(this.#bytes, this.#at, header)) this.#frame = header
    return this.#frame
  }

  /**
   * The frame at the cursor, from disk. `end` when the file ends here; `torn` when what follows is no whole frame but may be
   * one that is being written, or that its writer left when it was killed.
   *
   * @throws C1Error `log_corrupt` when a whole frame stands behind the broken one
   */
  async load(): Promise<FrameHeader | 'end' | 'torn'> {
    await this.#fill(CHUNK_BYTES)
    if (this.#bytes.length === 0) return 'end'
    const length = claimedLength(this.#bytes)
    if (length > this.#bytes.length) await this.#fill(length)
    return this.peek() ?? (await this.#checkTorn())
  }

  /** The records of the frame that `peek` or `load` gave, or those of them that are wanted. */
  decode(frame: FrameHeader, only?: Selection): StoredRecord[] {
    return only === undefined
      ? decodeRecords(this.#bytes, this.#at, frame)
      : decodeSelected(this.#bytes, this.#at, frame, only)
  }

  /** Moves the cursor behind that frame. */
  advance(frame: FrameHeader): void {
    this.#at += frame.length
    this.#offset += frame.count
    this.#frame = undefined
  }

  /** Moves to the last frame boundary of the file; `onFrame` is told the times of each frame on the way. */
  async advanceToEnd(onFrame?: (times: SegmentTimes) => void): Promise<'end' | 'torn'> {
    for (;;) {
      const frame = this.peek() ?? (await this.load())
      if (typeof frame === 'string') return frame
      onFrame?.(frameTimes(this.#bytes, this.#at))
      this.advance(frame)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  /** The buffer is a new one each time, so views that were given away stay what they are. */
  async #fill(length: number): Promise<void> {
    const position = this.position
    const buffer = Buffer.allocUnsafeSlow(Math.max(length, 0))
    let filled = 0
    while (filled < buffer.length) {
      const { bytesRead } = await this.#handle.read(buffer, filled, buffer.length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    this.#bytes = buffer.subarray(0, filled)
    this.#start = position
    this.#at = 0
    this.#frame = undefined
  }

  /** Looks at the rest of the file anew: meanwhile the frame may have been finished, or cut by its next writer. */
  async #checkTorn(): Promise<FrameHeader | 'end' | 'torn'> {
    const { size } = await this.#handle.stat()
    await this.#fill(size - this.position)
    const frame = this.peek()
    if (frame !== undefined) return frame
    if (this.#bytes.length === 0) return 'end'
    if (!holdsLaterFrame(this.#bytes, this.#offset)) return 'torn'
    throw logCorrupt(this.file.path, this.position, this.#offset, 'no intact batch')
  }
}
