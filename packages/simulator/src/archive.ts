import { type EpochMicros, MICROS_PER_SECOND } from '@c1/market'
import type { Pair } from './market/pairs.ts'
import type { Tape, VenueTrade } from './market/tape.ts'
import { paddedPriceText, quantityText, secondsText } from './wire.ts'

/** Both are seen in Kraken's downloadable files: rows of whole second, price and volume, or rows like those of REST under a header. */
export type ArchiveFormat = 'three-columns' | 'seven-columns'

/** Names six columns, though rows have seven, as is told of Kraken's own. */
const HEADER = 'price,volume,time,side,type,misc'
/** Trades read from the tape at a time. */
const READ_TRADES = 10_000

/**
 * The lines of an archive file: a pair's trades of the half-open time `[from, to)`, without line ends. Without ids, equal rows
 * of three columns are distinct trades.
 */
export function* archiveLines(
  tape: Tape,
  pair: Pair,
  { format, from, to }: { readonly format: ArchiveFormat; readonly from: EpochMicros; readonly to: EpochMicros },
): Generator<string, void, void> {
  if (format === 'seven-columns') yield HEADER
  const row = format === 'three-columns' ? threeColumns : sevenColumns
  const last = tape.lastIdBefore(to)
  for (let first = tape.lastIdBefore(from) + 1; first <= last; first += READ_TRADES) {
    for (const trade of tape.read(first, Math.min(first + READ_TRADES - 1, last))) yield row(trade, pair)
  }
}

function threeColumns({ priceUnits, quantityUnits, time }: VenueTrade, pair: Pair): string {
  return `${Math.floor(time / MICROS_PER_SECOND)},${paddedPriceText(priceUnits, pair)},${quantityText(quantityUnits, pair)}`
}

function sevenColumns(trade: VenueTrade, pair: Pair): string {
  const { orderType, priceUnits, quantityUnits, side, tradeId } = trade
  const facts = [paddedPriceText(priceUnits, pair), quantityText(quantityUnits, pair), secondsText(trade)]
  return [...facts, side.charAt(0), orderType.charAt(0), '', tradeId].join(',')
}
