import { UsageError } from '@c1/market'

/** No row of any layout comes near; a file without line ends would otherwise be gathered whole. */
const LONGEST_LINE = 64 * 1024
const LINE_FEED = 10

/** Cuts a stream of bytes after the last line feed of each chunk. The bytes that it gives are valid until the next call. */
export class WholeLines {
  readonly #label: string
  #memory = new Uint8Array(0)
  /** Where the lines given last end, and where all bytes end. */
  #given = 0
  #end = 0

  constructor(label: string) {
    this.#label = label
  }

  /** The lines that `chunk` completes, with their line feeds. @throws UsageError `archive_damaged` when one does not end */
  push(chunk: Uint8Array): Uint8Array {
    this.#append(chunk)
    const feed = chunk.lastIndexOf(LINE_FEED)
    this.#given = feed === -1 ? 0 : this.#end - chunk.length + feed + 1
    if (this.#end - this.#given > LONGEST_LINE) {
      throw new UsageError(
        'archive_damaged',
        `${this.#label} holds a line longer than ${LONGEST_LINE} bytes; fetch the file again.`,
      )
    }
    return this.#memory.subarray(0, this.#given)
  }

  /** The last line, with the line feed that it lacks; nothing where the bytes end with one. */
  end(): Uint8Array {
    if (this.#end === this.#given) return this.#memory.subarray(0, 0)
    this.#append(Uint8Array.of(LINE_FEED))
    this.#given = this.#end
    return this.#memory.subarray(0, this.#given)
  }

  #append(chunk: Uint8Array): void {
    const rest = this.#memory.subarray(this.#given, this.#end)
    const length = rest.length + chunk.length
    if (length > this.#memory.length) {
      const larger = new Uint8Array(2 * length)
      larger.set(rest)
      this.#memory = larger
    } else this.#memory.copyWithin(0, this.#given, this.#end)
    this.#memory.set(chunk, rest.length)
    this.#given = 0
    this.#end = length
  }
}
