import { KERNEL_BYTES } from './kernel-bytes.ts'

/** A number that the kernel exports. */
interface Constant {
  readonly value: number
}

/** What `../../kernel` exports; the comments there say what each is. */
export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly INPUT: Constant
  readonly INPUT_BYTES: Constant
  readonly LEVELS: Constant
  readonly LEVEL_BYTES: Constant
  readonly ROLES: Constant
  readonly SEGMENTS: Constant
  readonly SEGMENT_FIELDS: Constant
  readonly TEXT: Constant
  setUp(columns: number, windowSeconds: number): void
  readRows(start: number, end: number): void
  countRows(): number
  passRow(): void
  setUpCandles(levels: number, priceDecimals: number, quantityDecimals: number, priceSurplus: number): void
  rollSegments(count: number): void
  endCandles(): void
}

/** What the kernel asks of who uses it, by the file of the kernel that does. */
export interface KernelImports {
  readonly segment: { takeSegments(count: number): void }
  readonly rows: {
    readOther(start: number, end: number, ordinal: number): boolean
    isNew(tradeId: number, seconds: number): boolean
  }
  readonly candles: { takeText(length: number): void }
}

/** As far as it is used: Node's types have none of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: Kernel }
}

const unused = (): never => {
  throw new TypeError('This part of the kernel is not in use.')
}
const UNUSED: KernelImports = {
  segment: { takeSegments: unused },
  rows: { readOther: unused, isNew: unused },
  candles: { takeText: unused },
}

let compiled: object | undefined

/** A kernel with memory of its own, half a megabyte. */
export function instantiateKernel(imports: Partial<KernelImports>): Kernel {
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(KERNEL_BYTES), (letter) => letter.charCodeAt(0)))
  return new WebAssembly.Instance(compiled, { ...UNUSED, ...imports }).exports
}
