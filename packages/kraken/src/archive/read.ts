import { crc32 } from 'node:zlib'
import { type IdSpace, type Instrument, type MarketSymbol, type Trade, tradesOf, UsageError } from '@c1/market'
import { archiveNames } from '../names.ts'
import type { ArchiveProgress } from './members.ts'
import { type OpenedArchive, openArchive } from './open.ts'
import { type RejectedLine, type RowBlock, RowColumns } from './row-columns.ts'
import { rowMarket } from './rows.ts'
import { WholeLines } from './whole-lines.ts'

/** How far the reading of a file of rows is: whole lines only. */
export interface ArchivePlace {
  /** Unpacked, without a byte order mark. */
  readonly bytes: number
  readonly lines: number
  /** The header and empty lines left out; rejected ones included. The id of the last one, where rows have none. */
  readonly rows: number
  /** CRC-32 of the bytes. */
  readonly crc: number
}

export const ARCHIVE_START: ArchivePlace = { bytes: 0, lines: 0, rows: 0, crc: 0 }

/** Some rows of one archive file, in the file's order. Equal rows are distinct trades. */
export interface ArchiveBlock extends RowBlock {
  /** After its last row. */
  readonly place: ArchivePlace
}

/** The same, with an object for each trade. */
export interface ArchiveBatch extends ArchiveProgress {
  /** The file's name, or the member's path inside a zip. */
  readonly member: string
  readonly idSpace: IdSpace
  readonly trades: readonly Trade[]
  readonly rejected: readonly RejectedLine[]
  /** How many of the trades happened before the one ahead of them in the file. */
  readonly outOfOrder: number
}

export interface ReadArchiveOptions {
  /**
   * Whose trades they are; it also picks the members of a zip. With an instrument the prices and quantities get its decimals
   * (more only where an old row was traded at a finer step), with a bare symbol they keep the file's.
   */
  readonly market: Instrument | MarketSymbol
}

/**
 * Streams the trades of a Kraken archive file; see `openArchive` for the kinds of file and the errors thrown. A row that
 * cannot be a trade is rejected, the others are kept.
 */
export async function* readArchive(
  path: string,
  { market }: ReadArchiveOptions,
): AsyncGenerator<ArchiveBatch, void, void> {
  for await (const archive of openArchive(path, { aliases: archiveNames(market) })) {
    const { member, idSpace, progress } = archive
    for await (const { columns, rejected, outOfOrder } of readBlocks(archive, market)) {
      yield { member, idSpace, trades: tradesOf(columns), rejected, outOfOrder, ...progress() }
    }
  }
}

/**
 * The rows of an opened file in columns, from a place on: what comes before it is passed over unread.
 *
 * @throws UsageError `archive_changed` when what comes before the place is not what came before it when it was told
 */
export async function* readBlocks(
  archive: OpenedArchive,
  market: Instrument | MarketSymbol,
  from: ArchivePlace = ARCHIVE_START,
): AsyncGenerator<ArchiveBlock, void, void> {
  const rows = new RowColumns(archive.layout, rowMarket(market), archive.idSpace)
  rows.resume(from.lines, from.rows)
  const lines = new WholeLines(archive.label)
  let { bytes, crc } = from
  const block = (text: Uint8Array, length = text.length): ArchiveBlock => {
    const read = rows.read(text, 0, text.length)
    bytes += length
    crc = crc32(text.subarray(0, length), crc)
    return { ...read, place: { bytes, lines: rows.lines, rows: rows.rows, crc } }
  }
  const passed = new PassedBytes(archive.label, from)
  for await (const chunk of archive.chunks) {
    const rest = passed.pass(chunk)
    if (rest.length > 0) yield block(lines.push(rest))
  }
  passed.end()
  const last = lines.end()
  // The line feed at its end is not the file's.
  if (last.length > 0) yield block(last, last.length - 1)
}

/** Bytes at the beginning of a file that were read before, and have to be the same now. */
class PassedBytes {
  readonly #label: string
  readonly #crc: number
  #missing: number
  #passed = 0

  constructor(label: string, { bytes, crc }: ArchivePlace) {
    this.#label = label
    this.#crc = crc
    this.#missing = bytes
  }

  /** What of the chunk is to be read. */
  pass(chunk: Uint8Array): Uint8Array {
    if (this.#missing === 0) return chunk
    const part = chunk.subarray(0, this.#missing)
    this.#missing -= part.length
    this.#passed = crc32(part, this.#passed)
    if (this.#missing === 0) this.end()
    return chunk.subarray(part.length)
  }

  end(): void {
    if (this.#missing === 0 && this.#passed === this.#crc) return
    throw new UsageError(
      'archive_changed',
      `${this.#label} begins otherwise than the file of this name that was imported before: its rows cannot go on where those ` +
        'end. Import that file, or give this one another name to have it beside what is there.',
      { details: { file: this.#label } },
    )
  }
}
