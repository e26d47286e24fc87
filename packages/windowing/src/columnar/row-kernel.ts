import { KERNEL_BYTES } from './kernel-bytes.ts'
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

/** A number that the kernel exports. */
interface Global {
  readonly value: number
}

/** What `../../kernel` exports; its comments say what each is. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly INPUT: Global
  readonly INPUT_BYTES: Global
  readonly ROLES: Global
  readonly SEGMENTS: Global
  readonly SEGMENT_FIELDS: Global
  setUp(columns: number, windowSeconds: number): void
  readRows(start: number, end: number): void
  countRows(): number
  passRow(): void
}

/** As far as it is used: Node's types have none of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports }
}

let compiled: object | undefined

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
  readonly #exports: Exports
  readonly #inputAt: number

  constructor(layout: RowLayout, windowSeconds: number, host: RowKernelHost) {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL_BYTES), (letter) => letter.charCodeAt(0)))
    const { exports } = new WebAssembly.Instance(compiled, {
      segment: { takeSegments: (count: number) => this.#takeSegments(count, host) },
      rows: {
        readOther: (start: number, end: number, ordinal: number) =>
          host.readOther(this.input.subarray(start - this.#inputAt, end - this.#inputAt), ordinal),
        isNew: (tradeId: number, seconds: number) => host.isNew(tradeId, seconds),
      },
    })
    const { buffer } = exports.memory
    this.#exports = exports
    this.#inputAt = exports.INPUT.value
    this.input = new Uint8Array(buffer, this.#inputAt, exports.INPUT_BYTES.value)
    const roles = columnRoles(layout)
    new Uint8Array(buffer, exports.ROLES.value).set(roles)
    exports.setUp(roles.length, windowSeconds)
  }

  /** Rows so far, of any kind. */
  get rowCount(): number {
    return this.#exports.countRows()
  }

  /** Counts a row that was not read. */
  passRow(): void {
    this.#exports.passRow()
  }

  /** Reads the lines in `[start, end)` of the input, each with its line feed. */
  read(start: number, end: number): void {
    this.#exports.readRows(this.#inputAt + start, this.#inputAt + end)
  }

  #takeSegments(count: number, host: RowKernelHost): void {
    if (count === 0) return
    const { memory, SEGMENT_FIELDS, SEGMENTS } = this.#exports
    host.takeSegments(new Float64Array(memory.buffer, SEGMENTS.value, count * SEGMENT_FIELDS.value))
  }
}
