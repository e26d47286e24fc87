import { type EpochMicros, MICROS_PER_SECOND, parseSeconds } from '@c1/market'
import { type Market, tapeOf } from '../market/market.ts'
import { findPair, type Pair } from '../market/pairs.ts'
import type { Tape, VenueTrade } from '../market/tape.ts'
import { nanosText, paddedPriceText, quantityText, secondsText } from '../wire.ts'
import { invalidArguments, type Parameters, Refusal, UNKNOWN_PAIR } from './answer.ts'

export interface TradesOptions {
  /** Whether a page starts at the very nanosecond of `since` (true) or after it. */
  readonly sinceInclusive: boolean
}

const MOST_ROWS = 1000

/**
 * `Trades`: the newest rows without `since`, the oldest from there on with it.
 *
 * @throws Refusal
 */
export function tradesAnswer(
  market: Market,
  now: EpochMicros,
  parameters: Parameters,
  { sinceInclusive }: TradesOptions,
): string {
  const named = findPair(market.pairs, parameters.get('pair') ?? '')
  if (named === undefined) throw new Refusal(UNKNOWN_PAIR)
  const count = readCount(parameters.get('count'))
  const since = readSince(parameters.get('since'))
  const tape = tapeOf(market, named.pair)
  const trades =
    since === undefined ? newest(tape, now, count) : oldestSince(tape, now, count, since, sinceInclusive ? 0 : 1)
  const last = trades.at(-1)
  const cursor = last === undefined ? String(since ?? 0n) : nanosText(last)
  const rows = trades.map((trade) => row(trade, named.pair))
  return `{${JSON.stringify(named.key)}:[${rows.join(',')}],"last":"${cursor}"}`
}

function row(trade: VenueTrade, pair: Pair): string {
  const price = paddedPriceText(trade.priceUnits, pair)
  const volume = quantityText(trade.quantityUnits, pair)
  const side = trade.side === 'buy' ? 'b' : 's'
  const orderType = trade.orderType === 'market' ? 'm' : 'l'
  return `["${price}","${volume}",${secondsText(trade)},"${side}","${orderType}","",${trade.tradeId}]`
}

function newest(tape: Tape, now: EpochMicros, count: number): VenueTrade[] {
  const last = tape.lastIdBefore(now)
  return tape.read(last - count + 1, last)
}

/** @param skipped nanoseconds after `since` at which the page starts */
function oldestSince(tape: Tape, now: EpochMicros, count: number, since: bigint, skipped: number): VenueTrade[] {
  const start = since + BigInt(skipped)
  const time = Number(start / 1000n) as EpochMicros
  const nanos = Number(start % 1000n)
  if (time >= now) return []
  const last = tape.lastIdBefore(now)
  let first = tape.lastIdBefore(time) + 1
  // Within the microsecond of `since` the tape is walked: more than a page may share it.
  for (let page = tape.read(first, Math.min(first + count - 1, last)); page.length > 0; ) {
    const skip = page.findIndex((trade) => trade.time > time || trade.nanos >= nanos)
    if (skip === 0) return page
    first += skip === -1 ? page.length : skip
    page = tape.read(first, Math.min(first + count - 1, last))
  }
  return []
}

function readCount(text: string | null): number {
  if (text === null) return MOST_ROWS
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > MOST_ROWS) throw invalidArguments('count')
  return count
}

/** Nanoseconds since the epoch; a number of up to 11 digits before the point is seconds, as the venue takes it. */
function readSince(text: string | null): bigint | undefined {
  if (text === null || text === '') return undefined
  if (/^\d{12,19}$/.test(text)) return BigInt(text)
  if (!/^\d{1,11}(\.\d*)?$/.test(text)) throw invalidArguments('since')
  return BigInt(parseSeconds(text)) * (1_000_000_000n / BigInt(MICROS_PER_SECOND))
}
