import { type EpochMicros, MICROS_PER_SECOND, parseSeconds } from '@c1/market'
import { type Market, tapeOf } from '../market/market.ts'
import { findPair, type Pair } from '../market/pairs.ts'
import type { Tape, VenueTrade } from '../market/tape.ts'
import { nanosText, paddedPriceText, quantityText, secondsText } from '../wire.ts'
import { invalidArguments, type Parameters, Refusal, UNKNOWN_PAIR } from './answer.ts'

export interface TradesOptions {
  /** Whether a page starts at the very nanosecond of `since` (true) or after it. */
  readonly sinceInclusive: boolean
  /** Whether the answer has its `last`. */
  readonly withLast: boolean
  /** Rows with their true id, with 0 instead, or of six elements without. */
  readonly ids: 'true' | 'zero' | 'absent'
  /** Whether the venue gives a trade at all. */
  readonly serves: (pair: Pair, trade: VenueTrade) => boolean
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
  { ids, serves, sinceInclusive, withLast }: TradesOptions,
): string {
  const named = findPair(market.pairs, parameters.get('pair') ?? '')
  if (named === undefined) throw new Refusal(UNKNOWN_PAIR)
  const count = readCount(parameters.get('count'))
  const since = readSince(parameters.get('since'))
  const tape = tapeOf(market, named.pair)
  const page = { tape, now, count, serves: (trade: VenueTrade) => serves(named.pair, trade) }
  const trades = since === undefined ? newest(page) : oldestFrom(page, sinceInclusive ? since : since + 1n)
  const last = trades.at(-1)
  const cursor = last === undefined ? String(since ?? 0n) : nanosText(last)
  const rows = trades.map((trade) => row(trade, named.pair, ids))
  return `{${JSON.stringify(named.key)}:[${rows.join(',')}]${withLast ? `,"last":"${cursor}"` : ''}}`
}

const ID_TEXTS = { true: (id: number) => `,${id}`, zero: () => ',0', absent: () => '' } as const

function row(trade: VenueTrade, pair: Pair, ids: TradesOptions['ids']): string {
  const price = paddedPriceText(trade.priceUnits, pair)
  const volume = quantityText(trade.quantityUnits, pair)
  const side = trade.side === 'buy' ? 'b' : 's'
  const orderType = trade.orderType === 'market' ? 'm' : 'l'
  return `["${price}","${volume}",${secondsText(trade)},"${side}","${orderType}",""${ID_TEXTS[ids](trade.tradeId)}]`
}

/** What a page is taken from. */
interface PageSource {
  readonly tape: Tape
  readonly now: EpochMicros
  readonly count: number
  readonly serves: (trade: VenueTrade) => boolean
}

function newest({ tape, now, count, serves }: PageSource): VenueTrade[] {
  const last = tape.lastIdBefore(now)
  return tape.read(last - count + 1, last).filter(serves)
}

/** @param start nanoseconds, inclusive */
function oldestFrom({ tape, now, count, serves }: PageSource, start: bigint): VenueTrade[] {
  const time = Number(start / 1000n) as EpochMicros
  const nanos = Number(start % 1000n)
  if (time >= now) return []
  const last = tape.lastIdBefore(now)
  const page: VenueTrade[] = []
  // Trades before the nanosecond and those that are not served are passed over: more than a page of them may come first.
  for (let first = tape.lastIdBefore(time) + 1; first <= last && page.length < count; ) {
    const end = Math.min(first + count - page.length - 1, last)
    for (const trade of tape.read(first, end))
      if ((trade.time > time || trade.nanos >= nanos) && serves(trade)) page.push(trade)
    first = end + 1
  }
  return page
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
