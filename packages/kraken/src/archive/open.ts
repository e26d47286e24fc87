import { createHash } from 'node:crypto'
import { type IdSpace, UsageError } from '@c1/market'
import { plainName } from '../names.ts'
import { type ArchiveLayout, detectLayout } from './layout.ts'
import { type ArchiveMember, type ArchiveProgress, openMembers, stemOf } from './members.ts'
import { answerAsLines } from './rest-answer.ts'

/** One file of trades, open for reading. */
export interface OpenedArchive {
  /** The file's name, or the member's path inside a zip. */
  readonly member: string
  /** How to name it to the user: the path, and the member's inside it. */
  readonly label: string
  readonly layout: ArchiveLayout
  /**
   * `file:` and the first 12 hex digits of the SHA-256 of the name without folders and extensions, a zero byte, and the first
   * 64 KiB of unpacked content: the same for a copy, packed or not, and for a later edition of the file that goes on where this
   * one ends.
   */
  readonly identity: IdSpace
  /** `venue` where the rows have the venue's ids, else the identity: a row's id is its ordinal there. */
  readonly idSpace: IdSpace
  /** Its bytes, unpacked, split anywhere, without a byte order mark. Read them before asking for the next member. */
  readonly chunks: AsyncIterable<Uint8Array>
  readonly progress: () => ArchiveProgress
}

const HEAD_BYTES = 64 * 1024

/**
 * Opens a file of Kraken trades: `.csv`, `.csv.gz`, a stored REST answer, or a zip, of which every member named by one of
 * `aliases` (see `archiveNames`) is opened in turn. Nothing is held but the chunk in hand, except for a stored answer.
 *
 * @throws UsageError `archive_not_found`, `archive_not_readable`, `archive_member_missing`, `archive_foreign`; and
 *   `archive_damaged`, also while the chunks are read
 */
export async function* openArchive(
  path: string,
  { aliases }: { readonly aliases: Iterable<string> },
): AsyncGenerator<OpenedArchive, void, void> {
  for await (const member of openMembers(path, new Set([...aliases].map(plainName)))) {
    const { head, chunks, release } = await withHead(await unwrapAnswer(member))
    try {
      yield openedArchive(member, head, chunks)
    } finally {
      await release()
    }
  }
}

function openedArchive(
  { member, label, progress }: ArchiveMember,
  head: Buffer,
  chunks: AsyncIterable<Uint8Array>,
): OpenedArchive {
  if (head.length === 0) throw new UsageError('archive_foreign', `${label} is empty.`, { details: { file: label } })
  const layout = detectLayout(firstLines(head), label)
  const identity = identityOf(member, head)
  const idSpace = layout.columns.tradeId === undefined ? identity : 'venue'
  return { member, label, layout, identity, idSpace, chunks, progress }
}

function identityOf(member: string, head: Buffer): IdSpace {
  const digest = createHash('sha256')
    .update(stemOf(member))
    .update('\0')
    .update(head.subarray(0, HEAD_BYTES))
    .digest('hex')
  return `file:${digest.slice(0, 12)}`
}

/** The first two lines that are not empty. A line that the head cuts off is left out, unless there is no other. */
function firstLines(head: Buffer): string[] {
  const lines = head.toString('latin1', 0, HEAD_BYTES).split(/\r?\n/, 1_000)
  if (head.length >= HEAD_BYTES && lines.length > 1) lines.pop()
  return lines.filter((line) => line !== '').slice(0, 2)
}

async function unwrapAnswer(member: ArchiveMember): Promise<AsyncIterable<Uint8Array>> {
  const { head, chunks } = await withHead(member.chunks)
  return /^\s*\{/.test(head.toString('latin1', 0, 1_024)) ? answerAsLines(chunks, member.label) : chunks
}

interface Opened {
  /** At least the first 64 KiB, or everything. */
  readonly head: Buffer
  /** Everything, the head included. */
  readonly chunks: AsyncIterable<Uint8Array>
  readonly release: () => Promise<void>
}

async function withHead(source: AsyncIterable<Uint8Array>): Promise<Opened> {
  const iterator = source[Symbol.asyncIterator]()
  const parts: Uint8Array[] = []
  for (let size = 0; size < HEAD_BYTES; ) {
    const { done, value } = await iterator.next()
    if (done) break
    parts.push(value)
    size += value.length
  }
  const head = withoutByteOrderMark(Buffer.concat(parts))
  const release = async () => {
    await iterator.return?.()
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await release()
    }
  }
  return { head, chunks: all(), release }
}

function withoutByteOrderMark(head: Buffer): Buffer {
  return head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? head.subarray(3) : head
}
