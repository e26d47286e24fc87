import { crc32 } from 'node:zlib'
import { type IdSpace, MalformedError, type MarketSymbol } from '@c1/market'
import { type Accumulator, NarrowAccumulator } from './accumulator.ts'
import { Coverage, type CoverageException, type Span } from './coverage.ts'
import { LEVELS, type Level, openTimeAt } from './levels.ts'
import { Revisions } from './revisions.ts'
import type { SequenceState } from './sequence-state.ts'
import { WideAccumulator } from './wide-accumulator.ts'
import { type Window, WindowStore } from './window-store.ts'
import { WordReader, WordWriter } from './words.ts'

/**
 * A checkpoint of candle windows, little-endian:
 *
 *     0   8 bytes  `C1WIN` and three digits of the version
 *     8   u32      CRC-32 of everything after it
 *    12   u32      bytes of the table that follows
 *    16   table    JSON `[[symbol, [[idSpace, words], ...]], ...]`, padded with spaces to a multiple of 8
 *         words    f64, of one sequence after the other
 *
 * Every number has the eight bytes that it has in memory, so nothing is formatted, parsed or rounded.
 */
const MAGIC = new TextEncoder().encode('C1WIN002')
const CHECKED_FROM = 12
const TABLE_FROM = 16
const WORD = 8

const NO_SUMS = 0
const NARROW = 1
const WIDE = 2

/** A sequence as it stands in a checkpoint; it is read when it is needed. */
export interface StoredSequence {
  readonly idSpace: IdSpace
  readonly words: Float64Array
}

/** The sequences of each symbol, as they are or as they were stored. */
export type CheckpointSymbol = readonly [
  symbol: MarketSymbol,
  sequences: readonly (StoredSequence | { readonly idSpace: IdSpace; readonly state: SequenceState })[],
]

const writer = new WordWriter()

export function writeCheckpoint(symbols: Iterable<CheckpointSymbol>): Uint8Array {
  writer.clear()
  const table: unknown[] = []
  for (const [symbol, sequences] of symbols) {
    const lengths = sequences.map((sequence) => {
      const start = writer.length
      if ('words' in sequence) writer.putAll(sequence.words)
      else writeSequence(sequence.state)
      return [sequence.idSpace, writer.length - start]
    })
    table.push([symbol, lengths])
  }
  return frame(JSON.stringify(table), writer.words)
}

function frame(table: string, words: Float64Array): Uint8Array {
  const text = new TextEncoder().encode(table)
  const tableBytes = Math.ceil(text.length / WORD) * WORD
  const bytes = new Uint8Array(TABLE_FROM + tableBytes + words.byteLength)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(12, tableBytes, true)
  bytes.fill(32, TABLE_FROM, TABLE_FROM + tableBytes)
  bytes.set(text, TABLE_FROM)
  bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), TABLE_FROM + tableBytes)
  view.setUint32(8, crc32(bytes.subarray(CHECKED_FROM)), true)
  return bytes
}

function writeSequence({ coverage, windows, revisions, lateness, oldest, newest }: SequenceState): void {
  writer.put(lateness)
  writer.put(oldest)
  writer.put(newest)
  writer.put(coverage.spans.length)
  for (const span of coverage.spans) writeSpan(span)
  writer.put(coverage.exceptions.length)
  for (const exception of coverage.exceptions) writeException(exception)
  const { pending, closed } = windows.counts
  writer.put(pending)
  windows.forEachPending(writeWindow)
  writer.put(closed)
  windows.forEachClosed(writeWindow)
  writer.put(revisions.least)
  writer.put(revisions.size)
  if (revisions.size > 0) for (const entry of revisions.entries()) for (const word of entry) writer.put(word)
}

function writeSpan({ first, last, from, to, anchored }: Readonly<Span>): void {
  writer.put(first)
  writer.put(last)
  writer.put(from)
  writer.put(to)
  writer.put(anchored ? 1 : 0)
}

function writeException({ first, last, from, to, missing }: CoverageException): void {
  for (const word of [first, last, from, to, missing.length]) writer.put(word)
  for (const range of missing) {
    writer.put(range.first)
    writer.put(range.last)
  }
}

function writeWindow({ level, openTime, revision, sums }: Window): void {
  writer.put(level)
  writer.put(openTime)
  writer.put(revision)
  if (sums === undefined) writer.put(NO_SUMS)
  else if (sums instanceof NarrowAccumulator) writeNarrow(sums)
  else writeWide(sums)
}

function writeNarrow(sums: NarrowAccumulator): void {
  writer.put(NARROW)
  writer.put(sums.priceDecimals)
  writer.put(sums.quantityDecimals)
  writer.put(sums.firstTradeId)
  writer.put(sums.lastTradeId)
  writer.put(sums.tradeCount)
  writer.put(sums.open)
  writer.put(sums.high)
  writer.put(sums.low)
  writer.put(sums.close)
  writer.put(sums.volume)
  writer.put(sums.bought)
  writer.put(sums.notionalLow)
  writer.put(sums.notionalHigh)
}

function writeWide(sums: WideAccumulator): void {
  const { priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount, buyVolume } = sums
  for (const word of [WIDE, priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount]) writer.put(word)
  for (const figure of [sums.open, sums.high, sums.low, sums.close, sums.volume, buyVolume, sums.notional])
    writer.putBig(figure)
}

/**
 * What `writeCheckpoint` wrote, to the bit: a checksum proves that.
 *
 * @throws MalformedError `checkpoint_malformed`
 */
export function readCheckpoint(checkpoint: unknown): [MarketSymbol, StoredSequence[]][] {
  if (!(checkpoint instanceof Uint8Array)) throw malformed(`it is ${typeof checkpoint} and not bytes`)
  const isOurs = checkpoint.length >= TABLE_FROM && MAGIC.every((byte, at) => checkpoint[at] === byte)
  if (!isOurs) throw malformed('it does not begin like one of this version')
  const view = new DataView(checkpoint.buffer, checkpoint.byteOffset)
  if (view.getUint32(8, true) !== crc32(checkpoint.subarray(CHECKED_FROM))) throw malformed('its checksum is wrong')
  const wordsFrom = TABLE_FROM + view.getUint32(12, true)
  const table = JSON.parse(new TextDecoder().decode(checkpoint.subarray(TABLE_FROM, wordsFrom))) as Table
  // A copy, since words must begin at a multiple of eight bytes.
  const words = new Float64Array(new Uint8Array(checkpoint.subarray(wordsFrom)).buffer)
  let at = 0
  return table.map(([symbol, sequences]) => [
    symbol,
    sequences.map(([idSpace, length]) => {
      at += length
      return { idSpace, words: words.subarray(at - length, at) }
    }),
  ])
}

type Table = [MarketSymbol, [IdSpace, number][]][]

/** @throws MalformedError `checkpoint_malformed` */
export function readSequence(stored: StoredSequence): SequenceState {
  const words = new WordReader(stored.words, malformed)
  const lateness = words.integer()
  const oldest = words.time()
  const newest = words.time()
  const spans = words.list(() => readSpan(words))
  const exceptions = words.list(() => readException(words))
  const windows = new WindowStore()
  for (let left = words.count(); left > 0; left--) windows.addPending(readWindow(words))
  for (let left = words.count(); left > 0; left--) windows.addClosed(readWindow(words))
  const least = words.integer()
  const revised = words.list(() => [readLevel(words), words.integer(), words.integer()] as const)
  if (!words.isAtEnd) throw malformed('a sequence ends too late')
  const coverage = new Coverage(spans, exceptions)
  return { coverage, windows, revisions: Revisions.restore(least, revised), lateness, oldest, newest }
}

function readSpan(words: WordReader): Span {
  const [first, last, from, to] = [words.integer(), words.integer(), words.time(), words.time()]
  return { first, last, from, to, anchored: words.integer() === 1 }
}

function readException(words: WordReader): CoverageException {
  const [first, last, from, to] = [words.integer(), words.integer(), words.integer(), words.integer()]
  const missing = words.list(() => ({ first: words.integer(), last: words.integer() }))
  return { first, last, from, to, missing }
}

function readLevel(words: WordReader): Level {
  const level = words.integer()
  if (!LEVELS.includes(level)) throw malformed(`${level} stands for an interval`)
  return level
}

function readWindow(words: WordReader): Window {
  const level = readLevel(words)
  const openTime = words.integer()
  if (openTimeAt(level, openTime) !== openTime) throw malformed(`a window begins at ${openTime}`)
  const revision = words.integer()
  return { level, openTime, sums: readSums(words), revision }
}

function readSums(words: WordReader): Accumulator | undefined {
  const kind = words.integer()
  if (kind === NO_SUMS) return undefined
  if (kind !== NARROW && kind !== WIDE) throw malformed(`${kind} stands for a kind of sums`)
  const counts = {
    priceDecimals: words.integer(),
    quantityDecimals: words.integer(),
    firstTradeId: words.integer(),
    lastTradeId: words.integer(),
  }
  const tradeCount = words.integer()
  if (kind === NARROW) {
    return new NarrowAccumulator({
      ...counts,
      open: words.integer(),
      high: words.integer(),
      low: words.integer(),
      close: words.integer(),
      tradeCount,
      volume: words.integer(),
      bought: words.word(),
      notionalLow: words.integer(),
      notionalHigh: words.integer(),
    })
  }
  return new WideAccumulator({
    ...counts,
    open: words.big(),
    high: words.big(),
    low: words.big(),
    close: words.big(),
    tradeCount,
    volume: words.big(),
    buyVolume: words.bigOrAbsent(),
    notional: words.big(),
  })
}

function malformed(what: string): MalformedError {
  const message = `This is no checkpoint of candle windows: ${what}. Remove it to start again from the log.`
  return new MalformedError('checkpoint_malformed', message, { details: { what } })
}
