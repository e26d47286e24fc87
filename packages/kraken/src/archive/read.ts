import type { IdSpace, Instrument, MarketSymbol, Trade } from '@c1/market'
import { archiveNames } from '../names.ts'
import { type MalformedRow, malformedRow } from '../wire/malformed-row.ts'
import { LineSplitter } from './lines.ts'
import type { ArchiveProgress } from './members.ts'
import { type OpenedArchive, openArchive } from './open.ts'
import { rowMarket, rowReader } from './rows.ts'

/** A row of a file that is no trade. `line` counts from 1, empty lines and the header included. */
export interface RejectedLine extends MalformedRow {
  readonly line: number
}

/** Some rows of one archive file, in the file's order. Equal rows are distinct trades. */
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
    yield* readRows(archive, market)
  }
}

async function* readRows(archive: OpenedArchive, market: Instrument | MarketSymbol): AsyncGenerator<ArchiveBatch> {
  const lines = new LineSplitter(archive.label)
  const batch = batchReader(archive, market)
  for await (const chunk of archive.chunks) yield batch(lines.push(chunk))
  const last = lines.end()
  if (last.length > 0) yield batch(last)
}

function batchReader(
  archive: OpenedArchive,
  market: Instrument | MarketSymbol,
): (lines: readonly string[]) => ArchiveBatch {
  const { member, idSpace, layout, progress } = archive
  const readRow = rowReader(layout, rowMarket(market), idSpace)
  let header = layout.header
  let line = 0
  let ordinal = 0
  let lastTime = Number.NEGATIVE_INFINITY
  return (lines) => {
    const trades: Trade[] = []
    const rejected: RejectedLine[] = []
    let outOfOrder = 0
    for (const text of lines) {
      line += 1
      if (text === '') continue
      if (header) {
        header = false
        continue
      }
      ordinal += 1
      try {
        const trade = readRow(text, ordinal)
        if (trade.eventTime < lastTime) outOfOrder += 1
        lastTime = trade.eventTime
        trades.push(trade)
      } catch (thrown) {
        rejected.push({ line, ...malformedRow(Buffer.from(text, 'latin1').toString(), thrown) })
      }
    }
    return { member, idSpace, trades, rejected, outOfOrder, ...progress() }
  }
}
