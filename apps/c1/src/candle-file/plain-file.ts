import { closeSync, openSync, readSync, statSync } from 'node:fs'

const LINE_FEED = 10
const RETURN = 13
const LOOK_BYTES = 64 * 1024
/** What files begin with that are no plain rows: zip, gzip, a stored answer, a byte order mark. */
const OTHERS: readonly (readonly number[])[] = [[0x50, 0x4b], [0x1f, 0x8b], [0x7b], [0xef, 0xbb, 0xbf]]

/** Bytes of a file that begin and end with a line. */
export interface FileRange {
  readonly start: number
  readonly end: number
}

/** Bytes of a file of nothing but rows; undefined when it is packed or wrapped. */
export function plainFileSize(path: string): number | undefined {
  const file = openSync(path, 'r')
  try {
    const head = new Uint8Array(3)
    readSync(file, head)
    const isOther = OTHERS.some((magic) => magic.every((byte, at) => head[at] === byte))
    return isOther ? undefined : statSync(path).size
  } finally {
    closeSync(file)
  }
}

/** Cuts what is left of a file from `from` on between lines, about every `bytes`. */
export function cutFile(path: string, from: number, size: number, bytes: number): FileRange[] {
  const file = openSync(path, 'r')
  try {
    const ranges: FileRange[] = []
    for (let start = from; start < size; ) {
      const end = lineEndFrom(file, start + bytes, size)
      ranges.push({ start, end })
      start = end
    }
    return ranges
  } finally {
    closeSync(file)
  }
}

/** The end of the line that holds the byte at `at`. */
function lineEndFrom(file: number, at: number, size: number): number {
  const look = new Uint8Array(LOOK_BYTES)
  for (let from = at; from < size; from += LOOK_BYTES) {
    const feed = look.subarray(0, readSync(file, look, 0, LOOK_BYTES, from)).indexOf(LINE_FEED)
    if (feed !== -1) return from + feed + 1
  }
  return size
}

/** A file's lines up to and with the first that is not empty. */
export function firstLines(path: string): Uint8Array {
  const head = new Uint8Array(LOOK_BYTES)
  const file = openSync(path, 'r')
  try {
    const length = readSync(file, head)
    const first = head.findIndex((byte) => byte !== LINE_FEED && byte !== RETURN)
    const feed = head.subarray(0, length).indexOf(LINE_FEED, first)
    return head.subarray(0, feed === -1 ? length : feed + 1)
  } finally {
    closeSync(file)
  }
}
