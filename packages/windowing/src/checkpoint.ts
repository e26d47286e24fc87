import { type IdSpace, MalformedError, type MarketSymbol } from '@c1/market'
import { type Accumulator, NarrowAccumulator } from './accumulator.ts'
import { Coverage, type CoverageException, type Span } from './coverage.ts'
import { LEVELS, openTimeAt } from './levels.ts'
import type { SequenceState } from './sequence-windows.ts'
import { WideAccumulator } from './wide-accumulator.ts'
import { type Window, WindowStore } from './window-store.ts'

/** One sequence as it stands in a checkpoint. */
export interface StoredSequence {
  readonly symbol: MarketSymbol
  readonly idSpace: IdSpace
  readonly state: SequenceState
}

/** A sequence as arrays of JSON values; an infinite time is null, a `bigint` its digits. */
export function writeSequence(idSpace: IdSpace, { coverage, windows, oldest, newest }: SequenceState): unknown {
  return [
    idSpace,
    writeTime(oldest),
    writeTime(newest),
    coverage.spans.map(({ first, last, from, to, anchored }) => [first, last, writeTime(from), to, anchored]),
    [...windows.allPending()].map(writeWindow),
    [...windows.allClosed()].map(writeWindow),
    ...(coverage.exceptions.length === 0 ? [] : [coverage.exceptions.map(writeException)]),
  ]
}

function writeException({ first, last, from, to, missing }: CoverageException): unknown {
  return [first, last, from, to, missing.map((range) => [range.first, range.last])]
}

function writeTime(time: number): number | null {
  return Number.isFinite(time) ? time : null
}

function writeWindow({ level, openTime, revision, sums }: Window): unknown {
  const written = sums === undefined ? null : sums instanceof NarrowAccumulator ? writeNarrow(sums) : writeWide(sums)
  return [level, openTime, revision, written]
}

function writeNarrow(sums: NarrowAccumulator): unknown {
  const { priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount } = sums
  const { open, high, low, close, volume, buyVolume, notionalLow, notionalHigh } = sums
  const counts = [priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount]
  return [...counts, open, high, low, close, volume, buyVolume ?? null, notionalLow, notionalHigh]
}

function writeWide(sums: WideAccumulator): unknown {
  const { priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount, buyVolume } = sums
  const counts = [priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount]
  const figures = [sums.open, sums.high, sums.low, sums.close, sums.volume, buyVolume, sums.notional]
  return [...counts, ...figures.map((figure) => figure?.toString() ?? null)]
}

/** @throws MalformedError `checkpoint_malformed` when it is not what `checkpoint` writes */
export function readCheckpoint(checkpoint: unknown): StoredSequence[] {
  const { format, symbols } = (checkpoint ?? {}) as { format?: unknown; symbols?: unknown }
  if (format !== 'candle-windows/1') throw malformed('its format', format)
  return list(symbols, 'its symbols').flatMap((entry) => {
    const [symbol, sequences] = tuple(entry, [2], 'a symbol')
    if (typeof symbol !== 'string') throw malformed('a symbol', symbol)
    return list(sequences, symbol).map((sequence) => readSequence(symbol as MarketSymbol, sequence))
  })
}

function readSequence(symbol: MarketSymbol, stored: unknown): StoredSequence {
  const [idSpace, oldest, newest, spans, pending, closed, exceptions = []] = tuple(stored, [6, 7], 'a sequence')
  if (idSpace !== 'venue' && !(typeof idSpace === 'string' && idSpace.startsWith('file:'))) {
    throw malformed('an id space', idSpace)
  }
  const windows = new WindowStore()
  for (const window of list(pending, 'windows')) windows.addPending(readWindow(window))
  for (const window of list(closed, 'windows')) windows.addClosed(readWindow(window))
  const state = {
    coverage: new Coverage(list(spans, 'spans').map(readSpan), list(exceptions, 'exceptions').map(readException)),
    windows,
    oldest: oldest === null ? Number.POSITIVE_INFINITY : integer(oldest),
    newest: newest === null ? Number.NEGATIVE_INFINITY : integer(newest),
  }
  return { symbol, idSpace: idSpace as IdSpace, state }
}

function readSpan(stored: unknown): Span {
  const [first, last, from, to, anchored] = tuple(stored, [5], 'a span')
  if (typeof anchored !== 'boolean') throw malformed('a span', stored)
  const start = from === null ? Number.NEGATIVE_INFINITY : integer(from)
  return { first: integer(first), last: integer(last), from: start, to: integer(to), anchored }
}

function readException(stored: unknown): CoverageException {
  const [first, last, from, to, missing] = tuple(stored, [5], 'an exception')
  const ranges = list(missing, 'an exception').map((range) => {
    const [first, last] = tuple(range, [2], 'an exception')
    return { first: integer(first), last: integer(last) }
  })
  return { first: integer(first), last: integer(last), from: integer(from), to: integer(to), missing: ranges }
}

function readWindow(stored: unknown): Window {
  const [level, openTime, revision, sums] = tuple(stored, [4], 'a window')
  const window = { level: integer(level), openTime: integer(openTime), revision: integer(revision) }
  const aligned = LEVELS.includes(window.level) && openTimeAt(window.level, window.openTime) === window.openTime
  if (!aligned) throw malformed('a window', stored)
  return { ...window, sums: sums === null ? undefined : readSums(sums) }
}

function readSums(stored: unknown): Accumulator {
  const figures = tuple(stored, [12, 13], "a window's sums")
  const [priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount] = figures.slice(0, 5).map(integer) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const counts = { priceDecimals, quantityDecimals, firstTradeId, lastTradeId, tradeCount }
  const rest = figures.slice(5)
  return figures.length === 13
    ? new NarrowAccumulator({ ...counts, ...narrowFigures(rest) })
    : new WideAccumulator({ ...counts, ...wideFigures(rest) })
}

function narrowFigures([open, high, low, close, volume, buyVolume, notionalLow, notionalHigh]: readonly unknown[]) {
  return {
    open: integer(open),
    high: integer(high),
    low: integer(low),
    close: integer(close),
    volume: integer(volume),
    bought: buyVolume === null ? Number.NaN : integer(buyVolume),
    notionalLow: integer(notionalLow),
    notionalHigh: integer(notionalHigh),
  }
}

function wideFigures([open, high, low, close, volume, buyVolume, notional]: readonly unknown[]) {
  return {
    open: digits(open),
    high: digits(high),
    low: digits(low),
    close: digits(close),
    volume: digits(volume),
    buyVolume: buyVolume === null ? undefined : digits(buyVolume),
    notional: digits(notional),
  }
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, value)
  return value
}

function tuple(value: unknown, lengths: readonly number[], what: string): readonly unknown[] {
  const items = list(value, what)
  if (!lengths.includes(items.length)) throw malformed(what, value)
  return items
}

function integer(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw malformed('a whole number', value)
  return value as number
}

function digits(value: unknown): bigint {
  if (typeof value !== 'string' || !/^\d+$/.test(value)) throw malformed('a whole number', value)
  return BigInt(value)
}

function malformed(what: string, value: unknown): MalformedError {
  const written = JSON.stringify(value)?.slice(0, 80)
  const message = `This is no checkpoint of candle windows: ${what} is ${written}. Remove it to start again from the log.`
  return new MalformedError('checkpoint_malformed', message, { details: { what } })
}
