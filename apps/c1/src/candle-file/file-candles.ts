import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { archiveNames, type OpenedArchive, openArchive } from '@c1/kraken'
import type { Candle, Interval, MarketSymbol } from '@c1/market'
import { type CandleRowsPlan, ColumnarCandles, candleRows, cutRows } from '@c1/windowing'
import { counted } from '../counted.ts'
import { type ProgressLine, rateAndEta } from '../progress.ts'
import { cutFile, type FileRange, firstLines, plainFileSize } from './plain-file.ts'
import { readRange } from './tasks.ts'
import { Threads } from './threads.ts'

/** Bytes that a thread reads at a time: enough to be worth a message, and so few that no thread waits long for the last. */
const PART_BYTES = 8 * 1024 * 1024
/** Segments whose rows a thread writes at a time, about. */
const PART_SEGMENTS = 32 * 1024
/** Texts that may wait for the output, for each thread. */
const TEXTS_AHEAD = 4
/** Bytes of a file that are worth a thread, which takes a tenth of a second to start. */
const THREAD_BYTES = 64 * 1024 * 1024
const MOST_THREADS = 8

export interface FileCandlesOptions {
  readonly symbol: MarketSymbol
  readonly intervals: readonly Interval[]
  /** Threads that read a file which is not packed; by its size when undefined. */
  readonly threads: number | undefined
  readonly signal: AbortSignal
  readonly lines: ProgressLine
}

/** The candles of one file of rows, or of one member of a zip. */
export interface FileCandles {
  readonly candles: ColumnarCandles
  /** Its candles as CSV rows, in parts; undefined where they have to be made one by one. */
  rows(priceDecimals: number): AsyncIterable<Uint8Array> | undefined
  close(): Promise<void>
}

/** Reads an archive file, or the members of a zip that are of the symbol, to the end. */
export async function readFileCandles(path: string, options: FileCandlesOptions): Promise<FileCandles[]> {
  const members: FileCandles[] = []
  for await (const archive of openArchive(path, { aliases: archiveNames(options.symbol) })) {
    const size = archive.layout.columns.tradeId === undefined ? plainFileSize(path) : undefined
    members.push(
      size === undefined ? await readChunks(archive, options) : await readParts(path, size, archive, options),
    )
  }
  return members
}

/** The candles of all members, one after the other. */
export function* allCandles(members: readonly FileCandles[], priceDecimals: number): Generator<Candle> {
  for (const { candles } of members) yield* candles.candles(priceDecimals)
}

/** Unpacked as it comes: that happens in other threads, ahead of what is read here. */
async function readChunks(
  archive: OpenedArchive,
  { lines, signal, ...options }: FileCandlesOptions,
): Promise<FileCandles> {
  const candles = new ColumnarCandles({ ...options, layout: archive.layout })
  const tell = progressOf(archive.member, candles, () => {
    const { bytesRead, bytesTotal } = archive.progress()
    return bytesRead / bytesTotal
  })
  for await (const chunk of archive.chunks) {
    signal.throwIfAborted()
    candles.push(chunk)
    lines.show(tell)
  }
  candles.end()
  tellEnd(lines, archive.member, tell, candles)
  const rows = (priceDecimals: number) => {
    const plan = candles.rowsPlan(priceDecimals)
    return plan && asyncOf(candleRows(plan))
  }
  return { candles, rows, close: async () => {} }
}

/** Read in parts by several threads, which add up to what one would have read. */
async function readParts(
  path: string,
  size: number,
  { layout, member }: OpenedArchive,
  { intervals, lines, signal, symbol, threads: wanted }: FileCandlesOptions,
): Promise<FileCandles> {
  const header = layout.header ? firstLines(path) : new Uint8Array()
  const ranges = cutFile(path, header.length, size, PART_BYTES)
  const count = Math.max(1, Math.min(wanted ?? threadsFor(size), ranges.length))
  const threads = new Threads({ path, symbol, intervals, layout: { ...layout, header: false } }, count)
  try {
    const candles = new ColumnarCandles({ symbol, intervals, layout })
    candles.push(header)
    let bytesRead = 0
    const tell = progressOf(member, candles, () => bytesRead / size)
    for await (const read of count === 1 ? readHere(path, ranges, candles) : readThere(threads, ranges, candles)) {
      signal.throwIfAborted()
      bytesRead = read.end
      lines.show(tell)
    }
    candles.end()
    tellEnd(lines, member, tell, candles)
    const rows = (priceDecimals: number) => {
      const plan = candles.rowsPlan(priceDecimals)
      return plan && writeInParts(threads, plan, signal)
    }
    return { candles, rows, close: () => threads.close() }
  } catch (thrown) {
    await threads.close()
    throw thrown
  }
}

/** Reads range after range, and gives each that was read. */
async function* readHere(
  path: string,
  ranges: readonly FileRange[],
  candles: ColumnarCandles,
): AsyncGenerator<FileRange> {
  for (const range of ranges) {
    readRange(path, range, candles)
    // A wish to stop comes in.
    await setImmediate()
    yield range
  }
}

/** The same by several threads. */
async function* readThere(
  threads: Threads,
  ranges: readonly FileRange[],
  candles: ColumnarCandles,
): AsyncGenerator<FileRange> {
  const tasks = ranges.map((range) => ({ kind: 'read', range }) as const)
  const left = [...ranges]
  for await (const outcome of threads.outcomes(tasks, tasks.length)) {
    const range = left.shift()
    if (outcome.kind !== 'read' || range === undefined) continue
    candles.absorb(outcome.part, left.length)
    yield range
  }
}

function threadsFor(size: number): number {
  return Math.max(1, Math.min(MOST_THREADS, availableParallelism(), Math.floor(size / THREAD_BYTES)))
}

async function* writeInParts(threads: Threads, plan: CandleRowsPlan, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // Each with an array of its own: of a view the whole array would be sent.
  const tasks = cutRows(plan, PART_SEGMENTS).map(({ options, segments }) => {
    return { kind: 'write', plan: { options, segments: segments.slice() } } as const
  })
  for await (const outcome of threads.outcomes(tasks, TEXTS_AHEAD * threads.count)) {
    signal.throwIfAborted()
    if (outcome.kind === 'write') yield* outcome.text
  }
}

async function* asyncOf<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items
}

function progressOf(member: string, candles: ColumnarCandles, fraction: () => number): () => string {
  const startedAt = performance.now()
  return () => {
    const seconds = (performance.now() - startedAt) / 1000
    const { rowCount } = candles
    return `${member}: ${counted(rowCount, 'row')} (${rateAndEta(rowCount, fraction(), seconds)})`
  }
}

function tellEnd(lines: ProgressLine, member: string, tell: () => string, { rejected }: ColumnarCandles): void {
  lines.say(tell())
  const { count, rows } = rejected
  if (count === 0) return
  const what = count === 1 ? 'is no trade and was left out:' : 'are no trades and were left out. The first:'
  lines.say(`${member}: ${counted(count, 'row')} ${what}`)
  for (const { line, reason } of rows.slice(0, 5)) lines.say(`  line ${line}: ${reason}`)
}
