import {
  type EpochMicros,
  formatTime,
  MalformedError,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  type Trade,
} from '@c1/market'

/** Kraken's busiest market made about 110 million trades in its first 13 years. */
const LARGEST_ID = 10_000_000_000
/** Digits of a price or a quantity, its point included: the venue's markets with the most have half as many. */
const LONGEST_DECIMAL = 32
/** No market makes more trades in a second for long; at one instant a sweep makes some thousands. */
const TRADES_PER_SECOND = 1_000
const TRADES_AT_ONCE = 20_000
/**
 * Trades in the order of their ids are in the order of their times, but for this much: no bound on a trade's time is tighter,
 * so that one which passed every bound never makes the true ones after it look wrong.
 */
export const OUT_OF_ORDER: number = 30 * MICROS_PER_MINUTE

/** Why the trade cannot be true whatever came before it, its time being at most `latest`; undefined when it may be. */
export function implausibility({ eventTime, price, quantity, tradeId }: Trade, latest: number): string | undefined {
  if (tradeId > LARGEST_ID) return `its id ${tradeId} is one that no market reaches`
  if (eventTime <= 0) return `its time is ${eventTime} us, before 1970`
  // `1e400` is a number in JSON, but no price.
  if (price.length > LONGEST_DECIMAL) return `its price has ${price.length} digits`
  if (quantity.length > LONGEST_DECIMAL) return `its quantity has ${quantity.length} digits`
  if (eventTime > latest) return `its time ${timeText(eventTime)} is ahead of the venue's clock`
  return undefined
}

/** How many trades a market may have made in that time. */
export function mostTradesIn(micros: number): number {
  return TRADES_AT_ONCE + (Math.max(0, micros) / MICROS_PER_SECOND) * TRADES_PER_SECOND
}

/**
 * The trades that do not belong beside the others: `trades` are of one market, by id. Believed is the largest part of them in
 * which times do not go back, and ids do not leap further than a market trades in the time between.
 */
export function outOfPlace(trades: readonly Trade[]): ReadonlySet<Trade> {
  if (trades.every((trade, at) => at === 0 || follows(trades[at - 1] as Trade, trade))) return NOTHING
  const believed = longestChain(trades)
  return new Set(trades.filter((trade) => !believed.has(trade)))
}

const NOTHING: ReadonlySet<Trade> = new Set()
/** More trades than this in a row are not all out of place. */
const LOOK_BACK = 1000

/** Whether `next`, of a higher id, may come after `trade`. */
function follows(trade: Trade, next: Trade): boolean {
  const passed = next.eventTime - trade.eventTime
  return passed >= -OUT_OF_ORDER && next.tradeId - trade.tradeId <= mostTradesIn(passed)
}

/** A trade as the end of the best chain that leads to it. */
interface Link {
  readonly trade: Trade
  readonly before: Link | undefined
  readonly length: number
  /** Time from each of its trades to the next, added up: of two chains of one length the closer one is believed. */
  readonly spread: number
}

function longestChain(trades: readonly Trade[]): ReadonlySet<Trade> {
  const links: Link[] = []
  for (const trade of trades) {
    let best: Link = { trade, before: undefined, length: 1, spread: 0 }
    for (let at = links.length - 1; at >= Math.max(0, links.length - LOOK_BACK); at--) {
      const before = links[at] as Link
      if (before.length + 1 < best.length || !follows(before.trade, trade)) continue
      const spread = before.spread + Math.abs(trade.eventTime - before.trade.eventTime)
      best = better(best, { trade, before, length: before.length + 1, spread })
    }
    links.push(best)
  }
  const chain = new Set<Trade>()
  for (let link: Link | undefined = links.reduce(better); link !== undefined; link = link.before) chain.add(link.trade)
  return chain
}

function better(a: Link, b: Link): Link {
  if (a.length !== b.length) return a.length > b.length ? a : b
  return a.spread <= b.spread ? a : b
}

/** A time that may be far beyond any calendar. */
export function timeText(time: number): string {
  return time > 0 && time < Number.MAX_SAFE_INTEGER ? formatTime(time as EpochMicros) : `${time} us`
}

/** What is thrown for, or said of, a trade that is kept aside. */
export function implausible({ symbol, tradeId }: Trade, reason: string): MalformedError {
  return new MalformedError('trade_implausible', `${symbol} trade ${tradeId} is not believed: ${reason}.`)
}
