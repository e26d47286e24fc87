import { type ArchiveBlock, type ArchivePlace, archiveNames, openArchive, readBlocks } from '@c1/kraken'
import { type IdSpace, type Instrument, type MarketSymbol, type Trade, tradeAt } from '@c1/market'
import type { RowFile } from './prove-ids.ts'

/** A file of rows, or a member of a zip, that can be read any number of times. */
export interface ArchiveFile {
  /** The file's name, or the member's path inside a zip. */
  readonly member: string
  /** How to name it to the user. */
  readonly label: string
  /** The same for a copy, packed or not. */
  readonly identity: IdSpace
  readonly idSpace: IdSpace
  /** Its rows from a place on. */
  blocks(from?: ArchivePlace): AsyncGenerator<ArchiveBlock & ReadProgress, void, void>
}

export interface ReadProgress {
  readonly bytesRead: number
  readonly bytesTotal: number
}

/**
 * The files of the market that a path has: itself, or the members of a zip.
 *
 * @throws UsageError when the file is not an archive of trades
 */
export async function archiveFiles(path: string, market: Instrument | MarketSymbol): Promise<ArchiveFile[]> {
  const aliases = archiveNames(market)
  const files: ArchiveFile[] = []
  for await (const { member, label, identity, idSpace } of openArchive(path, { aliases })) {
    const blocks = async function* (from?: ArchivePlace) {
      for await (const archive of openArchive(path, { aliases })) {
        if (archive.member !== member) continue
        for await (const block of readBlocks(archive, market, from)) yield { ...block, ...archive.progress() }
        return
      }
    }
    files.push({ member, label, identity, idSpace, blocks })
  }
  return files
}

/** Reads the file once to count its rows; `onRead` is told how far it is, in this reading and each of those for samples. */
export async function countRows(file: ArchiveFile, onRead: (progress: ReadProgress) => void): Promise<RowFile> {
  let rows = 0
  for await (const { place, bytesRead, bytesTotal } of file.blocks()) {
    rows = place.rows
    onRead({ bytesRead, bytesTotal })
  }
  return { rows, sample: (ordinals, length) => sampleRows(file, ordinals, length, onRead) }
}

async function sampleRows(
  file: ArchiveFile,
  ordinals: readonly number[],
  length: number,
  onRead: (progress: ReadProgress) => void,
): Promise<Trade[][]> {
  const samples: Trade[][] = ordinals.map(() => [])
  for await (const { columns, place, bytesRead, bytesTotal } of file.blocks()) {
    const { count, ids } = columns
    for (const [index, ordinal] of ordinals.entries()) {
      if (ordinal > place.rows || count === 0 || ordinal + length <= (ids[0] as number)) continue
      for (let row = placeOf(ids, ordinal); row < count && (ids[row] as number) < ordinal + length; row += 1) {
        samples[index]?.push(tradeAt(columns, row))
      }
    }
    onRead({ bytesRead, bytesTotal })
    if (place.rows >= (ordinals.at(-1) ?? 0) + length) break
  }
  return samples
}

/** Index of the first of ascending ids that is not below `id`. */
export function placeOf(ids: Float64Array, id: number): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ids[middle] as number) < id) low = middle + 1
    else high = middle
  }
  return low
}
