import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { crc32, createGunzip } from 'node:zlib'
import { UsageError } from '@c1/market'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { plainName } from '../names.ts'
import { readFailure } from './errors.ts'

/** One file of rows: a plain or gzipped file itself, or a member of a zip. */
export interface ArchiveMember {
  /** The file's name, or the member's path inside the zip. */
  readonly member: string
  /** How to name it to the user. */
  readonly label: string
  /** Unpacked. Reading can start once. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** How far reading is, in bytes of the file as it is on disk; for a zip in unpacked bytes of all members chosen. */
  readonly progress: () => ArchiveProgress
}

export interface ArchiveProgress {
  readonly bytesRead: number
  readonly bytesTotal: number
}

const CHUNK_BYTES = 256 * 1024

/**
 * Opens a file by what it starts with, not by its name. Of a zip, the `.csv` members named by one of `names` (upper case,
 * without separators), in any folder; each must be read before the next is asked for.
 *
 * @throws UsageError `archive_not_found`, `archive_member_missing`, `archive_damaged`
 */
export async function* openMembers(
  path: string,
  names: ReadonlySet<string>,
): AsyncGenerator<ArchiveMember, void, void> {
  const magic = await readMagic(path)
  if (magic.startsWith('504b')) yield* openZip(path, names)
  else yield await openFile(path, magic.startsWith('1f8b'))
}

async function readMagic(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0)
    return buffer.toString('hex', 0, bytesRead)
  } catch (cause) {
    throw readFailure(path, 0, cause)
  }
}

async function openFile(path: string, isGzip: boolean): Promise<ArchiveMember> {
  const bytesTotal = (await stat(path)).size
  let bytesRead = 0
  async function* read(): AsyncGenerator<Uint8Array> {
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
    // pipeline hands an error of either stream to the other, where the loop meets it.
    const chunks = isGzip ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file
    try {
      for await (const chunk of chunks) {
        bytesRead = file.bytesRead
        yield chunk as Buffer
      }
    } catch (cause) {
      throw readFailure(path, file.bytesRead, cause)
    }
  }
  return { member: basename(path), label: path, chunks: read(), progress: () => ({ bytesRead, bytesTotal }) }
}

async function* openZip(path: string, names: ReadonlySet<string>): AsyncGenerator<ArchiveMember, void, void> {
  const zip = await openPromise(path, { autoClose: false }).catch((cause) => {
    throw readFailure(path, 0, cause)
  })
  try {
    const entries = await chooseEntries(zip, path, names)
    const bytesTotal = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
    let bytesRead = 0
    for (const entry of entries) {
      const count = (bytes: number) => {
        bytesRead += bytes
      }
      yield {
        member: entry.fileName,
        label: `${path}/${entry.fileName}`,
        chunks: readEntry(zip, entry, `${path}/${entry.fileName}`, count),
        progress: () => ({ bytesRead, bytesTotal }),
      }
    }
  } finally {
    zip.close()
  }
}

async function chooseEntries(zip: ZipFile, path: string, names: ReadonlySet<string>): Promise<Entry[]> {
  const entries: Entry[] = []
  const others: string[] = []
  try {
    for await (const entry of zip.eachEntry()) {
      if (!/\.csv$/i.test(entry.fileName)) continue
      if (names.has(plainName(stemOf(entry.fileName)))) entries.push(entry)
      else others.push(entry.fileName)
    }
  } catch (cause) {
    throw readFailure(path, 0, cause)
  }
  if (entries.length > 0) return entries
  const wanted = [...names].map((name) => `${name}.csv`).join(', ')
  const held =
    others.length > 0
      ? `it holds ${others.slice(0, 5).join(', ')}${others.length > 5 ? ', ...' : ''}`
      : 'it holds no .csv file'
  throw new UsageError('archive_member_missing', `${path} has no member ${wanted}; ${held}.`, { details: { path } })
}

async function* readEntry(
  zip: ZipFile,
  entry: Entry,
  label: string,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let position = 0
  let checksum = 0
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      position += chunk.length
      checksum = crc32(chunk, checksum)
      count(chunk.length)
      yield chunk
    }
    if (checksum !== entry.crc32) throw new Error('its checksum does not fit its content')
  } catch (cause) {
    throw readFailure(label, position, cause)
  }
}

/** The name without folders and without `.csv`, `.json`, `.gz`. */
export function stemOf(name: string): string {
  return (name.split('/').at(-1) ?? name).replace(/(?:\.(?:csv|json|txt|gz))+$/i, '')
}
