const LINE_FEED = 10
/** No row of any layout comes near; a file without line ends would otherwise be gathered whole. */
export const LONGEST_LINE: number = 64 * 1024

export interface LineReader {
  /** Whole lines in `[start, end)` of the buffer, each with its line feed. */
  readLines(start: number, end: number): void
  /** A line longer than `LONGEST_LINE`, of which this is the start; the rest is passed over. */
  rejectLongLine(start: Uint8Array): void
}

/** Turns chunks that were cut anywhere into runs of whole lines, in a given buffer, longer than `LONGEST_LINE`. */
export class LineBuffer {
  readonly #bytes: Uint8Array
  readonly #reader: LineReader
  #length = 0
  #isInLongLine = false

  constructor(buffer: Uint8Array, reader: LineReader) {
    this.#bytes = buffer
    this.#reader = reader
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const { room } = this
      const part = chunk.subarray(at, at + room.length)
      room.set(part)
      this.filled(part.length)
      at += part.length
    }
  }

  /** Where the next bytes may be put instead of being pushed: there is always room for some. */
  get room(): Uint8Array {
    return this.#bytes.subarray(this.#length)
  }

  /** So many bytes were put into the room. */
  filled(length: number): void {
    this.#length += length
    this.#readWholeLines()
  }

  /** Reads the last line, where the file does not end with a line feed. */
  finish(): void {
    if (this.#length > 0) this.push(Uint8Array.of(LINE_FEED))
  }

  #readWholeLines(): void {
    let start = 0
    if (this.#isInLongLine) {
      start = this.#bytes.subarray(0, this.#length).indexOf(LINE_FEED) + 1
      if (start === 0) {
        this.#length = 0
        return
      }
      this.#isInLongLine = false
    }
    const end = this.#bytes.lastIndexOf(LINE_FEED, this.#length - 1) + 1
    if (end > start) this.#reader.readLines(start, end)
    this.#keepFrom(Math.max(start, end))
  }

  #keepFrom(start: number): void {
    this.#bytes.copyWithin(0, start, this.#length)
    this.#length -= start
    if (this.#length <= LONGEST_LINE) return
    this.#reader.rejectLongLine(this.#bytes.subarray(0, LONGEST_LINE))
    this.#length = 0
    this.#isInLongLine = true
  }
}
