// AssemblyScript: a subset of TypeScript that `npm run kernel` compiles to WebAssembly, as ../src/columnar/kernel-bytes.ts.
// Why, and how it was chosen: docs/adr/0019-archive-rows-in-webassembly.md.

/** Where the host writes the bytes to read, and how many fit. Some bytes on either side are looked at and do not count. */
export const INPUT: i32 = 0x1_0000
export const INPUT_BYTES: i32 = 0x4_0000
/** Where the host writes the role of each column (`ROLE` of row-layout.ts), in the order of the row. */
export const ROLES: i32 = 0x8000
/** Where segments go: what consecutive rows of one window add up to, as `SEGMENT_FIELDS` doubles each. */
export const SEGMENTS: i32 = 0x6_0000
export const SEGMENT_FIELDS: i32 = 14

/** Shuffles of `digits.ts`, by the digits before and after the point. */
export const PRICE_SHUFFLES: usize = 0x4000
export const QUANTITY_SHUFFLES: usize = 0x5000
/** The point, comma, point and line feed of a row, each in its place. */
export const PUNCTUATION: usize = 0x5f00
/** The open segment. */
export const OPEN: usize = 0x6000

/** Where the host writes what the rows of a level begin with, and the seconds of its windows: see `candles.ts`. */
export const LEVELS: i32 = 0x9000
export const LEVEL_BYTES: i32 = 128
/** Windows that longer ones are gathered in, by level. */
export const ROLLING: usize = 0x9800
/** Shuffles of `text.ts`, by the zeros in front of a number. */
export const PRICE_TEXTS: usize = 0xa000
export const QUANTITY_TEXTS: usize = 0xa100
/** The texts of 0 to 99. */
export const PAIRS: usize = 0xa200
/** The text of the newest day. */
export const DAY: usize = 0xa300
/** Where text goes; longer texts are handed over in parts. */
export const TEXT: i32 = 0x8_0000
export const TEXT_BYTES: i32 = 0x1_0000

/** Powers of ten, by exponent. */
export const TENS: usize = memory.data<u64>([
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
])
