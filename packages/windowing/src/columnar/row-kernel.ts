import { instantiateKernel, type Kernel } from './kernel.ts'
import { columnRoles, type RowLayout } from './row-layout.ts'

/** What the kernel leaves to others. */
export interface RowKernelHost {
  /** Takes segments, as `Segments` has them, which are written over later. */
  takeSegments(numbers: Float64Array): void
  /** Takes a line that the kernel does not read, without its end. The ordinal is its own if it is a row; false if it is empty. */
  readOther(line: Uint8Array, ordinal: number): boolean
  /** Whether the venue's trade `tradeId` of this second is new; asked only where rows have ids. */
  isNew(tradeId: number, seconds: number): boolean
}

/**
 * Adds up rows straight from their bytes, in WebAssembly (`packages/windowing/kernel`).
 *
 * It reads what archives hold nearly always: rows that begin with time, price and volume or with price, volume and time, times
 * of ten digits, plain decimals of up to nine digits before the point and ten after it, one-letter sides. Any other line is
 * handed to the host.
 */
export class RowKernel {
  /** Where the lines to read are to be put. */
  readonly input: Uint8Array
  readonly #kernel: Kernel
  readonly #inputAt: number

  constructor(layout: RowLayout, windowSeconds: number, host: RowKernelHost) {
    const kernel = instantiateKernel({
      segment: { takeSegments: (count) => this.#takeSegments(count, host) },
      rows: {
        readOther: (start, end, ordinal) =>
          host.readOther(this.input.subarray(start - this.#inputAt, end - this.#inputAt), ordinal),
        isNew: (tradeId, seconds) => host.isNew(tradeId, seconds),
      },
    })
    const { buffer } = kernel.memory
    this.#kernel = kernel
    this.#inputAt = kernel.INPUT.value
    this.input = new Uint8Array(buffer, this.#inputAt, kernel.INPUT_BYTES.value)
    const roles = columnRoles(layout)
    new Uint8Array(buffer, kernel.ROLES.value).set(roles)
    kernel.setUp(roles.length, windowSeconds)
  }

  /** Rows so far, of any kind. */
  get rowCount(): number {
    return this.#kernel.countRows()
  }

  /** Counts a row that was not read. */
  passRow(): void {
    this.#kernel.passRow()
  }

  /** Reads the lines in `[start, end)` of the input, each with its line feed. */
  read(start: number, end: number): void {
    this.#kernel.readRows(this.#inputAt + start, this.#inputAt + end)
  }

  #takeSegments(count: number, host: RowKernelHost): void {
    if (count === 0) return
    const { memory, SEGMENT_FIELDS, SEGMENTS } = this.#kernel
    host.takeSegments(new Float64Array(memory.buffer, SEGMENTS.value, count * SEGMENT_FIELDS.value))
  }
}
