import { UsageError } from '@c1/market'

/** No row of any layout comes near; a file without line ends would otherwise be gathered whole. */
const LONGEST_LINE = 64 * 1024

/** Cuts a stream of bytes into lines, without their ends (LF or CR LF). Each byte is one character (Latin-1). */
export class LineSplitter {
  readonly #label: string
  #rest = ''

  constructor(label: string) {
    this.#label = label
  }

  /** The lines that `chunk` completes. @throws UsageError `archive_damaged` when one does not end */
  push(chunk: Uint8Array): string[] {
    const text = this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    const lines: string[] = []
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      lines.push(text.slice(start, text.charCodeAt(end - 1) === 13 ? end - 1 : end))
      start = end + 1
    }
    this.#rest = text.slice(start)
    if (this.#rest.length > LONGEST_LINE) {
      throw new UsageError(
        'archive_damaged',
        `${this.#label} holds a line longer than ${LONGEST_LINE} bytes; fetch the file again.`,
      )
    }
    return lines
  }

  /** The last line, where the file does not end with a line end. */
  end(): string[] {
    const last = this.#rest.replace(/\r$/, '')
    this.#rest = ''
    return last === '' ? [] : [last]
  }
}
